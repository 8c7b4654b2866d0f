import type { WasmReader } from "../base/wasm-reader.ts";
import { readAlias } from "./decode-alias.ts";
import { readExternName, readIndex, readLabel, readOptional, readVector, unknownCode } from "./decode-part.ts";
import type { Definition, Description, LabeledType, TypeDefinition, TypeReference } from "./definition.ts";
import type { WitPrimitive } from "./type.ts";

/** From 0x7f downwards. */
const primitives: readonly WitPrimitive[] = [
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
];
const errorContext = 0x64;

/** How deep types or components may lie within each other: each level takes its part of the host's stack. */
export const mostNested = 100;

/**
 * Reads a type definition. `depth` counts what it lies within.
 *
 * Errors: RangeError for what is no type, as everywhere in these files.
 * Source: Component Model, design/mvp/Binary.md.
 */
export function readType(reader: WasmReader, depth: number): TypeDefinition {
  const at = reader.at;
  const code = reader.byte();
  const primitive = primitives[0x7f - code];
  if (primitive) return { kind: "primitive", primitive };
  switch (code) {
    case 0x72:
      return { kind: "record", fields: readVector(reader, readLabeled) };
    case 0x71:
      return { kind: "variant", cases: readVector(reader, readCase) };
    case 0x70:
      return { kind: "list", element: readReference(reader) };
    case 0x6f:
      return { kind: "tuple", elements: readVector(reader, readReference) };
    case 0x6e:
      return { kind: "flags", names: readVector(reader, readLabel) };
    case 0x6d:
      return { kind: "enum", names: readVector(reader, readLabel) };
    case 0x6b:
      return { kind: "option", element: readReference(reader) };
    case 0x6a:
      return { kind: "result", ok: readOptional(reader, readReference), error: readOptional(reader, readReference) };
    case 0x69:
      return { kind: "own", resource: reader.u32() };
    case 0x68:
      return { kind: "borrow", resource: reader.u32() };
    case 0x67:
      return { kind: "list", element: readReference(reader), length: reader.u32() };
    case 0x66:
      readOptional(reader, readReference);
      return { kind: "foreign", what: "a stream" };
    case 0x65:
      readOptional(reader, readReference);
      return { kind: "foreign", what: "a future" };
    case errorContext:
      return { kind: "foreign", what: "an error-context" };
    case 0x63:
      readReference(reader);
      readReference(reader);
      return { kind: "foreign", what: "a map" };
    case 0x40:
    case 0x43:
      return readFunction(reader, code === 0x43);
    case 0x3f:
      reader.skip(1);
      readOptional(reader, readIndex);
      return { kind: "resource" };
    case 0x41:
    case 0x42: {
      if (depth >= mostNested)
        throw new RangeError(`More than ${mostNested} types lie within each other, at byte ${at}.`);
      const definitions = readVector(reader, (each) => readDeclaration(each, depth + 1));
      return { kind: code === 0x42 ? "instance" : "component", definitions };
    }
    default:
      throw unknownCode("type", code, at);
  }
}

function readDeclaration(reader: WasmReader, depth: number): Definition {
  const at = reader.at;
  const code = reader.byte();
  switch (code) {
    case 0x00:
      throw new RangeError(
        `A core type lies within a type, which only components that import modules need, at byte ${at}.`,
      );
    case 0x01:
      return { kind: "type", type: readType(reader, depth) };
    case 0x02:
      return readAlias(reader);
    case 0x03:
      return { kind: "import", name: readExternName(reader), description: readDescription(reader) };
    case 0x04:
      return { kind: "declare", name: readExternName(reader), description: readDescription(reader) };
    default:
      throw unknownCode("declaration", code, at);
  }
}

function readFunction(reader: WasmReader, isAsync: boolean): TypeDefinition {
  const params = readVector(reader, readLabeled);
  const at = reader.at;
  const code = reader.byte();
  if (code === 0) return { kind: "func", params, result: readReference(reader), isAsync };
  if (code !== 1) throw unknownCode("list of results", code, at);
  if (reader.u32() !== 0)
    throw new RangeError(`A function has several results, as no longer is allowed, at byte ${at}.`);
  return { kind: "func", params, result: null, isAsync };
}

/** Reads what an import or export is said to be. */
export function readDescription(reader: WasmReader): Description {
  const at = reader.at;
  const code = reader.byte();
  switch (code) {
    case 0x00:
      reader.skip(1);
      reader.u32();
      return { sort: "other", what: "a core module" };
    case 0x01:
      return { sort: "func", type: reader.u32() };
    case 0x02:
      // Tools leave out the byte that tells a value that is equal to another from one of a type.
      if (reader.bytes[reader.at]! <= 1) reader.skip(1);
      readReference(reader);
      return { sort: "other", what: "a value" };
    case 0x03:
      return { sort: "type", equal: reader.byte() === 0 ? reader.u32() : null };
    case 0x04:
      return { sort: "component", type: reader.u32() };
    case 0x05:
      return { sort: "instance", type: reader.u32() };
    default:
      throw unknownCode("kind of import", code, at);
  }
}

/** A type is told from an index by its sign: both are signed LEB128 numbers. */
function readReference(reader: WasmReader): TypeReference {
  const code = reader.bytes[reader.at]!;
  if (reader.done || code < 0x40 || code > 0x7f) return reader.u32();
  const at = reader.at;
  reader.skip(1);
  const primitive = code === errorContext ? "error-context" : primitives[0x7f - code];
  if (!primitive) throw unknownCode("type", code, at);
  return primitive;
}

function readLabeled(reader: WasmReader): LabeledType {
  return { name: readLabel(reader), type: readReference(reader) };
}

function readCase(reader: WasmReader): { name: string; type: TypeReference | null } {
  const name = readLabel(reader);
  const type = readOptional(reader, readReference);
  if (reader.byte() !== 0)
    throw new RangeError(`Case ${name} refines another, as no longer is allowed, at byte ${reader.at}.`);
  return { name, type };
}
