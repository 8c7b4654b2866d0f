/** As the Encoding standard has it, over the engine's own UTF-8 in `encodeURIComponent`. */
export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }

  encode(text = ""): Uint8Array<ArrayBuffer> {
    const octets = unescape(encodeURIComponent(String(text).toWellFormed()));
    const bytes = new Uint8Array(octets.length);
    for (let i = 0; i < octets.length; i += 1) bytes[i] = octets.charCodeAt(i);
    return bytes;
  }

  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of text) {
      const bytes = this.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

const labels: Record<string, "utf-8" | "utf-16le"> = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  "unicode-1-1-utf-8": "utf-8",
  "utf-16le": "utf-16le",
  "utf-16": "utf-16le",
  "ucs-2": "utf-16le",
  unicode: "utf-16le",
};

/** As the Encoding standard has it, for UTF-8 and UTF-16LE. */
export class TextDecoder {
  readonly encoding: "utf-8" | "utf-16le";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  /** Bytes of a character whose end is still to come. */
  #pending = new Uint8Array(0);
  #atStart = true;

  constructor(label = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const encoding = labels[String(label).trim().toLowerCase()];
    if (encoding === undefined) throw new RangeError(`TextDecoder knows utf-8 and utf-16le, not ${String(label)}.`);
    this.encoding = encoding;
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }

  decode(input?: ArrayBuffer | ArrayBufferView, { stream = false }: { stream?: boolean } = {}): string {
    const bytes = join(this.#pending, viewOf(input));
    const rest = stream ? countUnfinished(bytes, this.encoding) : 0;
    this.#pending = bytes.slice(bytes.length - rest);
    const text = this.#decodeWhole(bytes.subarray(0, bytes.length - rest));
    const strip = this.#atStart && !this.ignoreBOM && text.startsWith("\ufeff");
    this.#atStart = !stream || (this.#atStart && text === "");
    return strip ? text.slice(1) : text;
  }

  #decodeWhole(bytes: Uint8Array): string {
    const text = this.encoding === "utf-8" ? decodeUtf8(bytes) : decodeUtf16(bytes);
    if (text !== undefined) return text;
    if (this.fatal) {
      this.#pending = new Uint8Array(0);
      this.#atStart = true;
      throw new TypeError(`The bytes are not ${this.encoding}.`);
    }
    return this.encoding === "utf-8" ? repairUtf8(bytes) : repairUtf16(bytes);
  }
}

function viewOf(input: ArrayBuffer | ArrayBufferView | undefined): Uint8Array {
  if (input === undefined) return new Uint8Array(0);
  return ArrayBuffer.isView(input)
    ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    : new Uint8Array(input);
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function countUnfinished(bytes: Uint8Array, encoding: string): number {
  if (encoding === "utf-16le") {
    const odd = bytes.length % 2;
    const last = bytes[bytes.length - odd - 1] ?? 0;
    return odd + (last >= 0xd8 && last < 0xdc ? 2 : 0);
  }
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Undefined if the bytes are not well formed. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decodeURIComponent(escape(charactersOf(bytes)));
  } catch {
    return undefined;
  }
}

function decodeUtf16(bytes: Uint8Array): string | undefined {
  const text = unitsOf(bytes);
  return bytes.length % 2 === 0 && text.isWellFormed() ? text : undefined;
}

function repairUtf16(bytes: Uint8Array): string {
  const text = unitsOf(bytes);
  // Half a pair and half a unit at the end are one fault.
  return bytes.length % 2 === 0 ? text.toWellFormed() : `${text.replace(/[\ud800-\udbff]$/, "").toWellFormed()}\ufffd`;
}

/** Puts one U+FFFD in the place of each longest part that could have begun a character. */
function repairUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    let end = at + 1;
    let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    while (end < at + length && bytes[end]! >= low && bytes[end]! <= high) {
      [low, high] = [0x80, 0xbf];
      end += 1;
    }
    text += end === at + length ? decodeUtf8(bytes.subarray(at, end))! : "\ufffd";
    at = end;
  }
  return text;
}

const chunkSize = 8_192;

/** Each byte as a character of its own. */
function charactersOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += chunkSize)
    text += String.fromCharCode(...bytes.subarray(at, at + chunkSize));
  return text;
}

/** Each pair of bytes as a UTF-16 unit. */
function unitsOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8));
  return text;
}
