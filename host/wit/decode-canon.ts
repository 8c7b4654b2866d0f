import type { WasmReader } from "../base/wasm-reader.ts";
import { readIndex, readVector, unknownCode } from "./decode-part.ts";
import type { Definition } from "./definition.ts";

/**
 * Built-ins of the component model's concurrency, and what follows the opcode of each:
 * `i` an index, `b` a byte, `o` options, `r` a result type.
 */
const builtIns = new Map<number, [name: string, operands: string]>([
  [0x05, ["task.cancel", ""]],
  [0x06, ["subtask.cancel", "b"]],
  [0x08, ["backpressure.set", ""]],
  [0x09, ["task.return", "ro"]],
  [0x0a, ["context.get", "bi"]],
  [0x0b, ["context.set", "bi"]],
  [0x0c, ["thread.yield", "b"]],
  [0x0d, ["subtask.drop", ""]],
  [0x0e, ["stream.new", "i"]],
  [0x0f, ["stream.read", "io"]],
  [0x10, ["stream.write", "io"]],
  [0x11, ["stream.cancel-read", "ib"]],
  [0x12, ["stream.cancel-write", "ib"]],
  [0x13, ["stream.drop-readable", "i"]],
  [0x14, ["stream.drop-writable", "i"]],
  [0x15, ["future.new", "i"]],
  [0x16, ["future.read", "io"]],
  [0x17, ["future.write", "io"]],
  [0x18, ["future.cancel-read", "ib"]],
  [0x19, ["future.cancel-write", "ib"]],
  [0x1a, ["future.drop-readable", "i"]],
  [0x1b, ["future.drop-writable", "i"]],
  [0x1c, ["error-context.new", "o"]],
  [0x1d, ["error-context.debug-message", "o"]],
  [0x1e, ["error-context.drop", ""]],
  [0x1f, ["waitable-set.new", ""]],
  [0x20, ["waitable-set.wait", "bi"]],
  [0x21, ["waitable-set.poll", "bi"]],
  [0x22, ["waitable-set.drop", ""]],
  [0x23, ["waitable.join", ""]],
  [0x24, ["backpressure.inc", ""]],
  [0x25, ["backpressure.dec", ""]],
  [0x26, ["thread.index", ""]],
  [0x27, ["thread.new-indirect", "ii"]],
  [0x28, ["thread.resume-later", ""]],
  [0x29, ["thread.suspend", "b"]],
  [0x2a, ["thread.suspend-then-resume", "b"]],
  [0x2b, ["thread.yield-then-resume", "b"]],
  [0x2c, ["thread.suspend-then-promote", "b"]],
  [0x2d, ["thread.yield-then-promote", "b"]],
  [0x2e, ["stream.forward", "i"]],
  [0x2f, ["future.forward", "i"]],
  [0x40, ["thread.spawn-ref", "bi"]],
  [0x41, ["thread.spawn-indirect", "bii"]],
  [0x42, ["thread.available-parallelism", "b"]],
]);

/**
 * Those that a guest may have: a runtime, QuickJS's for one, links them whatever its component does, and jco runs what
 * concerns its own tasks.
 */
const harmless = /^(?:task|subtask|context|backpressure|waitable|waitable-set)\.|^thread\.yield$/;

/**
 * Reads how a function is lifted. What makes a core function says nothing of types: of it is told what is foreign.
 *
 * That an export is lifted asynchronously is no matter, as long as its type is not asynchronous.
 */
export function readCanon(reader: WasmReader): Definition[] {
  const at = reader.at;
  const code = reader.byte();
  switch (code) {
    case 0x00: {
      reader.skip(1);
      reader.u32();
      readOptions(reader);
      return [{ kind: "lift", type: reader.u32() }];
    }
    case 0x01:
      reader.skip(1);
      reader.u32();
      return readOptions(reader) ? [tellForeign("an import that is called asynchronously", at)] : [];
    case 0x02:
    case 0x03:
    case 0x04:
      reader.u32();
      return [];
    // As 0x03, asynchronously.
    case 0x07:
      reader.u32();
      return [tellForeign("a resource that is dropped asynchronously", at)];
    default: {
      const found = builtIns.get(code);
      if (!found) throw unknownCode("canonical built-in", code, at);
      const [name, operands] = found;
      for (const operand of operands) operandReaders[operand as keyof typeof operandReaders](reader);
      return harmless.test(name) ? [] : [tellForeign(`the built-in ${name}`, at)];
    }
  }
}

function tellForeign(what: string, at: number): Definition {
  return { kind: "foreign", what: `${what}, at byte ${at}` };
}

const operandReaders = {
  i: readIndex,
  b: (reader: WasmReader) => reader.byte(),
  o: readOptions,
  // A type, or a count of none: one number in both cases.
  r: (reader: WasmReader) => {
    reader.skip(1);
    reader.u32();
  },
};

/** Whether one of the options is `async`. */
function readOptions(reader: WasmReader): boolean {
  return readVector(reader, readOption).includes("async");
}

function readOption(reader: WasmReader): "async" | null {
  const at = reader.at;
  const code = reader.byte();
  if (code <= 0x02 || code === 0x09) return null;
  if (code === 0x06) return "async";
  if (code > 0x08) throw unknownCode("canonical option", code, at);
  reader.u32();
  return null;
}
