import { beforeEach, describe, expect, test } from "vitest";
import { agentId, invocationKey, promiseId } from "../../../host/base/id.ts";
import { emptyChanges, invocationRowKey } from "../../../host/store/changes.ts";
import { changesOf, makeAgent, makeInvocation, makeNode, makeOperation, makePromise } from "../rows.ts";
import { asN1, asN2, conflict, openScene, type OpenPlace } from "../scene.ts";

/** Invocations and promises. */
export function describeCalls(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit } = scene;

  describe("invocations", () => {
    const a = agentId("a()");
    beforeEach(() => commit({ agents: [makeAgent("a()"), makeAgent("b()")] }));

    test("are numbered in order of arrival over all agents, and told so", async () => {
      const rows = [makeInvocation("b()", "k1"), makeInvocation("a()", "k1"), makeInvocation("a()", "k0")];
      await commit({ invocations: rows.slice(0, 2) });
      await commit({ invocations: rows.slice(2) });
      const [first, second, third] = rows.map(({ seq }) => seq);
      expect(first).toBeGreaterThan(0);
      expect(second).toBeGreaterThan(first!);
      expect(third).toBeGreaterThan(second!);
      expect((await scene.store.invocations(a)).map(({ key }) => key)).toEqual(["k1", "k0"]);
    });

    test("never get the number of one that was deleted", async () => {
      const row = makeInvocation("a()", "k1");
      await commit({ invocations: [row] });
      await commit({ deleted: ["a()"] });
      const later = makeInvocation("b()", "k2");
      await commit({ invocations: [later] });
      expect(later.seq).toBeGreaterThan(row.seq);
    });

    test("queue up in order of arrival, the running one first, the done ones not", async () => {
      const rows = ["k1", "k2", "k3", "k4"].map((key) => makeInvocation("a()", key));
      await commit({ invocations: rows });
      rows[0]!.state = "done";
      rows[0]!.outcome = { value: "1" };
      rows[2]!.state = "running";
      await commit({ invocations: [rows[0]!, rows[2]!] });
      expect((await scene.store.queue(a)).map(({ key }) => key)).toEqual(["k3", "k2", "k4"]);
      expect(await scene.store.queue(agentId("b()"))).toEqual([]);
      expect((await scene.store.invocation(a, invocationKey("k1")))!.outcome).toEqual({ value: "1" });
    });

    test("are deleted one by one", async () => {
      await commit({ invocations: [makeInvocation("a()", "k1"), makeInvocation("a()", "k2")] });
      const changes = emptyChanges();
      changes.invocations.set(invocationRowKey(a, invocationKey("k1")), null);
      await scene.store.commit(changes, asN1);
      expect((await scene.store.invocations(a)).map(({ key }) => key)).toEqual(["k2"]);
    });

    test("are the same one if they are new twice by the same call", async () => {
      const row = makeInvocation("a()", "k");
      const again = makeInvocation("a()", "k", { state: "running" });
      await commit({ invocations: [row] });
      await commit({ invocations: [again] });
      expect(again.seq).toBe(row.seq);
      expect(await scene.store.queue(a)).toEqual([again]);
    });

    test("are refused if they are new, and another call has their key", async () => {
      await commit({ invocations: [makeInvocation("a()", "k")] });
      for (const other of [{ args: "[2]" }, { method: "decrement" }, { caller: null }]) {
        await expect(commit({ invocations: [makeInvocation("a()", "k", other)] })).rejects.toMatchObject(conflict);
      }
      expect(await scene.store.queue(a)).toMatchObject([{ args: "[1]" }]);
    });

    test("are refused if they are new, and have begun already", async () => {
      const row = makeInvocation("a()", "k", { state: "running" });
      await commit({ invocations: [row] });
      await expect(commit({ invocations: [makeInvocation("a()", "k")] })).rejects.toMatchObject(conflict);
      row.state = "done";
      row.outcome = { value: "1" };
      await commit({ invocations: [row] });
      await expect(commit({ invocations: [makeInvocation("a()", "k")] })).rejects.toMatchObject(conflict);
    });

    test("that are done stay as they are", async () => {
      const row = makeInvocation("a()", "k", { state: "done", outcome: { value: "1" } });
      await commit({ invocations: [row] });
      await commit({ invocations: [{ ...row }] });
      for (const other of [
        { outcome: { value: "2" } },
        { outcome: { error: "1" } },
        { state: "running" as const, outcome: null },
      ]) {
        await expect(commit({ invocations: [{ ...row, ...other }] })).rejects.toMatchObject(conflict);
      }
      expect((await scene.store.invocation(a, row.key))!.outcome).toEqual({ value: "1" });
    });

    test("of an earlier agent of the same name are refused", async () => {
      const row = makeInvocation("a()", "k");
      await commit({ invocations: [row] });
      await commit({ deleted: ["a()"] });
      await commit({ agents: [makeAgent("a()")] });
      await expect(commit({ invocations: [row] })).rejects.toMatchObject(conflict);
      await commit({ invocations: [makeInvocation("a()", "k")] });
      await expect(commit({ invocations: [row] })).rejects.toMatchObject(conflict);
    });

    test("and operations of an agent that does not exist are refused", async () => {
      await expect(commit({ invocations: [makeInvocation("nobody()", "k")] })).rejects.toMatchObject(conflict);
      await expect(commit({ operations: [makeOperation("nobody()", 1)] })).rejects.toMatchObject(conflict);
    });
  });

  describe("a promise", () => {
    test("that is settled never changes, whoever tries", async () => {
      const settledBy = { agent: agentId("a()"), operation: 1 };
      const settled = makePromise("p", { state: "resolved", payload: "1", settledAt: 5, settledBy });
      await commit({ promises: [settled] });
      await commit({ promises: [{ ...settled, settledAt: 6 }] });
      for (const other of [
        { state: "rejected" as const },
        { state: "pending" as const },
        { payload: "2" },
        { settledBy: null },
        { settledBy: { ...settledBy, operation: 2 } },
      ]) {
        await expect(commit({ promises: [{ ...settled, ...other }] })).rejects.toMatchObject(conflict);
      }
      expect(await scene.store.promise(settled.id)).toEqual(settled);
    });

    test("is settled once by two nodes that race for it", async () => {
      await scene.store.join(makeNode("n2"));
      await commit({ promises: [makePromise("p")] });
      const other = await scene.connect();
      const settle = (payload: string) => changesOf({ promises: [makePromise("p", { state: "resolved", payload })] });
      const results = await Promise.allSettled([
        scene.store.commit(settle("1"), asN1),
        other.commit(settle("2"), asN2),
      ]);
      expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      await other[Symbol.asyncDispose]();
    });

    test("is settled from outside by the first alone, though another one says the same", async () => {
      const settled = makePromise("p", { state: "resolved", payload: "1", settledAt: 5 });
      await commit({ promises: [settled] });
      await expect(commit({ promises: [{ ...settled, settledAt: 6 }] })).rejects.toMatchObject(conflict);
      expect(await scene.store.promise(settled.id)).toEqual(settled);
    });

    test("has its time out once for all nodes that look at the clock", async () => {
      const expired = makePromise("p", { state: "timed-out", expiresAt: 5, settledAt: 5 });
      await commit({ promises: [expired] });
      await commit({ promises: [expired] });
      expect(await scene.store.promise(expired.id)).toEqual(expired);
    });

    test("is listed by state, in order of creation, and deleted", async () => {
      await commit({ promises: [makePromise("p2"), makePromise("p1", { state: "canceled" }), makePromise("p3")] });
      expect((await scene.store.promises()).map(({ id }) => id)).toEqual(["p2", "p1", "p3"]);
      expect((await scene.store.promises({ state: "pending" })).map(({ id }) => id)).toEqual(["p2", "p3"]);
      expect((await scene.store.promises({ state: "pending", limit: 1 })).map(({ id }) => id)).toEqual(["p2"]);
      const changes = emptyChanges();
      changes.promises.set(promiseId("p1"), null);
      await scene.store.commit(changes, asN1);
      expect(await scene.store.promise(promiseId("p1"))).toBeUndefined();
    });
  });
}
