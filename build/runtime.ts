import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import {
  WasmReader,
  readSections,
  sectionIds,
  writeName,
  writeSection,
  writeU32,
} from "../host/component/wasm-binary.ts";

/**
 * Makes a QuickJS runtime whose every start is alike, so that one source always gives one component.
 *
 * componentize-qjs starts QuickJS once, while it builds, and keeps the memory that results. The start draws on a seed for
 * hash tables and on two clocks, and so would leave other bytes in each build. Here these three imports are turned into
 * functions of the runtime itself that answer with constants: each import is renamed to a symbol that the runtime
 * exports, and the linker of componentize-qjs joins the two. Guests have their time and randomness from Planaria.
 *
 * Shape:  undefined where the runtime can't be found in `binding`, the native part of componentize-qjs that holds it.
 */
export function makeSteadyRuntime(binding: Uint8Array): Buffer | undefined {
  const runtimes = findModules(binding).flatMap((module) => {
    const steady = replaceSources(module);
    return steady === undefined ? [] : [steady];
  });
  // Two are left, one built for size and one for speed: the larger is the one that componentize-qjs takes unasked.
  return runtimes.toSorted((a, b) => b.length - a.length)[0];
}

/** The native part of componentize-qjs that is loaded in this process. */
export function readBinding(): Uint8Array | undefined {
  const require = createRequire(import.meta.url);
  const file = Object.keys(require.cache).find((name) => /componentize-qjs[^/\\]*\.node$/.test(name));
  return file === undefined ? undefined : readFileSync(file);
}

/** Signatures are those of the Canonical ABI: a result of two fields is written through a pointer. */
const constants: { source: RegExp; symbol: string; code: number[] }[] = [
  // (pointer) -> (): two 64-bit halves of a seed.
  {
    source: /^wasi:random\/insecure-seed@\S+ insecure-seed$/,
    symbol: "planaria_seed",
    code: [0x20, 0, 0x42, 1, 0x37, 3, 0, 0x20, 0, 0x42, 2, 0x37, 3, 8],
  },
  // (pointer) -> (): 64 bits of seconds, 32 of nanoseconds.
  {
    source: /^wasi:clocks\/wall-clock@\S+ now$/,
    symbol: "planaria_wall_clock",
    code: [0x20, 0, 0x42, 0, 0x37, 3, 0, 0x20, 0, 0x41, 0, 0x36, 2, 8],
  },
  // () -> 64 bits of nanoseconds.
  { source: /^wasi:clocks\/monotonic-clock@\S+ now$/, symbol: "planaria_monotonic_clock", code: [0x42, 0] },
];

const magic = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

/** Wasm dynamic libraries embedded in other bytes: their length is told only by their sections, of which the last ends them. */
function findModules(bytes: Uint8Array): Uint8Array[] {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const modules: Uint8Array[] = [];
  for (let start = haystack.indexOf(magic); start >= 0; start = haystack.indexOf(magic, start + 1)) {
    const end = findEnd(haystack, start);
    if (haystack.subarray(start, start + 32).includes("dylink.0")) modules.push(haystack.subarray(start, end));
  }
  return modules;
}

function findEnd(bytes: Buffer, start: number): number {
  const reader = new WasmReader(bytes, start + magic.length);
  let end = reader.at;
  // A custom section has a name in it, so one whose name does not fit is other data behind the module.
  try {
    while (!reader.done && !bytes.subarray(reader.at, reader.at + 4).equals(magic.subarray(0, 4))) {
      const id = reader.byte();
      const size = reader.u32();
      const name = id === 0 ? new WasmReader(bytes, reader.at, reader.at + size).name() : "";
      if (id > 13 || !/^[\x20-\x7e]*$/.test(name)) break;
      reader.skip(size);
      end = reader.at;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return end;
}

/** The module with all of its sources of chance replaced; undefined if it is not an asynchronous QuickJS runtime. */
function replaceSources(module: Uint8Array): Buffer | undefined {
  const sections = readSections(module).map(({ id, start, end }) => ({ id, body: module.subarray(start, end) }));
  const find = (id: number) => sections.find((section) => section.id === id)?.body;
  const imported = find(sectionIds.import);
  const functions = find(functionSection);
  if (imported === undefined || functions === undefined) return undefined;

  const { contents, found, functionCount, isAsync } = renameImports(imported);
  if (!isAsync || found.length !== constants.length) return undefined;

  const firstIndex = functionCount + new WasmReader(functions).u32();
  const added = new Map<number, number[][]>([
    [functionSection, found.map(({ type }) => writeU32(type))],
    [sectionIds.export, found.map(({ symbol }, i) => [...writeName(symbol), 0, ...writeU32(firstIndex + i)])],
    [sectionIds.code, found.map(({ code }) => [...writeU32(code.length + 2), 0, ...code, 0x0b])],
  ]);
  const written = sections.map(({ id, body }) => {
    const items = added.get(id);
    return writeSection(
      id,
      id === sectionIds.import ? contents : items === undefined ? body : appendItems(body, items),
    );
  });
  return Buffer.concat([magic, ...written]);
}

const functionSection = 3;

function renameImports(section: Uint8Array) {
  const reader = new WasmReader(section);
  const found: { symbol: string; code: number[]; type: number }[] = [];
  const count = reader.u32();
  const parts: Uint8Array[] = [Uint8Array.from(writeU32(count))];
  let functionCount = 0;
  let isAsync = false;
  for (let i = 0; i < count; i++) {
    const named = reader.at;
    const [module, name] = [reader.name(), reader.name()];
    const described = reader.at;
    const type = readImportType(reader);
    if (type !== undefined) functionCount++;
    if (name === "[waitable-set-new]") isAsync = true;
    const constant = constants.find(({ source }) => source.test(`${module} ${name}`));
    if (constant !== undefined && type !== undefined) {
      found.push({ ...constant, type });
      parts.push(
        Uint8Array.from([...writeName("env"), ...writeName(constant.symbol)]),
        section.subarray(described, reader.at),
      );
    } else {
      parts.push(section.subarray(named, reader.at));
    }
  }
  return { contents: Buffer.concat(parts), found, functionCount, isAsync };
}

/** Reads what an import is; returns the type's index if it is a function. */
function readImportType(reader: WasmReader): number | undefined {
  const kind = reader.byte();
  if (kind === 0) return reader.u32();
  if (kind === 3) {
    reader.skip(2);
  } else if (kind === 4) {
    reader.skip(1);
    reader.u32();
  } else {
    if (kind === 1) reader.skip(1);
    const limits = reader.byte();
    reader.skipNumber();
    if (limits & 1) reader.skipNumber();
  }
  return undefined;
}

function appendItems(section: Uint8Array, items: number[][]): Buffer {
  const reader = new WasmReader(section);
  const count = reader.u32();
  return Buffer.concat([
    Uint8Array.from(writeU32(count + items.length)),
    section.subarray(reader.at),
    Uint8Array.from(items.flat()),
  ]);
}
