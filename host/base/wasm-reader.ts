/**
 * Reads what a WebAssembly binary is written with: bytes, LEB128 numbers, names and sections.
 *
 * Errors: RangeError where the bytes end too early or a number is longer than it may be.
 * Source: WebAssembly Core Specification, chapter 5 (binary format).
 */
export class WasmReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new RangeError(`The binary ends too early, at byte ${this.at}.`);
    return this.bytes[this.at++]!;
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw new RangeError(`The binary ends too early, at byte ${this.at}.`);
    this.at += count;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value < 2 ** 32) return value;
    }
    throw new RangeError(`A 32-bit number is too long, at byte ${this.at}.`);
  }

  /** Passes over a LEB128 number of any kind, up to 64 bits. */
  skipNumber(): void {
    for (let count = 0; count < 10; count++) if (this.byte() < 0x80) return;
    throw new RangeError(`A number is too long, at byte ${this.at}.`);
  }

  name(): string {
    const sizeBytes = this.u32();
    const start = this.at;
    this.skip(sizeBytes);
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, sizeBytes).toString("utf8");
  }
}

/** One section; `start` and `end` bound its contents. */
export interface Section {
  id: number;
  start: number;
  end: number;
}

/** The sections between two places of a binary, in order; by default all of them. */
export function readSections(bytes: Uint8Array, start = 8, end = bytes.length): Section[] {
  const reader = new WasmReader(bytes, start, end);
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const sizeBytes = reader.u32();
    const from = reader.at;
    reader.skip(sizeBytes);
    sections.push({ id, start: from, end: reader.at });
  }
  return sections;
}
