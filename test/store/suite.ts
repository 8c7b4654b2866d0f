import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentId, digestOf, invocationKey, nodeId, promiseId, type AgentId } from "../../host/base/id.ts";
import { emptyChanges, invocationRowKey } from "../../host/store/changes.ts";
import { invocationSource, promiseSource, type Fence, type Store } from "../../host/store/store.ts";
import {
  changesOf,
  component,
  makeAgent,
  makeFork,
  makeInvocation,
  makeNode,
  makeOperation,
  makePage,
  makePromise,
  makeSnapshot,
  makeStep,
} from "./rows.ts";

/** A place that stores can be opened on, each as another process would. */
export interface StorePlace extends AsyncDisposable {
  connect(): Promise<Store>;
}

const n1 = nodeId("n1");
const n2 = nodeId("n2");
const asN1: Fence = { node: n1 };
const asN2: Fence = { node: n2 };
const outside: Fence = { node: null };

/** What every store promises. `open` gives a new, empty place. */
export function describeStore(name: string, open: (now: () => number) => Promise<StorePlace>): void {
  describe(name, () => {
    let now: number;
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      now = 100;
      place = await open(() => now);
      store = await place.connect();
      await store.join(makeNode("n1"));
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    const commit = (rows: Parameters<typeof changesOf>[0], fence = asN1) => store.commit(changesOf(rows), fence);
    const conflict = { code: "store/conflict" };
    /** An agent with these steps, each of so many entries. */
    const grow = (id: string, counts: number[], fields = {}) => {
      let first = 0;
      const steps = counts.map((count) => makeStep(id, (first += count) - count, count));
      return commit({ agents: [makeAgent(id, { length: first, ...fields })], steps });
    };
    /** `parent` has entries 0 to 5 in three steps, `fork` inherits 0 to 3 and has 4 to 6, `forkOfFork` inherits up to 5. */
    const growLineage = async () => {
      await grow("parent", [1, 3, 2]);
      await commit({ agents: [makeFork("fork", "parent", 3, 3)], steps: [makeStep("fork", 4, 2), makeStep("fork", 6)] });
      await commit({ agents: [makeFork("forkOfFork", "fork", 5)], steps: [makeStep("forkOfFork", 6)] });
    };
    const spans = async (id: string, from = 0) => (await store.steps(agentId(id), from)).map(({ first, count }) => [first, count]);

    describe("a commit", () => {
      test("gives back every field of every row", async () => {
        const agent = makeAgent("a()", {
          params: null,
          state: "failed",
          node: n1,
          length: 1,
          error: '{"name":"Error"}',
          updatedAt: 1_764_000_000_000,
        });
        const pages = [makePage("p2"), makePage("p1")];
        const snapshot = makeSnapshot("s1", pages);
        const fork = { ...makeFork("b()", "a()", 0), snapshot: { id: snapshot.id, length: 1 } };
        const invocation = makeInvocation("a()", "k 1\n2", { state: "done", outcome: { error: "{}" }, dueAt: 5, finishedAt: 9, cancelRequested: true });
        const promise = makePromise("p1", {
          state: "resolved",
          payload: '"naïve 🪱"',
          expiresAt: 7,
          settledAt: 6,
          settledBy: { agent: agent.id, operation: 3 },
        });
        const operation = makeOperation("a()", 3, { source: "promise p9", dueAt: 4 });
        const made = { digest: component, name: "c", bytes: new Uint8Array([0, 1, 255]), description: "{}", createdAt: 3 };
        await commit({
          components: [made],
          agents: [agent, fork],
          steps: [makeStep("a()", 0), makeStep("b()", 1)],
          invocations: [invocation],
          promises: [promise],
          operations: [operation],
          snapshots: [snapshot],
          pages,
        });
        expect(await store.component(component)).toEqual(made);
        const { bytes: _, ...description } = made;
        expect(await store.components()).toEqual([description]);
        expect(await store.agent(agent.id)).toEqual(agent);
        expect(await store.agent(fork.id)).toEqual(fork);
        expect(await store.steps(agent.id, 0)).toEqual([makeStep("a()", 0)]);
        expect(await store.invocation(agent.id, invocation.key)).toEqual(invocation);
        expect(await store.promise(promise.id)).toEqual(promise);
        expect(await store.operations(agent.id)).toEqual([operation]);
        expect(await store.snapshot(snapshot.id)).toEqual(snapshot);
        expect((await store.pages(snapshot.pages)).toSorted((l, r) => l.data[1]! - r.data[1]!)).toEqual(pages.toReversed());
        expect(await store.nodes()).toEqual([makeNode("n1")]);
      });

      test("replaces rows of the same key", async () => {
        await commit({ agents: [makeAgent("a()")], promises: [makePromise("p")], operations: [makeOperation("a()", 1, { dueAt: 5 })] });
        await commit({
          agents: [makeAgent("a()", { state: "suspended", node: n1, updatedAt: 8 })],
          promises: [makePromise("p", { expiresAt: 9 })],
          operations: [makeOperation("a()", 1, { dueAt: 6 })],
        });
        expect(await store.agents()).toEqual([makeAgent("a()", { state: "suspended", node: n1, updatedAt: 8 })]);
        expect(await store.promises()).toEqual([makePromise("p", { expiresAt: 9 })]);
        expect(await store.operations(agentId("a()"))).toEqual([makeOperation("a()", 1, { dueAt: 6 })]);
      });

      test("finds nothing where nothing is", async () => {
        const id = agentId("nobody()");
        expect(await store.component(component)).toBeUndefined();
        expect(await store.agent(id)).toBeUndefined();
        expect(await store.invocation(id, invocationKey("k"))).toBeUndefined();
        expect(await store.promise(promiseId("p"))).toBeUndefined();
        expect(await store.snapshot("s")).toBeUndefined();
        expect(await store.pages(["p"])).toEqual([]);
        expect(await store.steps(id, 0)).toEqual([]);
        expect(await store.nextDue()).toBeUndefined();
      });

      test("keeps what it was given when the caller goes on changing its rows", async () => {
        const row = makeAgent("a()");
        await commit({ agents: [row] });
        row.state = "failed";
        const read = (await store.agent(row.id))!;
        read.length = 99;
        expect(await store.agent(row.id)).toEqual(makeAgent("a()"));
      });

      test("is all or nothing: one refused row refuses every other", async () => {
        await commit({ promises: [makePromise("p", { state: "canceled" })] });
        const refused = commit({
          components: [{ digest: component, name: "c", bytes: new Uint8Array(1), description: "{}", createdAt: 3 }],
          agents: [makeAgent("a()", { length: 1 })],
          steps: [makeStep("a()", 0)],
          invocations: [makeInvocation("a()", "k")],
          operations: [makeOperation("a()", 1)],
          promises: [makePromise("new"), makePromise("p", { state: "resolved" })],
          pages: [makePage("p1")],
        });
        await expect(refused).rejects.toMatchObject(conflict);
        expect(await store.agents()).toEqual([]);
        expect(await store.components()).toEqual([]);
        expect(await store.promises()).toEqual([makePromise("p", { state: "canceled" })]);
        expect(await store.pages([makePage("p1").digest])).toEqual([]);
        await commit({ agents: [makeAgent("a()")] });
      });

      test("that is refused leaves the caller's rows without numbers", async () => {
        const row = makeInvocation("a()", "k");
        await expect(commit({ invocations: [row] })).rejects.toMatchObject(conflict);
        expect(row.seq).toBe(0);
      });
    });

    describe("the fence", () => {
      test("refuses a node that never joined, left, or was taken over", async () => {
        await expect(commit({}, asN2)).rejects.toMatchObject(conflict);
        await store.join(makeNode("n2"));
        await commit({}, asN2);
        await store.claim(n1, [], [n2]);
        await expect(commit({ agents: [makeAgent("a()")] }, asN2)).rejects.toMatchObject(conflict);
        await store.leave(n1);
        await expect(commit({ agents: [makeAgent("a()")] })).rejects.toMatchObject(conflict);
        expect(await store.agents()).toEqual([]);
      });

      test("lets a node whose lease has run out go on, as long as nobody took over", async () => {
        now = 2_000;
        await store.commit(changesOf({ agents: [makeAgent("a()", { node: n1 })] }), { node: n1, expiresAt: 3_000 });
        expect(await store.nodes()).toEqual([makeNode("n1", { expiresAt: 3_000 })]);
      });

      test("renews the lease with an empty commit, and only with one that succeeds", async () => {
        await store.commit(emptyChanges(), { node: n1, expiresAt: 1_500 });
        const bad = changesOf({ steps: [makeStep("nobody()", 0)] });
        await expect(store.commit(bad, { node: n1, expiresAt: 9_999 })).rejects.toMatchObject(conflict);
        expect((await store.nodes())[0]!.expiresAt).toBe(1_500);
      });

      test("refuses the agents of another node while it lives, and gives them once its lease has run out", async () => {
        await store.join(makeNode("n2"));
        await commit({ agents: [makeAgent("a()", { node: n2 })] }, asN2);
        const row = makeAgent("a()", { node: n1 });
        await expect(commit({ agents: [row] })).rejects.toMatchObject(conflict);
        await expect(commit({ agents: [row] }, outside)).rejects.toMatchObject(conflict);
        await expect(commit({ deleted: ["a()"] })).rejects.toMatchObject(conflict);
        expect((await store.agent(row.id))!.node).toBe(n2);
        now = 1_000;
        await commit({ agents: [row] });
        expect((await store.agent(row.id))!.node).toBe(n1);
      });

      test("lets a writer from outside queue a call, and append nothing", async () => {
        await commit({ agents: [makeAgent("a()", { state: "created" })], invocations: [makeInvocation("a()", "k")] }, outside);
        expect(await store.queue(agentId("a()"))).toHaveLength(1);
        const step = commit({ agents: [makeAgent("a()", { length: 1 })], steps: [makeStep("a()", 0)] }, outside);
        await expect(step).rejects.toMatchObject(conflict);
      });
    });

    describe("steps", () => {
      test("come back in order from the one that holds the index", async () => {
        await grow("a()", [1, 3, 2]);
        await commit({ agents: [makeAgent("a()", { length: 8 })], steps: [makeStep("a()", 6, 1), makeStep("a()", 7, 1)] });
        expect(await spans("a()")).toEqual([[0, 1], [1, 3], [4, 2], [6, 1], [7, 1]]);
        expect(await spans("a()", 1)).toEqual([[1, 3], [4, 2], [6, 1], [7, 1]]);
        expect(await spans("a()", 3)).toEqual([[1, 3], [4, 2], [6, 1], [7, 1]]);
        expect(await spans("a()", 7)).toEqual([[7, 1]]);
        expect(await spans("a()", 8)).toEqual([]);
      });

      test("keep their text as it is", async () => {
        const entries = '[{"a":1.10,"b":"\\u0000 \u{1fab1} \u2028"}]';
        await commit({ agents: [makeAgent("a()", { length: 1 })], steps: [{ ...makeStep("a()", 0), entries }] });
        expect((await store.steps(agentId("a()"), 0))[0]!.entries).toBe(entries);
      });

      test.each([
        ["overlap", 2, 3],
        ["leave a gap", 5, 6],
        ["repeat", 1, 4],
      ])("that %s are refused", async (_, first, length) => {
        await grow("a()", [1, 3]);
        const late = commit({ agents: [makeAgent("a()", { length })], steps: [makeStep("a()", first)] });
        await expect(late).rejects.toMatchObject(conflict);
        expect(await spans("a()")).toEqual([[0, 1], [1, 3]]);
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
        const other = await place.connect();
        const next = () => changesOf({ agents: [makeAgent("a()", { length: 2 })], steps: [makeStep("a()", 1)] });
        await other.commit(next(), asN1);
        await expect(store.commit(next(), asN1)).rejects.toMatchObject(conflict);
        await other[Symbol.asyncDispose]();
      });
    });

    describe("a fork", () => {
      test("begins behind what it inherits, and is listed with its parent", async () => {
        await growLineage();
        expect(await spans("fork")).toEqual([[4, 2], [6, 1]]);
        expect(await spans("fork", 5)).toEqual([[4, 2], [6, 1]]);
        expect((await store.forks(agentId("parent"))).map(({ id }) => id)).toEqual(["fork"]);
        expect((await store.forks(agentId("fork"))).map(({ id }) => id)).toEqual(["forkOfFork"]);
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
        const inherited = (await store.steps(agentId("parent"), 0)).slice(0, 2);
        await commit({ deleted: ["parent"] });
        const steps = await store.steps(agentId("fork"), 0);
        expect(steps.slice(0, 2)).toEqual(inherited.map((step) => ({ ...step, agent: "fork" })));
        expect(await spans("fork")).toEqual([[0, 1], [1, 3], [4, 2], [6, 1]]);
        expect(await spans("fork", 2)).toEqual([[1, 3], [4, 2], [6, 1]]);
        expect((await store.agent(agentId("fork")))!.parent).toEqual({ agent: "parent", index: 3, operation: 1 });
        expect(await spans("forkOfFork")).toEqual([[6, 1]]);
        await commit({ agents: [makeFork("fork", "parent", 3, 4)], steps: [makeStep("fork", 7)] });
      });

      test("of a fork owns the whole lineage when that is deleted, one by one or at once", async () => {
        await growLineage();
        await commit({ deleted: ["fork"] });
        expect(await spans("forkOfFork")).toEqual([[0, 1], [1, 3], [4, 2], [6, 1]]);
        await commit({ deleted: ["parent"] });
        expect(await spans("forkOfFork")).toEqual([[0, 1], [1, 3], [4, 2], [6, 1]]);
      });

      test("of a fork owns the whole lineage when parent and grandparent go in one commit", async () => {
        await growLineage();
        await commit({ deleted: ["parent", "fork"] });
        expect((await store.agents()).map(({ id }) => id)).toEqual(["forkOfFork"]);
        expect(await spans("forkOfFork")).toEqual([[0, 1], [1, 3], [4, 2], [6, 1]]);
        expect((await store.steps(agentId("forkOfFork"), 0)).every(({ agent }) => agent === "forkOfFork")).toBe(true);
      });

      test("made in the commit that deletes its parent owns the parent's last entries", async () => {
        await grow("parent", [2]);
        const changes = changesOf({ agents: [makeFork("fork", "parent", 3)], deleted: ["parent"], steps: [makeStep("parent", 2, 2), makeStep("fork", 4)] });
        await store.commit(changes, asN1);
        expect(await spans("fork")).toEqual([[0, 2], [2, 2], [4, 1]]);
      });

      test("is not given entries of a second agent of its parent's name", async () => {
        await growLineage();
        await commit({ deleted: ["parent"] });
        await grow("parent", [6]);
        await commit({ deleted: ["parent"] });
        expect(await spans("fork")).toEqual([[0, 1], [1, 3], [4, 2], [6, 1]]);
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
        expect(await store.agents()).toEqual([makeAgent("ab()", { length: 1 })]);
        expect(await store.invocations(agentId("ab()"))).toHaveLength(1);
        expect(await store.operations(agentId("ab()"))).toHaveLength(1);
        await grow("a()", [1]);
        expect(await store.invocations(agentId("a()"))).toEqual([]);
        expect(await store.operations(agentId("a()"))).toEqual([]);
        expect(await spans("a()")).toEqual([[0, 1]]);
      });

      test("takes along what the same commit writes of it, even if it never was", async () => {
        const row = makeInvocation("a()", "k", { state: "done", outcome: { error: "{}" } });
        const changes = changesOf({ deleted: ["a()"], steps: [makeStep("a()", 0)], invocations: [row], operations: [makeOperation("a()", 1)] });
        await store.commit(changes, asN1);
        expect(await store.agents()).toEqual([]);
        expect(await store.invocation(row.agent, row.key)).toBeUndefined();
      });

      test("may be deleted again", async () => {
        await commit({ deleted: ["a()"] });
        expect(await store.agents()).toEqual([]);
      });
    });

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
        expect((await store.invocations(a)).map(({ key }) => key)).toEqual(["k1", "k0"]);
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
        expect((await store.queue(a)).map(({ key }) => key)).toEqual(["k3", "k2", "k4"]);
        expect(await store.queue(agentId("b()"))).toEqual([]);
        expect((await store.invocation(a, invocationKey("k1")))!.outcome).toEqual({ value: "1" });
      });

      test("are deleted one by one", async () => {
        await commit({ invocations: [makeInvocation("a()", "k1"), makeInvocation("a()", "k2")] });
        const changes = emptyChanges();
        changes.invocations.set(invocationRowKey(a, invocationKey("k1")), null);
        await store.commit(changes, asN1);
        expect((await store.invocations(a)).map(({ key }) => key)).toEqual(["k2"]);
      });

      test("are the same one if they are new twice by the same call", async () => {
        const row = makeInvocation("a()", "k");
        const again = makeInvocation("a()", "k", { state: "running" });
        await commit({ invocations: [row] });
        await commit({ invocations: [again] });
        expect(again.seq).toBe(row.seq);
        expect(await store.queue(a)).toEqual([again]);
      });

      test("are refused if they are new, and another call has their key", async () => {
        await commit({ invocations: [makeInvocation("a()", "k")] });
        for (const other of [{ args: "[2]" }, { method: "decrement" }, { caller: null }]) {
          await expect(commit({ invocations: [makeInvocation("a()", "k", other)] })).rejects.toMatchObject(conflict);
        }
        expect(await store.queue(a)).toMatchObject([{ args: "[1]" }]);
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
        for (const other of [{ outcome: { value: "2" } }, { outcome: { error: "1" } }, { state: "running" as const, outcome: null }]) {
          await expect(commit({ invocations: [{ ...row, ...other }] })).rejects.toMatchObject(conflict);
        }
        expect((await store.invocation(a, row.key))!.outcome).toEqual({ value: "1" });
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
        expect(await store.promise(settled.id)).toEqual(settled);
      });

      test("is settled once by two nodes that race for it", async () => {
        await store.join(makeNode("n2"));
        await commit({ promises: [makePromise("p")] });
        const other = await place.connect();
        const settle = (payload: string) => changesOf({ promises: [makePromise("p", { state: "resolved", payload })] });
        const results = await Promise.allSettled([store.commit(settle("1"), asN1), other.commit(settle("2"), asN2)]);
        expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
        await other[Symbol.asyncDispose]();
      });

      test("is listed by state, in order of creation, and deleted", async () => {
        await commit({ promises: [makePromise("p2"), makePromise("p1", { state: "canceled" }), makePromise("p3")] });
        expect((await store.promises()).map(({ id }) => id)).toEqual(["p2", "p1", "p3"]);
        expect((await store.promises({ state: "pending" })).map(({ id }) => id)).toEqual(["p2", "p3"]);
        expect((await store.promises({ state: "pending", limit: 1 })).map(({ id }) => id)).toEqual(["p2"]);
        const changes = emptyChanges();
        changes.promises.set(promiseId("p1"), null);
        await store.commit(changes, asN1);
        expect(await store.promise(promiseId("p1"))).toBeUndefined();
      });
    });

    describe("lists", () => {
      test("agents in order of creation, by state and component, up to a limit", async () => {
        const other = digestOf(Buffer.from("other"));
        await commit({ agents: [makeAgent("z()"), makeAgent("a()", { component: other })] });
        await commit({ agents: [makeAgent("m()", { state: "failed" }), makeAgent("z()", { updatedAt: 7 })] });
        const list = async (filter?: Parameters<Store["agents"]>[0]) => (await store.agents(filter)).map(({ id }) => id);
        expect(await list()).toEqual(["z()", "a()", "m()"]);
        expect(await list({ limit: 2 })).toEqual(["z()", "a()"]);
        expect(await list({ state: "idle" })).toEqual(["z()", "a()"]);
        expect(await list({ component: other })).toEqual(["a()"]);
        expect(await list({ component: other, state: "failed" })).toEqual([]);
      });

      test("components, the newest first", async () => {
        const make = (name: string, createdAt: number) => ({ digest: digestOf(Buffer.from(name)), name, bytes: new Uint8Array(1), description: "{}", createdAt });
        await commit({ components: [make("a", 1), make("b", 3), make("c", 3), make("d", 2)] });
        expect((await store.components()).map(({ name: each }) => each)).toEqual(["c", "b", "d", "a"]);
      });

      test("who waits for a source", async () => {
        await commit({ agents: [makeAgent("a()"), makeAgent("b()")] });
        const source = promiseSource(promiseId("p"));
        const waiting = [makeOperation("a()", 4, { source }), makeOperation("b()", 2, { source })];
        await commit({ operations: [...waiting, makeOperation("b()", 3, { source: "promise p2" })] });
        expect(await store.waiters(source)).toEqual(waiting);
        await commit({ ended: [[agentId("a()"), 4]] });
        expect(await store.waiters(source)).toEqual(waiting.slice(1));
      });
    });

    describe("time", () => {
      test("is due by sleeps, timeouts of pending promises and scheduled calls, the earliest first", async () => {
        await commit({
          agents: [makeAgent("a()")],
          operations: [makeOperation("a()", 1, { dueAt: 30 }), makeOperation("a()", 2, { dueAt: 20 }), makeOperation("a()", 3)],
          promises: [
            makePromise("late", { expiresAt: 25 }),
            makePromise("soon", { expiresAt: 15 }),
            makePromise("settled", { state: "resolved", expiresAt: 5 }),
            makePromise("never"),
          ],
          invocations: [
            makeInvocation("a()", "k1", { dueAt: 12 }),
            makeInvocation("a()", "k2", { dueAt: 3, state: "running" }),
            makeInvocation("a()", "k3"),
          ],
        });
        expect(await store.nextDue()).toBe(12);
        expect(await store.due(11)).toEqual({ operations: [], promises: [], invocations: [] });
        const { operations, promises, invocations } = await store.due(25);
        expect(operations.map(({ operation }) => operation)).toEqual([2]);
        expect(promises.map(({ id }) => id)).toEqual(["soon", "late"]);
        expect(invocations.map(({ key }) => key)).toEqual(["k1"]);
        expect((await store.due(30)).operations.map(({ operation }) => operation)).toEqual([2, 1]);
      });
    });

    describe("agents that are ready", () => {
      const a = agentId("a()");
      const ready = (at = 100) => store.ready(n1, at);

      test("are created or running ones, of this node or of nobody", async () => {
        await store.join(makeNode("n2"));
        const states = ["created", "running", "suspended", "idle", "ended", "failed"] as const;
        await commit({ agents: states.map((state) => makeAgent(`${state}()`, { state })) });
        await commit({ agents: [makeAgent("mine()", { state: "running", node: n1 })] });
        await commit({ agents: [makeAgent("theirs()", { state: "running", node: n2 })] }, asN2);
        expect(await ready()).toEqual(["created()", "running()", "mine()"]);
      });

      test("have a queued call that is due, and none running", async () => {
        await commit({ agents: [makeAgent("a()"), makeAgent("b()"), makeAgent("c()")] });
        const running = makeInvocation("b()", "k1", { state: "running" });
        await commit({ invocations: [makeInvocation("a()", "k1", { dueAt: 200 }), running, makeInvocation("b()", "k2"), makeInvocation("c()", "k1")] });
        expect(await ready()).toEqual(["c()"]);
        expect(await ready(200)).toEqual(["a()", "c()"]);
        await commit({ invocations: [{ ...running, state: "done", outcome: { value: "1" } }] });
        expect(await ready()).toEqual(["b()", "c()"]);
      });

      test.each(["k", "k 1", "a() k"])("wait for a call that has ended, whatever its key: %j", async (key) => {
        await commit({ agents: [makeAgent("a()"), makeAgent('callee("x y")')] });
        const row = makeInvocation('callee("x y")', key, { state: "running" });
        await commit({ invocations: [row], operations: [makeOperation("a()", 1, { source: invocationSource(row.agent, row.key) })] });
        expect(await ready()).toEqual([]);
        row.state = "done";
        row.outcome = { value: "1" };
        await commit({ invocations: [row] });
        expect(await ready()).toEqual(["a()"]);
        await commit({ ended: [[a, 1]] });
        expect(await ready()).toEqual([]);
      });

      test("began to wait after the source had settled", async () => {
        await commit({ agents: [makeAgent("a()"), makeAgent("b()"), makeAgent("c()")] });
        const row = makeInvocation("c()", "k 1", { state: "done", outcome: { value: "1" } });
        await commit({ invocations: [row], promises: [makePromise("p q", { state: "timed-out" }), makePromise("r")] });
        await commit({ operations: [makeOperation("a()", 1, { source: invocationSource(row.agent, row.key) })] });
        await commit({ operations: [makeOperation("b()", 1, { source: promiseSource(promiseId("p q")) }), makeOperation("c()", 2, { source: "promise r" })] });
        expect(await ready()).toEqual(["a()", "b()"]);
      });

      test("wait for a promise that is settled, or for what was deleted", async () => {
        await commit({ agents: ["a()", "b()", "c()", "callee()"].map((id) => makeAgent(id)) });
        await commit({
          invocations: [makeInvocation("callee()", "k", { state: "running" })],
          promises: [makePromise("p"), makePromise("q")],
          operations: [
            makeOperation("a()", 1, { source: "promise p" }),
            makeOperation("b()", 1, { source: "invocation callee() k" }),
            makeOperation("c()", 1, { source: "promise q" }),
          ],
        });
        expect(await ready()).toEqual([]);
        await commit({ promises: [makePromise("p", { state: "rejected" })] });
        expect(await ready()).toEqual(["a()"]);
        await commit({ deleted: ["callee()"] });
        expect(await ready()).toEqual(["a()", "b()"]);
        const changes = emptyChanges();
        changes.promises.set(promiseId("q"), null);
        await store.commit(changes, asN1);
        expect(await ready()).toEqual(["a()", "b()", "c()"]);
      });
    });

    describe("nodes", () => {
      const owners = async () => Object.fromEntries((await store.agents()).map(({ id, node }) => [id, node]));

      test("claim what nobody, or nobody alive, owns", async () => {
        await store.join(makeNode("n2"));
        await store.join(makeNode("n3", { expiresAt: 50 }));
        await commit({ agents: [makeAgent("free()"), makeAgent("mine()", { node: n1 })] });
        await commit({ agents: [makeAgent("theirs()", { node: n2 })] }, asN2);
        await commit({ agents: [makeAgent("expired()", { node: nodeId("n3") })] }, { node: nodeId("n3") });
        await commit({ agents: [makeAgent("gone()", { node: nodeId("n4") })] });
        const wanted = ["theirs()", "gone()", "nobody()", "expired()", "mine()", "free()"].map(agentId);
        expect(await store.claim(n1, wanted)).toEqual(["gone()", "expired()", "mine()", "free()"]);
        expect(await owners()).toEqual({ "free()": n1, "mine()": n1, "theirs()": n2, "expired()": n1, "gone()": n1 });
      });

      test("take over all that belongs to dead ones, whose leases end", async () => {
        await store.join(makeNode("n2"));
        await commit({ agents: [makeAgent("a()", { node: n2 }), makeAgent("b()", { node: n2 })] }, asN2);
        expect(await store.claim(n1, [agentId("a()")], [n2])).toEqual(["a()"]);
        expect(await owners()).toEqual({ "a()": n1, "b()": n1 });
        expect((await store.nodes()).map(({ id }) => id)).toEqual(["n1"]);
        await expect(commit({}, asN2)).rejects.toMatchObject(conflict);
      });

      test("that were themselves taken over claim nothing", async () => {
        await commit({ agents: [makeAgent("a()")] });
        await expect(store.claim(n2, [agentId("a()")])).rejects.toMatchObject(conflict);
        expect(await owners()).toEqual({ "a()": null });
      });

      test("give up their agents when they leave", async () => {
        await store.join(makeNode("n2", { startedAt: 2 }));
        await commit({ agents: [makeAgent("a()", { node: n1 })] });
        await commit({ agents: [makeAgent("b()", { node: n2 })] }, asN2);
        await store.leave(n1);
        expect(await owners()).toEqual({ "a()": null, "b()": n2 });
        expect(await store.nodes()).toEqual([makeNode("n2", { startedAt: 2 })]);
        await store.leave(n1);
      });

      test("are joined once, however often they join", async () => {
        await store.join(makeNode("n1", { expiresAt: 5_000 }));
        expect(await store.nodes()).toEqual([makeNode("n1", { expiresAt: 5_000 })]);
      });
    });

    describe("snapshots", () => {
      const pages = [makePage("p1"), makePage("p2"), makePage("p3")];
      const old = makeSnapshot("old", pages.slice(0, 2));
      const young = makeSnapshot("young", pages.slice(1));
      const naming = ({ id }: typeof old) => ({ snapshot: { id, length: 1 } });

      test("share the pages that the store has, and keep their order", async () => {
        await commit({ snapshots: [old], pages: pages.slice(0, 2) });
        const backwards = makeSnapshot("backwards", pages.toReversed());
        await commit({ snapshots: [backwards, old], pages: pages.slice(2) });
        expect((await store.snapshot(backwards.id))!.pages).toEqual(backwards.pages);
        expect(await store.pages([pages[0]!.digest, pages[0]!.digest, "unknown"])).toEqual([pages[0]]);
      });

      test("leave a page alone that the store has", async () => {
        await commit({ pages: [pages[0]!] });
        await commit({ pages: [{ ...pages[0]!, data: new Uint8Array([9]) }] });
        expect(await store.pages([pages[0]!.digest])).toEqual([pages[0]]);
      });

      test("are refused if a page is neither there nor brought along", async () => {
        await expect(commit({ snapshots: [old], pages: [pages[0]!] })).rejects.toMatchObject(conflict);
        expect(await store.snapshot(old.id)).toBeUndefined();
      });

      test("must be there when an agent names them", async () => {
        await expect(grow("a()", [1], naming(old))).rejects.toMatchObject(conflict);
        await commit({ snapshots: [old], pages });
        await grow("a()", [1], naming(old));
      });

      test("are collected with their pages when no agent names them any more", async () => {
        await commit({ snapshots: [old, young], pages });
        await grow("a()", [1], naming(young));
        const before = await store.sizes();
        const freed = await store.collect();
        expect(freed).toEqual({ snapshots: 1, pages: 1, sizeBytes: old.manifest.length + pages[0]!.data.length });
        expect((await store.sizes()).snapshotBytes).toBe(before.snapshotBytes - freed.sizeBytes);
        expect(await store.snapshot(old.id)).toBeUndefined();
        expect(await store.snapshot(young.id)).toEqual(young);
        expect(await store.pages(young.pages)).toHaveLength(2);
        expect(await store.collect()).toEqual({ snapshots: 0, pages: 0, sizeBytes: 0 });
      });

      test("of a deleted agent stay while a fork names them", async () => {
        await commit({ snapshots: [old], pages });
        await grow("parent", [1], naming(old));
        await commit({ agents: [{ ...makeFork("fork", "parent", 0), ...naming(old) }], steps: [makeStep("fork", 1)] });
        await commit({ deleted: ["parent"] });
        expect((await store.collect()).snapshots).toBe(0);
        await commit({ deleted: ["fork"] });
        expect((await store.collect()).snapshots).toBe(1);
      });
    });

    describe("the version", () => {
      test("changes when another connection writes, and not by own commits or by reading", async () => {
        const other = await place.connect();
        const before = await store.version();
        await commit({ agents: [makeAgent("a()")] });
        await other.agents();
        expect(await store.version()).toBe(before);
        await other.commit(changesOf({ agents: [makeAgent("b()")] }), asN1);
        const after = await store.version();
        expect(after).not.toBe(before);
        expect(await store.version()).toBe(after);
        await other.claim(n1, [agentId("b()")]);
        expect(await store.version()).not.toBe(after);
        await other[Symbol.asyncDispose]();
      });

      test("does not change by a commit that was refused", async () => {
        const other = await place.connect();
        const before = await store.version();
        await expect(other.commit(emptyChanges(), asN2)).rejects.toMatchObject(conflict);
        expect(await store.version()).toBe(before);
        await other[Symbol.asyncDispose]();
      });
    });

    test("sizes count bytes, not characters, by what they are for", async () => {
      const bytes = new Uint8Array(1_000);
      const step = makeStep("a()", 0, 2);
      const pages = [makePage("p1")];
      const components = [{ digest: component, name: "c", bytes, description: "{}", createdAt: 1 }];
      const snapshots = [makeSnapshot("s", pages)];
      await commit({ components, agents: [makeAgent("a()", { length: 2 })], steps: [step], snapshots, pages });
      const { oplogBytes, snapshotBytes, componentBytes, totalBytes } = await store.sizes();
      expect({ oplogBytes, snapshotBytes, componentBytes }).toEqual({
        oplogBytes: Buffer.byteLength(step.entries),
        snapshotBytes: 3,
        componentBytes: 1_000,
      });
      expect(totalBytes).toBeGreaterThanOrEqual(oplogBytes + snapshotBytes + componentBytes);
    });

    test("a store that is closed refuses, and may be closed again", async () => {
      const other = await place.connect();
      await other[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await expect(other.commit(emptyChanges(), asN1)).rejects.toMatchObject({ code: "store/failed" });
      await expect(other.agent("a()" as AgentId)).rejects.toMatchObject({ code: "store/failed" });
    });

    test("connections see each other's commits at once", async () => {
      const other = await place.connect();
      await commit({ agents: [makeAgent("a()")] });
      expect(await other.agents()).toEqual([makeAgent("a()")]);
      await other[Symbol.asyncDispose]();
    });
  });
}
