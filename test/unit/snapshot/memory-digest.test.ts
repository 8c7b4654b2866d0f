import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captureBase, captureImage } from "../../../host/snapshot/image.ts";
import { imageDigest, memoryDigest } from "../../../host/snapshot/memory-digest.ts";
import { applyChange, changes, makeState } from "./test-state.ts";

describe("a memory digest", () => {
  test("is the same for a state and for its image", () => {
    fc.assert(
      fc.property(changes, (change) => {
        const state = makeState();
        const base = captureBase(state);
        applyChange(state, change);
        expect(imageDigest(captureImage(state, base), base).toString("hex")).toBe(memoryDigest(state, base));
      }),
      { numRuns: 40 },
    );
  });

  test("does not depend on the base that it is computed against", () => {
    const [state, other] = [makeState(), makeState()];
    new Uint8Array(other.memories[1]!.buffer).fill(3);
    expect(memoryDigest(state, captureBase(other))).toBe(memoryDigest(state, captureBase(state)));
  });

  const states: [what: string, change: (state: ReturnType<typeof makeState>) => void][] = [
    ["one bit of memory", (state) => (new Uint8Array(state.memories[1]!.buffer)[100_000] = 1)],
    ["a memory's size", (state) => state.memories[1]!.grow(1)],
    ["the size of another memory", (state) => state.memories[0]!.grow(1)],
    ["a 32-bit global", (state) => (state.globals[0]!.value = 0)],
    ["a 64-bit global", (state) => (state.globals[1]!.value = 2n ** 60n)],
    ["the sign of a zero", (state) => (state.globals[2]!.value = 0)],
  ];
  test.each(states)("changes with %s", (_, change) => {
    const state = makeState();
    const base = captureBase(state);
    const before = memoryDigest(state, base);
    change(state);
    expect(memoryDigest(state, base)).not.toBe(before);
  });

  test("tells a page that moved from one that stayed", () => {
    const [one, other] = [makeState(), makeState()];
    new Uint8Array(one.memories[1]!.buffer).fill(5, 40_960, 45_056);
    new Uint8Array(other.memories[1]!.buffer).fill(5, 45_056, 49_152);
    const base = captureBase(makeState());
    expect(memoryDigest(one, base)).not.toBe(memoryDigest(other, base));
  });
});
