/**
 * Reads what a WebAssembly module is written with: bytes, LEB128 numbers, names and sections.
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
    if (this.at >= this.end) throw new RangeError(`The module ends too early, at byte ${this.at}.`);
    return this.bytes[this.at++]!;
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw new RangeError(`The module ends too early, at byte ${this.at}.`);
    this.at += count;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
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

/** One section of a module; `start` and `end` bound its contents. */
export interface Section {
  id: number;
  start: number;
  end: number;
}

/** Ids of the sections that a module is taken apart by. */
export const sectionIds = {
  import: 2,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  dataCount: 12,
  code: 10,
  data: 11,
};

/** The sections of a module, in order. */
export function readSections(bytes: Uint8Array): Section[] {
  const reader = new WasmReader(bytes, 8);
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const sizeBytes = reader.u32();
    const start = reader.at;
    reader.skip(sizeBytes);
    sections.push({ id, start, end: reader.at });
  }
  return sections;
}

/** An unsigned number as LEB128. */
export function writeU32(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  bytes.push(value);
  return bytes;
}

export function writeName(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...writeU32(bytes.length), ...bytes];
}

export function writeSection(id: number, contents: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([id, ...writeU32(contents.length)]), contents]);
}
