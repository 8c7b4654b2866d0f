import { HostError } from "../base/error.ts";
import { InstructionError, skipExpression, skipValueType } from "./instruction.ts";
import {
  readSections,
  sectionIds,
  type Section,
  WasmReader,
  writeName,
  writeSection,
  writeU32,
} from "./wasm-binary.ts";

/** What exports begin with that `openModule` adds: no compiler writes such names. */
export const memoryPrefix = "planaria:memory:";
export const globalPrefix = "planaria:global:";

/** Changes whenever `openModule` gives another result, so that no cache outlives it. */
export const openModuleVersion = 2;

const pageSizeBytes = 65_536;
const kinds = { memory: 2, global: 3 };

/** Is told what of a module no snapshot can capture, in words; throws if that must not be. */
export type Uncapturable = (what: string) => void;

/**
 * Opens a core module to its host: exports every mutable global and every memory that it defines, bounds its memories,
 * and makes sure that these are all the state it has.
 *
 * Tables need no export: nothing that passes here can change one after instantiation. An imported global or memory is
 * exported by the module that defines it.
 * Errors: HostError `component/uncapturable` unless `uncapturable` bears it, `component/unknown-instruction`,
 *         `component/memory-cap`, `component/unreadable`.
 * Source: the instrumentation pass of Wizer (wasmtime, crates/wizer), done on sections instead of a parsed module.
 */
export function openModule(
  bytes: Uint8Array,
  moduleName: string,
  memoryCapBytes: number,
  uncapturable: Uncapturable = (what) => {
    throw new HostError(
      "component/uncapturable",
      `${moduleName} has ${what}: a snapshot cannot capture that. Build the component without it.`,
      { data: { moduleName, what } },
    );
  },
): Uint8Array {
  try {
    return rewrite(bytes, moduleName, memoryCapBytes, uncapturable);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new HostError("component/unreadable", `${moduleName} is damaged: ${cause.message}`, {
      data: { moduleName },
      cause,
    });
  }
}

function rewrite(
  bytes: Uint8Array,
  moduleName: string,
  memoryCapBytes: number,
  uncapturable: Uncapturable,
): Uint8Array {
  const refuse = (what: string): HostError =>
    new HostError(
      "component/uncapturable",
      `${moduleName} has ${what}: a snapshot cannot capture that. Build the component without it.`,
      {
        data: { moduleName, what },
      },
    );
  const sections = readSections(bytes);
  const contents = (id: number) => {
    const section = sections.find((each) => each.id === id);
    return section ? new WasmReader(bytes, section.start, section.end) : null;
  };

  const imported = countImports(contents(sectionIds.import), refuse);
  const memories = readMemories(contents(sectionIds.memory), refuse, (initialPages) =>
    capPages(initialPages, moduleName, memoryCapBytes),
  );
  const mutable = findMutableGlobals(contents(sectionIds.global), imported.globals, moduleName, refuse, uncapturable);
  walkCode(contents(sectionIds.code), imported.functions, moduleName, uncapturable);

  const added = [
    ...memories.map((_, index) => [
      ...writeName(`${memoryPrefix}${index}`),
      kinds.memory,
      ...writeU32(imported.memories + index),
    ]),
    ...mutable.map((index) => [...writeName(`${globalPrefix}${index}`), kinds.global, ...writeU32(index)]),
  ];
  return assemble(bytes, sections, memories, added);
}

/** Counts imports by kind, for they come first in every index space. */
function countImports(reader: WasmReader | null, refuse: (what: string) => HostError) {
  const counts = { functions: 0, memories: 0, globals: 0 };
  if (!reader) return counts;
  for (let left = reader.u32(); left > 0; left--) {
    const [from, name] = [reader.name(), reader.name()];
    const kind = reader.byte();
    if (kind === 0) {
      reader.skipNumber();
      counts.functions++;
    } else if (kind === 1) {
      skipValueType(reader);
      readLimits(reader);
    } else if (kind === 2) {
      readLimits(reader);
      counts.memories++;
    } else if (kind === 3) {
      skipValueType(reader);
      reader.byte();
      counts.globals++;
    } else if (kind === 4) {
      reader.byte();
      reader.skipNumber();
    } else throw refuse(`an import of unknown kind ${kind} (${from} ${name})`);
  }
  return counts;
}

/** Bit 0: has a maximum; bit 1: shared; bit 2: of 64 bits, whose size matters to nobody here. */
function readLimits(reader: WasmReader): { flags: number; initial: number; maximum: number } {
  const flags = reader.byte();
  const read = () => (flags & 4 ? (reader.skipNumber(), Infinity) : reader.u32());
  return { flags, initial: read(), maximum: flags & 1 ? read() : Infinity };
}

interface Limits {
  initialPages: number;
  maximumPages: number;
}

function readMemories(
  reader: WasmReader | null,
  refuse: (what: string) => HostError,
  cap: (initialPages: number) => number,
): Limits[] {
  if (!reader) return [];
  return Array.from({ length: reader.u32() }, () => {
    const { flags, initial, maximum } = readLimits(reader);
    if (flags & 2) throw refuse("a shared memory, which others change meanwhile");
    if (flags & ~1) throw refuse("a memory of another kind than 32-bit with pages of 64 KiB");
    return { initialPages: initial, maximumPages: Math.min(cap(initial), maximum) };
  });
}

function capPages(initialPages: number, moduleName: string, memoryCapBytes: number): number {
  const pages = Math.floor(memoryCapBytes / pageSizeBytes);
  if (initialPages <= pages) return pages;
  throw new HostError(
    "component/memory-cap",
    `${moduleName} starts with ${initialPages * pageSizeBytes} bytes of memory, over the cap of ${memoryCapBytes}. Raise the cap, or build a smaller component.`,
    { data: { moduleName, initialBytes: initialPages * pageSizeBytes, memoryCapBytes } },
  );
}

const numberTypes = new Set([0x7c, 0x7d, 0x7e, 0x7f]);

function findMutableGlobals(
  reader: WasmReader | null,
  imported: number,
  moduleName: string,
  refuse: (what: string) => HostError,
  uncapturable: Uncapturable,
): number[] {
  if (!reader) return [];
  const mutable: number[] = [];
  const end = imported + reader.u32();
  for (let index = imported; index < end; index++) {
    const type = reader.bytes[reader.at]!;
    skipValueType(reader);
    const mutability = reader.byte();
    if (mutability > 1) throw refuse(`a shared global (${index})`);
    if (mutability === 1 && !numberTypes.has(type))
      uncapturable(`a mutable global (${index}) that holds a ${type === 0x7b ? "vector" : "reference"}`);
    else if (mutability === 1) mutable.push(index);
    // A table of opcodes that ends before the expression does would leave the reader in the midst of it.
    if (!walk(reader, `the initial value of global ${index}`, moduleName, uncapturable)) return mutable;
  }
  return mutable;
}

function walkCode(
  reader: WasmReader | null,
  importedFunctions: number,
  moduleName: string,
  uncapturable: Uncapturable,
): void {
  if (!reader) return;
  const end = importedFunctions + reader.u32();
  for (let index = importedFunctions; index < end; index++) {
    const sizeBytes = reader.u32();
    const bodyEnd = reader.at + sizeBytes;
    for (let left = reader.u32(); left > 0; left--) {
      reader.skipNumber();
      skipValueType(reader);
    }
    const isWhole = walk(reader, `function ${index}`, moduleName, uncapturable);
    if (!isWhole) return;
    if (reader.at !== bodyEnd)
      throw new RangeError(`function ${index} ends at byte ${reader.at} and not at ${bodyEnd}.`);
  }
}

/** Walks to the end of an expression. False if it stopped at something that no snapshot can capture. */
function walk(reader: WasmReader, where: string, moduleName: string, uncapturable: Uncapturable): boolean {
  try {
    skipExpression(reader);
    return true;
  } catch (error) {
    if (!(error instanceof InstructionError)) throw error;
    if (error.known) {
      uncapturable(`in ${where} ${error.message}`);
      return false;
    }
    throw new HostError(
      "component/unknown-instruction",
      `${moduleName} has in ${where} ${error.message}, which this version of Planaria does not know.`,
      { data: { moduleName, where, instruction: error.message } },
    );
  }
}

/** Writes the module again with bounded memories and more exports; all other sections stay as they are. */
function assemble(bytes: Uint8Array, sections: Section[], memories: Limits[], added: number[][]): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  let exportsWritten = false;
  const writeExports = (count: number, old: Uint8Array) => {
    exportsWritten = true;
    if (count + added.length === 0) return;
    const contents = Buffer.concat([
      Uint8Array.from(writeU32(count + added.length)),
      old,
      Uint8Array.from(added.flat()),
    ]);
    parts.push(writeSection(sectionIds.export, contents));
  };
  const after = new Set([sectionIds.start, sectionIds.element, sectionIds.dataCount, sectionIds.code, sectionIds.data]);
  let start = 8;
  for (const { id, start: contentsStart, end } of sections) {
    if (id === sectionIds.export) {
      const reader = new WasmReader(bytes, contentsStart, end);
      writeExports(reader.u32(), bytes.subarray(reader.at, end));
    } else {
      if (after.has(id) && !exportsWritten) writeExports(0, new Uint8Array());
      const limits = memories.flatMap((each) => [1, ...writeU32(each.initialPages), ...writeU32(each.maximumPages)]);
      if (id === sectionIds.memory)
        parts.push(writeSection(id, Uint8Array.from([...writeU32(memories.length), ...limits])));
      else parts.push(bytes.subarray(start, end));
    }
    start = end;
  }
  if (!exportsWritten) writeExports(0, new Uint8Array());
  return Buffer.concat(parts);
}
