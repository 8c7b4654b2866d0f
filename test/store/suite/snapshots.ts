import { describe, expect, test } from "vitest";
import { makeFork, makePage, makeSnapshot, makeStep } from "../rows.ts";
import { conflict, openScene, type OpenPlace } from "../scene.ts";

/** Snapshots and the pages they share. */
export function describeSnapshots(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit, grow } = scene;

  describe("snapshots", () => {
    const pages = [makePage("p1"), makePage("p2"), makePage("p3")];
    const old = makeSnapshot("old", pages.slice(0, 2));
    const young = makeSnapshot("young", pages.slice(1));
    const naming = ({ id }: typeof old) => ({ snapshot: { id, length: 1 } });

    test("share the pages that the store has, and keep their order", async () => {
      await commit({ snapshots: [old], pages: pages.slice(0, 2) });
      const backwards = makeSnapshot("backwards", pages.toReversed());
      await commit({ snapshots: [backwards, old], pages: pages.slice(2) });
      expect((await scene.store.snapshot(backwards.id))!.pages).toEqual(backwards.pages);
      expect(await scene.store.pages([pages[0]!.digest, pages[0]!.digest, "unknown"])).toEqual([pages[0]]);
    });

    test("leave a page alone that the store has", async () => {
      await commit({ pages: [pages[0]!] });
      await commit({ pages: [{ ...pages[0]!, data: new Uint8Array([9]) }] });
      expect(await scene.store.pages([pages[0]!.digest])).toEqual([pages[0]]);
    });

    test("are refused if a page is neither there nor brought along", async () => {
      await expect(commit({ snapshots: [old], pages: [pages[0]!] })).rejects.toMatchObject(conflict);
      expect(await scene.store.snapshot(old.id)).toBeUndefined();
    });

    test("must be there when an agent names them", async () => {
      await expect(grow("a()", [1], naming(old))).rejects.toMatchObject(conflict);
      await commit({ snapshots: [old], pages });
      await grow("a()", [1], naming(old));
    });

    test("are collected with their pages when no agent names them any more", async () => {
      await commit({ snapshots: [old, young], pages });
      await grow("a()", [1], naming(young));
      const before = await scene.store.sizes();
      const freed = await scene.store.collect(null);
      expect(freed).toMatchObject({ snapshots: 1, pages: 1, sizeBytes: old.manifest.length + pages[0]!.data.length });
      expect((await scene.store.sizes()).snapshotBytes).toBe(before.snapshotBytes - freed.sizeBytes);
      expect(await scene.store.snapshot(old.id)).toBeUndefined();
      expect(await scene.store.snapshot(young.id)).toEqual(young);
      expect(await scene.store.pages(young.pages)).toHaveLength(2);
      expect(await scene.store.collect(null)).toMatchObject({ snapshots: 0, pages: 0, sizeBytes: 0 });
    });

    test("of a deleted agent stay while a fork names them", async () => {
      await commit({ snapshots: [old], pages });
      await grow("parent", [1], naming(old));
      await commit({ agents: [{ ...makeFork("fork", "parent", 0), ...naming(old) }], steps: [makeStep("fork", 1)] });
      await commit({ deleted: ["parent"] });
      expect((await scene.store.collect(null)).snapshots).toBe(0);
      await commit({ deleted: ["fork"] });
      expect((await scene.store.collect(null)).snapshots).toBe(1);
    });
  });
}
