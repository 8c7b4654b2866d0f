import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { invocationSource } from "../../../host/store/store.ts";
import { changesOf, makeAgent, makeFork, makeInvocation, makeOperation, makeStep } from "../rows.ts";
import { asN1, conflict, n1, openScene, type OpenPlace } from "../scene.ts";

/** Steps, and what forks inherit of them. */
export function describeOplogs(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit, grow, growLineage, spans } = scene;

  describe("steps", () => {
    test("come back in order from the one that holds the index", async () => {
      await grow("a()", [1, 3, 2]);
      await commit({
        agents: [makeAgent("a()", { length: 8 })],
        steps: [makeStep("a()", 6, 1), makeStep("a()", 7, 1)],
      });
      expect(await spans("a()")).toEqual([
        [0, 1],
        [1, 3],
        [4, 2],
        [6, 1],
        [7, 1],
      ]);
      expect(await spans("a()", 1)).toEqual([
        [1, 3],
        [4, 2],
        [6, 1],
        [7, 1],
      ]);
      expect(await spans("a()", 3)).toEqual([
        [1, 3],
        [4, 2],
        [6, 1],
        [7, 1],
      ]);
      expect(await spans("a()", 7)).toEqual([[7, 1]]);
      expect(await spans("a()", 8)).toEqual([]);
    });

    test("keep their text as it is", async () => {
      const entries = '[{"a":1.10,"b":"\\u0000 \u{1fab1} \u2028"}]';
      await commit({ agents: [makeAgent("a()", { length: 1 })], steps: [{ ...makeStep("a()", 0), entries }] });
      expect((await scene.store.steps(agentId("a()"), 0))[0]!.entries).toBe(entries);
    });

    test.each([
      ["overlap", 2, 3],
      ["leave a gap", 5, 6],
      ["repeat", 1, 4],
    ])("that %s are refused", async (_, first, length) => {
      await grow("a()", [1, 3]);
      const late = commit({ agents: [makeAgent("a()", { length })], steps: [makeStep("a()", first)] });
      await expect(late).rejects.toMatchObject(conflict);
      expect(await spans("a()")).toEqual([
        [0, 1],
        [1, 3],
      ]);
    });

    test("are refused without their agent's row, or with one that counts others", async () => {
      await grow("a()", [2]);
      await expect(commit({ steps: [makeStep("a()", 2)] })).rejects.toMatchObject(conflict);
      const miscounted = commit({ agents: [makeAgent("a()", { length: 4 })], steps: [makeStep("a()", 2)] });
      await expect(miscounted).rejects.toMatchObject(conflict);
      await expect(commit({ agents: [makeAgent("a()", { length: 1 })] })).rejects.toMatchObject(conflict);
      await expect(commit({ agents: [makeAgent("new()", { length: 1 })] })).rejects.toMatchObject(conflict);
      const empty = commit({ agents: [makeAgent("a()", { length: 2 })], steps: [makeStep("a()", 2, 0)] });
      await expect(empty).rejects.toMatchObject(conflict);
    });

    test("of two writers that hold the same past: the second is refused", async () => {
      await grow("a()", [1]);
      const other = await scene.connect();
      const next = () => changesOf({ agents: [makeAgent("a()", { length: 2 })], steps: [makeStep("a()", 1)] });
      await other.commit(next(), asN1);
      await expect(scene.store.commit(next(), asN1)).rejects.toMatchObject(conflict);
      await other[Symbol.asyncDispose]();
    });
  });

  describe("a fork", () => {
    test("begins behind what it inherits, and is listed with its parent", async () => {
      await growLineage();
      expect(await spans("fork")).toEqual([
        [4, 2],
        [6, 1],
      ]);
      expect(await spans("fork", 5)).toEqual([
        [4, 2],
        [6, 1],
      ]);
      expect((await scene.store.forks(agentId("parent"))).map(({ id }) => id)).toEqual(["fork"]);
      expect((await scene.store.forks(agentId("fork"))).map(({ id }) => id)).toEqual(["forkOfFork"]);
    });

    test("is refused when its parent, or the entry it forked at, does not exist", async () => {
      await grow("parent", [2]);
      const orphan = commit({ agents: [makeFork("fork", "nobody", 1)], steps: [makeStep("fork", 2)] });
      await expect(orphan).rejects.toMatchObject(conflict);
      const early = commit({ agents: [makeFork("fork", "parent", 2)], steps: [makeStep("fork", 3)] });
      await expect(early).rejects.toMatchObject(conflict);
    });

    test("may be made in one commit with the entries that it inherits", async () => {
      await commit({
        agents: [makeFork("fork", "parent", 1), makeAgent("parent", { length: 2 })],
        steps: [makeStep("fork", 2), makeStep("parent", 0, 2)],
      });
      expect(await spans("fork")).toEqual([[2, 1]]);
    });

    test("owns what it inherited, and keeps its lineage, once its parent is deleted", async () => {
      await growLineage();
      const inherited = (await scene.store.steps(agentId("parent"), 0)).slice(0, 2);
      await commit({ deleted: ["parent"] });
      const steps = await scene.store.steps(agentId("fork"), 0);
      expect(steps.slice(0, 2)).toEqual(inherited.map((step) => ({ ...step, agent: "fork" })));
      expect(await spans("fork")).toEqual([
        [0, 1],
        [1, 3],
        [4, 2],
        [6, 1],
      ]);
      expect(await spans("fork", 2)).toEqual([
        [1, 3],
        [4, 2],
        [6, 1],
      ]);
      expect((await scene.store.agent(agentId("fork")))!.parent).toEqual({ agent: "parent", index: 3, operation: 1 });
      expect(await spans("forkOfFork")).toEqual([[6, 1]]);
      await commit({ agents: [makeFork("fork", "parent", 3, 4)], steps: [makeStep("fork", 7)] });
    });

    test("of a fork owns the whole lineage when that is deleted, one by one or at once", async () => {
      await growLineage();
      await commit({ deleted: ["fork"] });
      expect(await spans("forkOfFork")).toEqual([
        [0, 1],
        [1, 3],
        [4, 2],
        [6, 1],
      ]);
      await commit({ deleted: ["parent"] });
      expect(await spans("forkOfFork")).toEqual([
        [0, 1],
        [1, 3],
        [4, 2],
        [6, 1],
      ]);
    });

    test("of a fork owns the whole lineage when parent and grandparent go in one commit", async () => {
      await growLineage();
      await commit({ deleted: ["parent", "fork"] });
      expect((await scene.store.agents()).map(({ id }) => id)).toEqual(["forkOfFork"]);
      expect(await spans("forkOfFork")).toEqual([
        [0, 1],
        [1, 3],
        [4, 2],
        [6, 1],
      ]);
      expect((await scene.store.steps(agentId("forkOfFork"), 0)).every(({ agent }) => agent === "forkOfFork")).toBe(
        true,
      );
    });

    test("made in the commit that deletes its parent owns the parent's last entries", async () => {
      await grow("parent", [2]);
      const changes = changesOf({
        agents: [makeFork("fork", "parent", 3)],
        deleted: ["parent"],
        steps: [makeStep("parent", 2, 2), makeStep("fork", 4)],
      });
      await scene.store.commit(changes, asN1);
      expect(await spans("fork")).toEqual([
        [0, 2],
        [2, 2],
        [4, 1],
      ]);
    });

    test("is not given entries of a second agent of its parent's name", async () => {
      await growLineage();
      await commit({ deleted: ["parent"] });
      await grow("parent", [6]);
      await commit({ deleted: ["parent"] });
      expect(await spans("fork")).toEqual([
        [0, 1],
        [1, 3],
        [4, 2],
        [6, 1],
      ]);
    });
  });

  describe("a deleted agent", () => {
    test("leaves no steps, invocations or operations, and may be made anew", async () => {
      await grow("a()", [2]);
      await grow("ab()", [1]);
      await commit({
        invocations: [makeInvocation("a()", "k"), makeInvocation("ab()", "k")],
        operations: [makeOperation("a()", 1), makeOperation("ab()", 1)],
      });
      await commit({ deleted: ["a()"] });
      expect(await scene.store.agents()).toEqual([makeAgent("ab()", { length: 1 })]);
      expect(await scene.store.invocations(agentId("ab()"))).toHaveLength(1);
      expect(await scene.store.operations(agentId("ab()"))).toHaveLength(1);
      await grow("a()", [1]);
      expect(await scene.store.invocations(agentId("a()"))).toEqual([]);
      expect(await scene.store.operations(agentId("a()"))).toEqual([]);
      expect(await spans("a()")).toEqual([[0, 1]]);
    });

    test("takes along what the same commit writes of it, even if it never was", async () => {
      const row = makeInvocation("a()", "k", { state: "done", outcome: { error: "{}" } });
      const changes = changesOf({
        deleted: ["a()"],
        steps: [makeStep("a()", 0)],
        invocations: [row],
        operations: [makeOperation("a()", 1)],
      });
      await scene.store.commit(changes, asN1);
      expect(await scene.store.agents()).toEqual([]);
      expect(await scene.store.invocation(row.agent, row.key)).toBeUndefined();
    });

    test("that never was is no longer waited for", async () => {
      await commit({ agents: [makeAgent("b()")] });
      const row = makeInvocation("a()", "k", { state: "done", outcome: { error: "{}" } });
      const operations = [makeOperation("b()", 1, { source: invocationSource(row.agent, row.key) })];
      await scene.store.commit(changesOf({ deleted: ["a()"], invocations: [row], operations }), asN1);
      expect(await scene.store.ready(n1, 0)).toEqual(["b()"]);
    });

    test("leaves the number of its entries, added up over all its lives", async () => {
      expect(await scene.store.pastLength(agentId("b()"))).toBe(0);
      for (const lengths of [[2, 3], [1]]) {
        let length = 0;
        for (const count of lengths) {
          const step = makeStep("b()", length, count);
          length += count;
          await scene.store.commit(changesOf({ agents: [makeAgent("b()", { length })], steps: [step] }), asN1);
        }
        await commit({ deleted: ["b()"] });
      }
      expect(await scene.store.pastLength(agentId("b()"))).toBe(6);
    });

    test("may be deleted again", async () => {
      await commit({ deleted: ["a()"] });
      expect(await scene.store.agents()).toEqual([]);
    });
  });
}
