import { describe, expect, test } from "vitest";
import { agentId, invocationKey, promiseId, type AgentId } from "../../../host/base/id.ts";
import { emptyChanges } from "../../../host/store/changes.ts";
import { promiseSource } from "../../../host/store/store.ts";
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
} from "../rows.ts";
import { asN1, asN2, conflict, n1, openScene, type OpenPlace } from "../scene.ts";

/** What a commit writes, what is read back, and who sees it. */
export function describeCommits(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit } = scene;

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
      const invocation = makeInvocation("a()", "k 1\n2", {
        state: "done",
        outcome: { error: "{}" },
        dueAt: 5,
        finishedAt: 9,
        cancelRequested: true,
      });
      const promise = makePromise("p1", {
        state: "resolved",
        payload: '"naïve 🪱"',
        expiresAt: 7,
        settledAt: 6,
        settledBy: { agent: agent.id, operation: 3 },
      });
      const operation = makeOperation("a()", 3, { source: "promise p9", dueAt: 4 });
      const made = {
        digest: component,
        name: "c",
        bytes: new Uint8Array(Buffer.from("component")),
        description: "{}",
        settings: "{}",
        createdAt: 3,
      };
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
      expect(await scene.store.component(component)).toEqual(made);
      const { bytes: _, ...description } = made;
      expect(await scene.store.components()).toEqual([description]);
      expect(await scene.store.agent(agent.id)).toEqual(agent);
      expect(await scene.store.agent(fork.id)).toEqual(fork);
      expect(await scene.store.steps(agent.id, 0)).toEqual([makeStep("a()", 0)]);
      expect(await scene.store.invocation(agent.id, invocation.key)).toEqual(invocation);
      expect(await scene.store.promise(promise.id)).toEqual(promise);
      expect(await scene.store.operations(agent.id)).toEqual([operation]);
      expect(await scene.store.snapshot(snapshot.id)).toEqual(snapshot);
      expect((await scene.store.pages(snapshot.pages)).toSorted((l, r) => l.data[1]! - r.data[1]!)).toEqual(
        pages.toReversed(),
      );
      expect(await scene.store.nodes()).toEqual([makeNode("n1")]);
    });

    test("replaces rows of the same key", async () => {
      await commit({
        agents: [makeAgent("a()")],
        promises: [makePromise("p")],
        operations: [makeOperation("a()", 1, { dueAt: 5 })],
      });
      await commit({
        agents: [makeAgent("a()", { state: "suspended", node: n1, updatedAt: 8 })],
        promises: [makePromise("p", { expiresAt: 9 })],
        operations: [makeOperation("a()", 1, { dueAt: 6 })],
      });
      expect(await scene.store.agents()).toEqual([makeAgent("a()", { state: "suspended", node: n1, updatedAt: 8 })]);
      expect(await scene.store.promises()).toEqual([makePromise("p", { expiresAt: 9 })]);
      expect(await scene.store.operations(agentId("a()"))).toEqual([makeOperation("a()", 1, { dueAt: 6 })]);
    });

    test.each(["", "a\0b", "line\nfeed", "🪱", "'; DROP TABLE agents; --"])(
      "takes any text as a name: %j",
      async (name) => {
        const invocation = makeInvocation("a()", name);
        await commit({
          agents: [makeAgent("a()")],
          invocations: [invocation],
          promises: [makePromise(name), makePromise("a")],
        });
        const operation = makeOperation("a()", 1, { source: promiseSource(promiseId(name)) });
        await commit({ operations: [operation] });
        expect(await scene.store.invocation(invocation.agent, invocation.key)).toEqual(invocation);
        expect(await scene.store.promise(promiseId(name))).toEqual(makePromise(name));
        await commit({ promises: [makePromise(name, { state: "canceled" })] });
        expect(await scene.store.waiters(promiseSource(promiseId(name)))).toEqual([operation]);
        expect(await scene.store.ready(n1, 0)).toEqual(["a()"]);
      },
    );

    test("finds nothing where nothing is", async () => {
      const id = agentId("nobody()");
      expect(await scene.store.component(component)).toBeUndefined();
      expect(await scene.store.agent(id)).toBeUndefined();
      expect(await scene.store.invocation(id, invocationKey("k"))).toBeUndefined();
      expect(await scene.store.promise(promiseId("p"))).toBeUndefined();
      expect(await scene.store.snapshot("s")).toBeUndefined();
      expect(await scene.store.pages(["p"])).toEqual([]);
      expect(await scene.store.steps(id, 0)).toEqual([]);
      expect(await scene.store.nextDue(-Infinity)).toBeUndefined();
    });

    test("keeps what it was given when the caller goes on changing its rows", async () => {
      const row = makeAgent("a()");
      await commit({ agents: [row] });
      row.state = "failed";
      const read = (await scene.store.agent(row.id))!;
      read.length = 99;
      expect(await scene.store.agent(row.id)).toEqual(makeAgent("a()"));
    });

    test("is all or nothing: one refused row refuses every other", async () => {
      await commit({ promises: [makePromise("p", { state: "canceled" })] });
      const refused = commit({
        components: [
          { digest: component, name: "c", bytes: new Uint8Array(1), description: "{}", settings: "{}", createdAt: 3 },
        ],
        agents: [makeAgent("a()", { length: 1 })],
        steps: [makeStep("a()", 0)],
        invocations: [makeInvocation("a()", "k")],
        operations: [makeOperation("a()", 1)],
        promises: [makePromise("new"), makePromise("p", { state: "resolved" })],
        pages: [makePage("p1")],
      });
      await expect(refused).rejects.toMatchObject(conflict);
      expect(await scene.store.agents()).toEqual([]);
      expect(await scene.store.components()).toEqual([]);
      expect(await scene.store.promises()).toEqual([makePromise("p", { state: "canceled" })]);
      expect(await scene.store.pages([makePage("p1").digest])).toEqual([]);
      await commit({ agents: [makeAgent("a()")] });
    });

    test("that is refused leaves the caller's rows without numbers", async () => {
      const row = makeInvocation("a()", "k");
      await expect(commit({ invocations: [row] })).rejects.toMatchObject(conflict);
      expect(row.seq).toBe(0);
    });
  });

  describe("the version", () => {
    test("changes when another connection writes, and not by own commits or by reading", async () => {
      const other = await scene.connect();
      const before = await scene.store.version();
      await commit({ agents: [makeAgent("a()")] });
      await other.agents();
      expect(await scene.store.version()).toBe(before);
      await other.commit(changesOf({ agents: [makeAgent("b()")] }), asN1);
      const after = await scene.store.version();
      expect(after).not.toBe(before);
      expect(await scene.store.version()).toBe(after);
      await other.claim(n1, [agentId("b()")]);
      expect(await scene.store.version()).not.toBe(after);
      await other[Symbol.asyncDispose]();
    });

    test("does not change by a commit that was refused", async () => {
      const other = await scene.connect();
      const before = await scene.store.version();
      await expect(other.commit(emptyChanges(), asN2)).rejects.toMatchObject(conflict);
      expect(await scene.store.version()).toBe(before);
      await other[Symbol.asyncDispose]();
    });
  });

  test("sizes count bytes, not characters, by what they are for", async () => {
    const bytes = new Uint8Array(1_000);
    const step = makeStep("a()", 0, 2);
    const pages = [makePage("p1")];
    const components = [{ digest: component, name: "c", bytes, description: "{}", settings: "{}", createdAt: 1 }];
    const snapshots = [makeSnapshot("s", pages)];
    await commit({ components, agents: [makeAgent("a()", { length: 2 })], steps: [step], snapshots, pages });
    const { oplogBytes, snapshotBytes, componentBytes, totalBytes } = await scene.store.sizes();
    expect({ oplogBytes, snapshotBytes }).toEqual({ oplogBytes: Buffer.byteLength(step.entries), snapshotBytes: 3 });
    // A store may compress them.
    expect(componentBytes).toBeGreaterThan(0);
    expect(componentBytes).toBeLessThanOrEqual(1_000);
    expect(totalBytes).toBeGreaterThanOrEqual(oplogBytes + snapshotBytes + componentBytes);
  });

  test("a store that is closed refuses, and may be closed again", async () => {
    const other = await scene.connect();
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await expect(other.commit(emptyChanges(), asN1)).rejects.toMatchObject({ code: "store/failed" });
    await expect(other.agent("a()" as AgentId)).rejects.toMatchObject({ code: "store/failed" });
  });

  test("connections see each other's commits at once", async () => {
    const other = await scene.connect();
    await commit({ agents: [makeAgent("a()")] });
    expect(await other.agents()).toEqual([makeAgent("a()")]);
    await other[Symbol.asyncDispose]();
  });
}
