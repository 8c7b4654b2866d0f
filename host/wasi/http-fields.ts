import type { Fields as WasiFields, HeaderError } from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";
import { HostError } from "../base/error.ts";
import { badInValue, hostsOwn, token } from "../http/request.ts";

/** What a guest may gather; half of it is too much for a request, which is refused when it is sent. */
const limitBytes = 131_072;

type Entry = [name: string, value: Uint8Array];

const fail = (tag: HeaderError["tag"]) => ({ tag }) satisfies HeaderError;

/** Whether a guest may neither set a header nor see it. It may say how long a body is, and is held to it. */
export function isForbidden(name: string): boolean {
  const lower = name.toLowerCase();
  return hostsOwn.has(lower) && lower !== "content-length";
}

/** `fields` of `wasi:http/types`: headers, in order, by names in any case. */
export class Fields implements WasiFields {
  #entries: Entry[];
  readonly #isMutable: boolean;

  /** The glue calls it without arguments. */
  constructor(entries: Entry[] = [], isMutable = true) {
    this.#entries = entries;
    this.#isMutable = isMutable;
  }

  static fromList(entries: Entry[]): Fields {
    const fields = new Fields();
    for (const [name, value] of entries) fields.append(name, value);
    return fields;
  }

  get(name: string): Uint8Array[] {
    return this.#entries.filter(isNamed(name)).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.#entries.some(isNamed(name));
  }

  set(name: string, values: Uint8Array[]): void {
    this.#checkMutable();
    for (const value of values) check(name, value);
    const isOther = (entry: Entry) => !isNamed(name)(entry);
    this.#replace([...this.#entries.filter(isOther), ...values.map((value): Entry => [name, value])]);
  }

  delete(name: string): void {
    this.#checkMutable();
    this.#replace(this.#entries.filter((entry) => !isNamed(name)(entry)));
  }

  append(name: string, value: Uint8Array): void {
    this.#checkMutable();
    check(name, value);
    this.#replace([...this.#entries, [name, value]]);
  }

  entries(): Entry[] {
    return this.#entries;
  }

  clone(): Fields {
    return new Fields(this.#entries);
  }

  /** The same headers, for whoever is not to change them. */
  asImmutable(): Fields {
    return new Fields(this.#entries, false);
  }

  /** Lists of entries are shared by clones, and so never changed. */
  #replace(entries: Entry[]): void {
    const sizeBytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    if (sizeBytes > limitBytes)
      throw new HostError(
        "guest/invalid-argument",
        `wasi:http/types: headers of ${sizeBytes} bytes are over the limit of ${limitBytes}.`,
      );
    this.#entries = entries;
  }

  #checkMutable(): void {
    if (!this.#isMutable) throw fail("immutable");
  }
}

function isNamed(name: string): (entry: Entry) => boolean {
  const lower = name.toLowerCase();
  return ([given]) => given.toLowerCase() === lower;
}

function check(name: string, value: Uint8Array): void {
  if (!token.test(name) || badInValue.test(toLatin1(value))) throw fail("invalid-syntax");
  if (isForbidden(name)) throw fail("forbidden");
}

/** Headers are bytes; the journal has each as one character. */
export function toLatin1(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
}
