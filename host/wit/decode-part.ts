import type { WasmReader } from "../base/wasm-reader.ts";
import type { NamedReference, Reference, Sort } from "./definition.ts";

/*
 * Parts that the sections of a component are written with.
 * Errors of all `read…` functions: RangeError for what the format does not know.
 */

export function readVector<Item>(reader: WasmReader, read: (reader: WasmReader) => Item): Item[] {
  const items: Item[] = [];
  for (let left = reader.u32(); left > 0; left--) items.push(read(reader));
  return items;
}

export function readOptional<Item>(reader: WasmReader, read: (reader: WasmReader) => Item): Item | null {
  const at = reader.at;
  const code = reader.byte();
  if (code > 1) throw unknownCode("optional part", code, at);
  return code === 1 ? read(reader) : null;
}

export const readIndex = (reader: WasmReader): number => reader.u32();

const label = /^[a-z][0-9a-z]*(?:-[0-9a-z]+)*$/i;

/** The name of a field, a case, a flag or a parameter. */
export function readLabel(reader: WasmReader): string {
  const at = reader.at;
  const name = reader.name();
  if (!label.test(name)) throw new RangeError(`${JSON.stringify(name)} is no name in kebab case, at byte ${at}.`);
  return name;
}

/** The name of an import or export. What else may be said of it (a version's end, a link) changes no type. */
export function readExternName(reader: WasmReader): string {
  const at = reader.at;
  const code = reader.byte();
  if (code > 2) throw unknownCode("kind of name", code, at);
  const name = reader.name();
  if (code === 2) {
    readVector(reader, () => {
      reader.skip(1);
      reader.name();
    });
  }
  return name;
}

const sorts = new Map<number, Sort>([
  [0x01, "func"],
  [0x02, "other"],
  [0x03, "type"],
  [0x04, "component"],
  [0x05, "instance"],
]);

export function readSort(reader: WasmReader): Sort {
  const at = reader.at;
  const code = reader.byte();
  if (code === 0) {
    reader.skip(1);
    return "other";
  }
  const sort = sorts.get(code);
  if (!sort) throw unknownCode("sort", code, at);
  return sort;
}

export function readSortIndex(reader: WasmReader): Reference {
  return { sort: readSort(reader), index: reader.u32() };
}

export function readArgument(reader: WasmReader): NamedReference {
  return { name: reader.name(), ...readSortIndex(reader) };
}

export function unknownCode(what: string, code: number, at: number): RangeError {
  return new RangeError(`0x${code.toString(16).padStart(2, "0")} is an unknown ${what}, at byte ${at}.`);
}
