import { TextDecoder } from "./encoding.ts";

type Pair = [name: string, value: string];

/** Gives a URL's parameters the list of its new query, without telling the URL. */
export let replacePairs: (params: URLSearchParams, query: string) => void;

/** As the URL standard has it. */
export class URLSearchParams {
  #pairs: Pair[];
  /** Told whenever the list has changed: the URL that it belongs to. */
  #changed: (() => void) | undefined;

  constructor(init: unknown = "", changed?: () => void) {
    this.#pairs = readInit(init);
    this.#changed = changed;
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: string, value: string): void {
    this.#set([...this.#pairs, [text(name), text(value)]]);
  }

  delete(name: string, value?: string): void {
    this.#set(this.#pairs.filter((pair) => !matches(pair, name, value)));
  }

  get(name: string): string | null {
    return this.#pairs.find((pair) => matches(pair, name))?.[1] ?? null;
  }

  getAll(name: string): string[] {
    return this.#pairs.filter((pair) => matches(pair, name)).map(([, value]) => value);
  }

  has(name: string, value?: string): boolean {
    return this.#pairs.some((pair) => matches(pair, name, value));
  }

  set(name: string, value: string): void {
    const at = this.#pairs.findIndex((pair) => matches(pair, name));
    if (at === -1) return this.append(name, value);
    const others = this.#pairs.filter((pair, index) => index <= at || !matches(pair, name));
    this.#set(others.with(at, [text(name), text(value)]));
  }

  sort(): void {
    this.#set(this.#pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  forEach(callback: (value: string, name: string, params: this) => void, receiver?: unknown): void {
    for (const [name, value] of this) callback.call(receiver, value, name, this);
  }

  *entries(): IterableIterator<Pair> {
    for (let i = 0; i < this.#pairs.length; i += 1) yield [...this.#pairs[i]!];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }

  toString(): string {
    return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  }

  #set(pairs: Pair[]): void {
    this.#pairs = pairs;
    this.#changed?.();
  }

  static {
    replacePairs = (params, query) => {
      params.#pairs = parse(query);
    };
  }
}

const text = (value: unknown) => String(value).toWellFormed();

function matches([name, value]: Pair, wanted: string, wantedValue?: string): boolean {
  return name === String(wanted) && (wantedValue === undefined || value === String(wantedValue));
}

function readInit(init: unknown): Pair[] {
  if (typeof init !== "object" || init === null) return parse(String(init).replace(/^\?/, ""));
  if (!(Symbol.iterator in init)) return Object.entries(init).map(([name, value]) => [text(name), text(value)]);
  return Array.from(init as Iterable<Iterable<unknown>>, (pair) => {
    const [name, value, ...rest] = [...pair];
    if (value === undefined || rest.length > 0)
      throw new TypeError("Each query parameter must be a pair of a name and a value.");
    return [text(name), text(value)];
  });
}

function parse(query: string): Pair[] {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at === -1 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
    });
}

function decode(part: string): string {
  const spaced = part.replaceAll("+", " ");
  return spaced.includes("%") ? decodePercent(spaced) : spaced;
}

/** Decodes what is percent-encoded, malformed UTF-8 to U+FFFD, and leaves a lone % alone. */
export function decodePercent(part: string): string {
  return part.toWellFormed().replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      const bytes = Uint8Array.from(run.matchAll(/%(..)/g), ([, hex]) => Number.parseInt(hex!, 16));
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    }
  });
}

function encode(part: string): string {
  return encodeURIComponent(part)
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
