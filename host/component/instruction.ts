import { WasmReader } from "./wasm-binary.ts";

/**
 * What follows an opcode, one letter for each immediate:
 * `i` number, `m` memory argument, `b` block type, `1` `4` `8` `s` as many bytes (s: 16),
 * `v` vector of numbers, `t` vector of value types, `c` vector of catch clauses.
 */
type Immediates = string;

interface Instruction {
  name: string;
  immediates: Immediates;
}

const instructions = new Map<number, Instruction>();

/** Where an instruction is filed: opcodes behind a prefix byte come after all plain ones. */
const fileUnder = (prefix: number, code: number) => prefix * 2 ** 32 + code;

function define(immediates: Immediates, names: Record<number, string>, prefix = 0): void {
  for (const [code, name] of Object.entries(names))
    instructions.set(fileUnder(prefix, Number(code)), { name, immediates });
}

function defineRange(immediates: Immediates, first: number, last: number, name: string, prefix = 0): void {
  for (let code = first; code <= last; code++) instructions.set(fileUnder(prefix, code), { name, immediates });
}

define("", {
  0x00: "unreachable",
  0x01: "nop",
  0x05: "else",
  0x0a: "throw_ref",
  0x0b: "end",
  0x0f: "return",
  0x19: "catch_all",
});
define("b", { 0x02: "block", 0x03: "loop", 0x04: "if", 0x06: "try" });
define("i", {
  0x07: "catch",
  0x08: "throw",
  0x09: "rethrow",
  0x0c: "br",
  0x0d: "br_if",
  0x10: "call",
  0x12: "return_call",
});
define("i", { 0x14: "call_ref", 0x15: "return_call_ref", 0x18: "delegate" });
define("vi", { 0x0e: "br_table" });
define("ii", { 0x11: "call_indirect", 0x13: "return_call_indirect" });
define("", { 0x1a: "drop", 0x1b: "select" });
define("t", { 0x1c: "select" });
define("bc", { 0x1f: "try_table" });
define("i", { 0x20: "local.get", 0x21: "local.set", 0x22: "local.tee", 0x23: "global.get", 0x24: "global.set" });
define("i", { 0x25: "table.get", 0x26: "table.set" });
defineRange("m", 0x28, 0x3e, "load or store");
define("i", { 0x3f: "memory.size", 0x40: "memory.grow", 0x41: "i32.const", 0x42: "i64.const" });
define("4", { 0x43: "f32.const" });
define("8", { 0x44: "f64.const" });
defineRange("", 0x45, 0xc4, "arithmetic");
define("i", { 0xd0: "ref.null", 0xd2: "ref.func", 0xd5: "br_on_null", 0xd6: "br_on_non_null" });
define("", { 0xd1: "ref.is_null", 0xd3: "ref.eq", 0xd4: "ref.as_non_null" });

defineRange("", 0, 7, "saturating truncation", 0xfc);
define("ii", { 8: "memory.init", 10: "memory.copy", 12: "table.init", 14: "table.copy" }, 0xfc);
define(
  "i",
  { 9: "data.drop", 11: "memory.fill", 13: "elem.drop", 15: "table.grow", 16: "table.size", 17: "table.fill" },
  0xfc,
);
defineRange("", 19, 22, "wide arithmetic", 0xfc);

defineRange("", 14, 0xff, "vector arithmetic", 0xfd);
defineRange("m", 0, 11, "vector load or store", 0xfd);
define("s", { 12: "v128.const", 13: "i8x16.shuffle" }, 0xfd);
defineRange("1", 21, 34, "lane access", 0xfd);
defineRange("m1", 84, 91, "lane load or store", 0xfd);
define("m", { 92: "v128.load32_zero", 93: "v128.load64_zero" }, 0xfd);

/** Instructions whose effect no copy of memory and globals holds. */
const refused: Record<string, string> = {
  "table.set": "which changes a table",
  "table.grow": "which changes a table",
  "table.fill": "which changes a table",
  "table.init": "which changes a table",
  "table.copy": "which changes a table",
  "elem.drop": "which forgets an element segment",
  "data.drop": "which forgets a data segment",
};

const refusedPrefixes: Record<number, string> = {
  0xfb: "an instruction on garbage-collected objects, which live outside of memory",
  0xfe: "an atomic instruction, for memory that others change meanwhile",
};

/** An instruction that stops the walk. */
export class InstructionError extends Error {
  readonly known: boolean;

  constructor(known: boolean, what: string) {
    super(what);
    this.known = known;
  }
}

/**
 * Passes over one expression up to and with the `end` that closes it.
 *
 * Errors: InstructionError at an instruction that a snapshot cannot capture (`known`), or one that is not in the table.
 */
export function skipExpression(reader: WasmReader): void {
  for (let depth = 1; depth > 0;) {
    const { name, immediates } = readOpcode(reader);
    for (const immediate of immediates) skipImmediate(reader, immediate);
    if (immediates[0] === "b") depth++;
    else if (name === "end" || name === "delegate") depth--;
  }
}

function readOpcode(reader: WasmReader): Instruction {
  const at = reader.at;
  const first = reader.byte();
  const prefix = first >= 0xfb && first <= 0xfe ? first : 0;
  const code = prefix ? reader.u32() : first;
  const instruction = instructions.get(fileUnder(prefix, code));
  const reason = instruction ? refused[instruction.name] : (refusedPrefixes[prefix] ?? refuseRelaxed(prefix, code));
  if (instruction && !reason) return instruction;
  const opcode = prefix ? `0x${prefix.toString(16)} ${code}` : `0x${first.toString(16)}`;
  if (!reason) throw new InstructionError(false, `opcode ${opcode} at byte ${at}`);
  throw new InstructionError(true, `${instruction?.name ?? opcode}, ${reason}`);
}

/** Relaxed vector instructions would break replay on another machine. */
function refuseRelaxed(prefix: number, code: number): string | undefined {
  return prefix === 0xfd && code >= 0x100 && code < 0x114
    ? "relaxed vector arithmetic, whose results differ between machines"
    : undefined;
}

const fixedSizes: Record<string, number> = { "1": 1, "4": 4, "8": 8, s: 16 };

function skipImmediate(reader: WasmReader, immediate: string): void {
  const sizeBytes = fixedSizes[immediate];
  if (sizeBytes !== undefined) return reader.skip(sizeBytes);
  switch (immediate) {
    case "i":
      return reader.skipNumber();
    case "m":
      // Bit 6 of the alignment says that a memory index follows.
      if (reader.u32() & 0x40) reader.skipNumber();
      return reader.skipNumber();
    case "b":
      return skipValueType(reader);
    case "v":
      for (let left = reader.u32(); left > 0; left--) reader.skipNumber();
      return;
    case "t":
      for (let left = reader.u32(); left > 0; left--) skipValueType(reader);
      return;
    case "c":
      for (let left = reader.u32(); left > 0; left--) {
        const bare = reader.byte() >= 2;
        if (!bare) reader.skipNumber();
        reader.skipNumber();
      }
  }
}

/** Passes over a value type, or a block type, which is one or a type's index. */
export function skipValueType(reader: WasmReader): void {
  const first = reader.bytes[reader.at];
  reader.skipNumber();
  if (first === 0x63 || first === 0x64) reader.skipNumber();
}
