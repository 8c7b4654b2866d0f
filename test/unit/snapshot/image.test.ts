import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captureBase, captureImage, restoreImage } from "../../../host/snapshot/image.ts";
import { applyChange, changes, copyState, makeState, wasmPageBytes } from "./test-state.ts";

describe("an image", () => {
  test("brings any state back in an instance that was in any other state of the same size", () => {
    fc.assert(
      fc.property(changes, changes, (change, other) => {
        const [state, target] = [makeState(), makeState()];
        const base = captureBase(state);
        applyChange(state, change);
        applyChange(target, { ...other, memory: change.memory, growPages: change.growPages });
        restoreImage(target, base, captureImage(state, base));
        expect(copyState(target)).toEqual(copyState(state));
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 2, 16, 17, 31, 32])(
    "leaves nothing of another state, where a base begins with %i pages of zeros",
    (zeros) => {
      const make = (fill: number) => {
        const memory = new WebAssembly.Memory({ initial: 2 });
        new Uint8Array(memory.buffer).fill(fill, zeros * 4_096);
        return { memories: [memory], globals: [] };
      };
      const base = captureBase(make(7));
      const target = make(0);
      new Uint8Array(target.memories[0]!.buffer).fill(9);
      restoreImage(target, base, null);
      expect(copyState(target)).toEqual(copyState(make(7)));
    },
  );

  test("is brought into a fresh guest by its pages alone", () => {
    fc.assert(
      fc.property(changes, (change) => {
        const [state, target] = [makeState(), makeState()];
        const base = captureBase(state);
        applyChange(state, change);
        restoreImage(target, base, captureImage(state, base), { isFresh: true });
        expect(copyState(target)).toEqual(copyState(state));
      }),
      { numRuns: 60 },
    );
  });

  test("grows an instance that is too small for it", () => {
    const state = makeState();
    const base = captureBase(state);
    state.memories[1]!.grow(2);
    new Uint8Array(state.memories[1]!.buffer)[4 * wasmPageBytes - 1] = 9;
    const target = makeState();
    restoreImage(target, base, captureImage(state, base));
    expect(copyState(target)).toEqual(copyState(state));
  });

  test("holds the pages that differ from the base, and no others", () => {
    const state = makeState();
    const base = captureBase(state);
    state.memories[1]!.grow(1);
    const bytes = new Uint8Array(state.memories[1]!.buffer);
    bytes[4_096] = 1;
    bytes[8_191] = 1;
    bytes[8_192] = 0xab; // as it was
    bytes[2 * wasmPageBytes] = 1;
    expect(captureImage(state, base).memories.map(({ sizeBytes, pages }) => [sizeBytes, [...pages.keys()]])).toEqual([
      [0, []],
      [3 * wasmPageBytes, [1, 32]],
    ]);
  });

  test("has in common with an older one the pages that are as they were, whatever happened between", () => {
    fc.assert(
      fc.property(changes, changes, (first, second) => {
        const state = makeState();
        const base = captureBase(state);
        applyChange(state, first);
        const before = captureImage(state, base);
        applyChange(state, second);
        const after = captureImage(state, base, before);
        expect(after).toEqual(captureImage(state, base));
        for (const [index, { pages }] of after.memories.entries()) {
          for (const [page, bytes] of pages) {
            const former = before.memories[index]!.pages.get(page);
            expect(former === bytes).toBe(former !== undefined && Buffer.compare(former, bytes) === 0);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("does not change when the guest runs on, nor when a later one is made of it", () => {
    const state = makeState();
    const base = captureBase(state);
    new Uint8Array(state.memories[1]!.buffer)[0] = 1;
    const image = captureImage(state, base);
    new Uint8Array(state.memories[1]!.buffer)[0] = 2;
    expect(captureImage(state, base, image).memories[1]!.pages.get(0)![0]).toBe(2);
    expect(image.memories[1]!.pages.get(0)![0]).toBe(1);
    expect(base.memories[1]![0]).toBe(0);
  });

  test("null makes a used instance a fresh one", () => {
    const state = makeState();
    const [base, fresh] = [captureBase(state), copyState(state)];
    new Uint8Array(state.memories[1]!.buffer).fill(7);
    state.globals[1]!.value = 7n;
    restoreImage(state, base, null);
    expect(copyState(state)).toEqual(fresh);
  });

  test("refuses an instance that has outgrown it, and leaves that as it was", () => {
    const state = makeState();
    const base = captureBase(state);
    const image = captureImage(state, base);
    new Uint8Array(state.memories[1]!.buffer).fill(7);
    state.memories[1]!.grow(1);
    const before = copyState(state);
    for (const each of [image, null]) {
      expect(() => restoreImage(state, base, each)).toThrow(
        expect.objectContaining({
          code: "snapshot/instance-too-large",
          data: { memory: 1, hasBytes: 3 * wasmPageBytes, needsBytes: 2 * wasmPageBytes },
        }),
      );
    }
    expect(copyState(state)).toEqual(before);
  });

  test("refuses an instance of another shape", () => {
    const state = makeState();
    const base = captureBase(state);
    expect(() => restoreImage({ ...state, memories: state.memories.slice(1) }, base, null)).toThrow(
      expect.objectContaining({ code: "base/invariant" }),
    );
  });
});
