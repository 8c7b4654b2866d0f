import { describe, expect, test } from "vitest";
import { agentId, digestOf, promiseId } from "../../../host/base/id.ts";
import { emptyChanges } from "../../../host/store/changes.ts";
import { invocationSource, promiseSource, type Store } from "../../../host/store/store.ts";
import { makeAgent, makeInvocation, makeNode, makeOperation, makePromise } from "../rows.ts";
import { asN1, asN2, n1, n2, openScene, type OpenPlace } from "../scene.ts";

/** What is listed, due and ready. */
export function describeLists(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit } = scene;

  describe("lists", () => {
    test("agents in order of creation, by state and component, up to a limit", async () => {
      const other = digestOf(Buffer.from("other"));
      await commit({ agents: [makeAgent("z()"), makeAgent("a()", { component: other })] });
      await commit({ agents: [makeAgent("m()", { state: "failed" }), makeAgent("z()", { updatedAt: 7 })] });
      const list = async (filter?: Parameters<Store["agents"]>[0]) =>
        (await scene.store.agents(filter)).map(({ id }) => id);
      expect(await list()).toEqual(["z()", "a()", "m()"]);
      expect(await list({ limit: 2 })).toEqual(["z()", "a()"]);
      expect(await list({ state: "idle" })).toEqual(["z()", "a()"]);
      expect(await list({ component: other })).toEqual(["a()"]);
      expect(await list({ component: other, state: "failed" })).toEqual([]);
    });

    test("how many agents of a component have not ended", async () => {
      const other = digestOf(Buffer.from("other"));
      const agents = [makeAgent("a()"), makeAgent("b()", { state: "ended" }), makeAgent("c()", { state: "failed" })];
      await commit({
        agents: [...agents, makeAgent("d()", { component: other }), makeAgent("e()", { state: "running" })],
      });
      const { component } = makeAgent("a()");
      expect(await scene.store.countAgents(component!)).toBe(3);
      expect(await scene.store.countAgents(other)).toBe(1);
      expect(await scene.store.countAgents(digestOf(Buffer.from("none")))).toBe(0);
    });

    test("components, the newest first", async () => {
      const make = (name: string, createdAt: number) => ({
        digest: digestOf(Buffer.from(name)),
        name,
        bytes: new Uint8Array(1),
        description: "{}",
        settings: "{}",
        createdAt,
      });
      await commit({ components: [make("a", 1), make("b", 3), make("c", 3), make("d", 2)] });
      expect((await scene.store.components()).map(({ name }) => name)).toEqual(["c", "b", "d", "a"]);
    });

    test("who waits for a source", async () => {
      await commit({ agents: [makeAgent("a()"), makeAgent("b()")] });
      const source = promiseSource(promiseId("p"));
      const waiting = [makeOperation("a()", 4, { source }), makeOperation("b()", 2, { source })];
      await commit({ operations: [...waiting, makeOperation("b()", 3, { source: "promise p2" })] });
      expect(await scene.store.waiters(source)).toEqual(waiting);
      await commit({ ended: [[agentId("a()"), 4]] });
      expect(await scene.store.waiters(source)).toEqual(waiting.slice(1));
    });
  });

  describe("time", () => {
    test("is due by sleeps, timeouts of pending promises and scheduled calls, the earliest first", async () => {
      await commit({
        agents: [makeAgent("a()")],
        operations: [
          makeOperation("a()", 1, { dueAt: 30 }),
          makeOperation("a()", 2, { dueAt: 20 }),
          makeOperation("a()", 3),
        ],
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
      expect(await scene.store.nextDue(-Infinity)).toBe(12);
      expect(await scene.store.nextDue(12)).toBe(15);
      expect(await scene.store.nextDue(30)).toBeUndefined();
      expect(await scene.store.due(n1, 11)).toEqual({ operations: [], promises: [], invocations: [] });
      const { operations, promises, invocations } = await scene.store.due(n1, 25);
      expect(operations.map(({ operation }) => operation)).toEqual([2]);
      expect(promises.map(({ id }) => id)).toEqual(["soon", "late"]);
      expect(invocations.map(({ key }) => key)).toEqual(["k1"]);
      expect((await scene.store.due(n1, 30)).operations.map(({ operation }) => operation)).toEqual([2, 1]);
    });
  });

  describe("agents that are ready", () => {
    const a = agentId("a()");
    const ready = (at = 100) => scene.store.ready(n1, at);

    test("are created or running ones, of this node or of nobody", async () => {
      await scene.store.join(makeNode("n2"));
      const states = ["created", "running", "suspended", "idle", "ended", "failed"] as const;
      await commit({ agents: states.map((state) => makeAgent(`${state}()`, { state })) });
      await commit({ agents: [makeAgent("mine()", { state: "running", node: n1 })] });
      await commit({ agents: [makeAgent("theirs()", { state: "running", node: n2 })] }, asN2);
      expect(await ready()).toEqual(["created()", "running()", "mine()"]);
    });

    test("have a queued call that is due, and none running", async () => {
      await commit({ agents: [makeAgent("a()"), makeAgent("b()"), makeAgent("c()")] });
      const running = makeInvocation("b()", "k1", { state: "running" });
      await commit({
        invocations: [
          makeInvocation("a()", "k1", { dueAt: 200 }),
          running,
          makeInvocation("b()", "k2"),
          makeInvocation("c()", "k1"),
        ],
      });
      expect(await ready()).toEqual(["c()"]);
      expect(await ready(200)).toEqual(["a()", "c()"]);
      await commit({ invocations: [{ ...running, state: "done", outcome: { value: "1" } }] });
      expect(await ready()).toEqual(["b()", "c()"]);
    });

    test.each(["k", "k 1", "a() k"])("wait for a call that has ended, whatever its key: %j", async (key) => {
      await commit({ agents: [makeAgent("a()"), makeAgent('callee("x y")')] });
      const row = makeInvocation('callee("x y")', key, { state: "running" });
      await commit({
        invocations: [row],
        operations: [makeOperation("a()", 1, { source: invocationSource(row.agent, row.key) })],
      });
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
      await commit({
        operations: [
          makeOperation("b()", 1, { source: promiseSource(promiseId("p q")) }),
          makeOperation("c()", 2, { source: "promise r" }),
        ],
      });
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
      await scene.store.commit(changes, asN1);
      expect(await ready()).toEqual(["a()", "b()", "c()"]);
    });
  });
}
