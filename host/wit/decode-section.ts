import { readSections, WasmReader, type Section } from "../base/wasm-reader.ts";
import { readAlias } from "./decode-alias.ts";
import { readCanon } from "./decode-canon.ts";
import { readArgument, readExternName, readOptional, readSortIndex, readVector, unknownCode } from "./decode-part.ts";
import { mostNested, readDescription, readType } from "./decode-type.ts";
import type { Definition, NamedReference } from "./definition.ts";
import { headerSizeBytes } from "./header.ts";

/** What core WebAssembly is joined with: it says nothing of types. */
const skipped = { custom: 0, module: 1, coreInstance: 2, coreType: 3 };
const skippedIds = new Set(Object.values(skipped));

const componentId = 4;
const startId = 9;
const valueId = 12;

type ReadDefinition = (reader: WasmReader, depth: number) => Definition | Definition[];

const readers = new Map<number, ReadDefinition>([
  [5, readInstance],
  [6, readAlias],
  [7, (reader, depth) => ({ kind: "type", type: readType(reader, depth) })],
  [8, readCanon],
  [10, (reader) => ({ kind: "import", name: readExternName(reader), description: readDescription(reader) })],
  [11, readExport],
]);

/**
 * Reads what a component defines, in order, and the components within it. It begins at `start`, behind its header.
 *
 * Errors: RangeError for what the format does not know.
 * Source: Component Model, design/mvp/Binary.md.
 */
export function readDefinitions(bytes: Uint8Array, start: number, end: number, depth = 0): Definition[] {
  if (depth > mostNested)
    throw new RangeError(`More than ${mostNested} components lie within each other, at byte ${start}.`);
  return readSections(bytes, start, end).flatMap((section) => readSection(bytes, section, depth));
}

function readSection(bytes: Uint8Array, section: Section, depth: number): Definition[] {
  const { id, start, end } = section;
  if (skippedIds.has(id)) return [];
  if (id === componentId) {
    return [{ kind: "component", definitions: readDefinitions(bytes, start + headerSizeBytes, end, depth + 1) }];
  }
  if (id === startId) return [{ kind: "foreign", what: `a start function, at byte ${start}` }];
  if (id === valueId) return [{ kind: "foreign", what: `a value, at byte ${start}` }];
  const read = readers.get(id);
  if (!read) throw unknownCode("section", id, start);
  const reader = new WasmReader(bytes, start, end);
  const definitions = readVector(reader, (each) => read(each, depth)).flat();
  if (!reader.done) throw new RangeError(`A section is longer than what is in it, at byte ${reader.at}.`);
  return definitions;
}

function readInstance(reader: WasmReader): Definition {
  const at = reader.at;
  const code = reader.byte();
  if (code === 0) return { kind: "instantiate", component: reader.u32(), args: readVector(reader, readArgument) };
  if (code === 1) return { kind: "bundle", exports: readVector(reader, readInlineExport) };
  throw unknownCode("kind of instance", code, at);
}

function readInlineExport(reader: WasmReader): NamedReference {
  return { name: readExternName(reader), ...readSortIndex(reader) };
}

function readExport(reader: WasmReader): Definition {
  return {
    kind: "export",
    name: readExternName(reader),
    of: readSortIndex(reader),
    description: readOptional(reader, readDescription),
  };
}
