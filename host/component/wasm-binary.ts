export { readSections, type Section, WasmReader } from "../base/wasm-reader.ts";

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
