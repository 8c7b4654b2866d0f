import fc from "fast-check";
import type { GuestState } from "../../../host/snapshot/image.ts";

export const wasmPageBytes = 65_536;

/** The state of a guest that no component stands behind: two memories, one of them empty, and a global of each kind. */
export function makeState(sizePages = 2): GuestState {
  const memory = new WebAssembly.Memory({ initial: sizePages, maximum: 16 });
  // A fresh guest's memory is not all zero: its data segments are in it.
  new Uint8Array(memory.buffer).fill(0xab, 5_000, 20_000);
  return {
    memories: [new WebAssembly.Memory({ initial: 0, maximum: 16 }), memory],
    globals: [
      new WebAssembly.Global({ value: "i32", mutable: true }, 1_048_576),
      new WebAssembly.Global({ value: "i64", mutable: true }, -1n),
      new WebAssembly.Global({ value: "f64", mutable: true }, -0),
    ],
  };
}

/** What a guest may do to its state between two boundaries. */
export interface Change {
  memory: number;
  growPages: number;
  writes: { at: number; bytes: Uint8Array }[];
  i32: number;
  i64: bigint;
  f64: number;
}

export const changes: fc.Arbitrary<Change> = fc.record({
  memory: fc.nat(1),
  growPages: fc.nat(2),
  writes: fc.array(fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 5_000 }) }), {
    maxLength: 6,
  }),
  i32: fc.integer(),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f64: fc.double(),
});

export function applyChange(state: GuestState, { memory, growPages, writes, i32, i64, f64 }: Change): void {
  state.memories[memory]!.grow(growPages);
  const bytes = new Uint8Array(state.memories[memory]!.buffer);
  for (const write of writes)
    if (bytes.length > 0) bytes.set(write.bytes, write.at % (bytes.length - write.bytes.length));
  [i32, i64, f64].forEach((value, index) => (state.globals[index]!.value = value));
}

/** A copy of everything, to compare with. */
export function copyState(state: GuestState): { memories: Buffer[]; globals: (number | bigint)[] } {
  return {
    memories: state.memories.map(({ buffer }) => Buffer.from(buffer.slice(0))),
    globals: state.globals.map(({ value }) => value),
  };
}
