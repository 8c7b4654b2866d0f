import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captureBase, captureImage, restoreImage } from "../../../host/snapshot/image.ts";
import { decodeSnapshot, encodeSnapshot, listPages } from "../../../host/snapshot/manifest.ts";
import { memoryDigest } from "../../../host/snapshot/memory-digest.ts";
import { applyChange, changes, copyState, makeState } from "./test-state.ts";

/** A state with pages 0, 2 and 3 of its second memory changed, as a store keeps it. */
function makeSnapshot() {
  const state = makeState();
  const base = captureBase(state);
  const bytes = new Uint8Array(state.memories[1]!.buffer);
  bytes.set([1, 2, 3], 10);
  bytes.set([4], 9_000);
  bytes.set([5], 15_000);
  const image = captureImage(state, base);
  return { state, base, image, ...encodeSnapshot(image, base) };
}

const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

describe("a snapshot", () => {
  test("brings any state back, whatever the order of its pages", () => {
    fc.assert(
      fc.property(changes, (change) => {
        const state = makeState();
        const base = captureBase(state);
        applyChange(state, change);
        const { id, manifest, pages } = encodeSnapshot(captureImage(state, base), base);
        expect(id).toBe(memoryDigest(state, base));
        expect(pages.map(({ digest }) => digest).toSorted()).toEqual(listPages(manifest).toSorted());
        const target = makeState();
        restoreImage(target, base, decodeSnapshot(manifest, pages.toReversed(), base));
        expect(copyState(target)).toEqual(copyState(state));
      }),
      { numRuns: 60 },
    );
  });

  test("of a state that another image came before is the same as one of it alone", () => {
    fc.assert(
      fc.property(changes, changes, (first, second) => {
        const state = makeState();
        const base = captureBase(state);
        applyChange(state, first);
        const before = captureImage(state, base);
        const stored = new Set(listPages(encodeSnapshot(before, base).manifest));
        applyChange(state, second);
        const alone = encodeSnapshot(captureImage(state, base), base);
        const later = captureImage(state, base, before);
        expect(encodeSnapshot(later, base)).toEqual(alone);
        const fresh = alone.pages.filter(({ digest }) => !stored.has(digest));
        expect(encodeSnapshot(later, base, stored)).toEqual({ ...alone, pages: fresh });
      }),
      { numRuns: 60 },
    );
  });

  test("of a fresh guest has no pages", () => {
    const state = makeState();
    const base = captureBase(state);
    const { manifest, pages } = encodeSnapshot(captureImage(state, base), base);
    expect([pages, listPages(manifest)]).toEqual([[], []]);
  });

  test("keeps pages with the same change once, and none that is stored already", () => {
    const state = makeState();
    const base = captureBase(state);
    for (const at of [40_960, 45_056, 49_152]) new Uint8Array(state.memories[1]!.buffer)[at] = 1;
    const image = captureImage(state, base);
    const { pages, manifest } = encodeSnapshot(image, base);
    expect(pages).toHaveLength(1);
    const again = encodeSnapshot(image, base, new Set(listPages(manifest)));
    expect(again.pages).toEqual([]);
    expect(again.manifest).toEqual(manifest);
  });

  test("refuses a damaged page and names it", () => {
    const { manifest, pages, base } = makeSnapshot();
    const page = Buffer.alloc(4_096, 1);
    const damaged = pages.map((each, index) => (index === 1 ? { ...each, data: zstdCompressSync(page) } : each));
    expect(() => decodeSnapshot(manifest, damaged, base)).toThrow(refusal("snapshot/corrupt", "page 2 of memory 1"));
  });

  test.each([
    ["cut off", (data: Uint8Array) => data.subarray(0, data.length - 3)],
    ["not compressed data", () => Buffer.from("hello")],
    ["longer than a page", () => zstdCompressSync(Buffer.alloc(100_000_000))],
    ["shorter than a page", () => zstdCompressSync(Buffer.alloc(5))],
  ])("refuses a page that is %s", (_, damage) => {
    const { manifest, pages, base } = makeSnapshot();
    const damaged = pages.map((each, index) => (index === 0 ? { ...each, data: damage(each.data) } : each));
    expect(() => decodeSnapshot(manifest, damaged, base)).toThrow(refusal("snapshot/corrupt", "page 0 of memory 1"));
  });

  test("refuses to do without a page", () => {
    const { manifest, pages, base } = makeSnapshot();
    expect(() => decodeSnapshot(manifest, pages.slice(0, 2), base)).toThrow(
      refusal("snapshot/corrupt", "page 3 of memory 1"),
    );
  });

  test("refuses a manifest that is cut off anywhere", () => {
    const { manifest, pages, base } = makeSnapshot();
    for (let end = 0; end < manifest.length; end++) {
      expect(() => decodeSnapshot(manifest.subarray(0, end), pages, base)).toThrow(
        expect.objectContaining({ code: "snapshot/corrupt" }),
      );
    }
  });

  test("refuses a manifest with any bit changed", () => {
    const { manifest, pages, base } = makeSnapshot();
    for (let at = 0; at < manifest.length; at++) {
      const changed = Buffer.from(manifest);
      changed[at]! ^= 1 << (at % 8);
      expect(() => decodeSnapshot(changed, pages, base)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^snapshot\/(corrupt|version|other-base)$/) }),
      );
    }
  });

  test("refuses a manifest with something behind its end", () => {
    const { manifest, pages, base } = makeSnapshot();
    expect(() => decodeSnapshot(Buffer.concat([manifest, Buffer.alloc(1)]), pages, base)).toThrow(
      refusal("snapshot/corrupt", "behind its end"),
    );
  });

  test("refuses a format that it does not know, by its number", () => {
    const { manifest, base } = makeSnapshot();
    const newer = Buffer.from(manifest);
    newer.writeUInt32LE(2, 4);
    expect(() => listPages(newer)).toThrow(refusal("snapshot/version", "format 2"));
    expect(() => decodeSnapshot(newer, [], base)).toThrow(refusal("snapshot/version", "format 2"));
  });

  test("refuses the base of another component", () => {
    const { manifest, pages } = makeSnapshot();
    const other = makeState();
    other.globals[0]!.value = 3;
    expect(() => decodeSnapshot(manifest, pages, captureBase(other))).toThrow(
      refusal("snapshot/other-base", "another component"),
    );
  });
});
