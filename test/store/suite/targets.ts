import { beforeEach, describe, expect, test } from "vitest";
import { agentId, nodeId } from "../../../host/base/id.ts";
import { fetchSource, preferenceMs, turnMs, type AgentRow, type Target } from "../../../host/store/store.ts";
import { component, makeAgent, makeInvocation, makeNode, makeOperation, makePromise } from "../rows.ts";
import { asN1, asN2, conflict, n1, n2, openScene, type OpenPlace } from "../scene.ts";

/** Which agents wait for which nodes, and who takes them. */
export function describeTargets(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit } = scene;
  const n3 = nodeId("n3");
  const any: Target = { group: "g", node: null, only: false };
  const preferring = (node: string): Target => ({ group: "g", node, only: false });
  const only = (node: string): Target => ({ group: "g", node, only: true });
  const waiting = (id: string, target: Target, fields: Partial<AgentRow> = {}) =>
    makeAgent(id, { state: "created", component: null, target, ...fields });
  const take = (node = n1, limit = 99, at = 100) => scene.store.take(node, limit, at);

  /** n1 and n2 are w1 and w2 of the group g, n3 is w3 of another. */
  beforeEach(async () => {
    await scene.store.join(makeNode("n1", { group: "g", name: "w1" }));
    await scene.store.join(makeNode("n2", { group: "g", name: "w2" }));
    await scene.store.join(makeNode("n3", { group: "h", name: "w3" }));
  });

  describe("agents with a target", () => {
    test("are given back as they were written, and keep it", async () => {
      const rows = [waiting("a()", any), waiting("b()", preferring("w1")), waiting("c()", only("w2"))];
      await commit({ agents: rows });
      expect(await scene.store.agents()).toEqual(rows);
      await commit({ agents: [{ ...rows[2]!, target: null, createdBy: agentId("x()"), type: "other", createdAt: 9 }] });
      expect(await scene.store.agent(agentId("c()"))).toEqual(rows[2]);
    });

    test("are nobody's to find by accident: they are not ready, and claimed only by nodes that they admit", async () => {
      await commit({
        agents: [waiting("a()", any), waiting("b()", only("w2"))],
        invocations: [makeInvocation("a()", "k"), makeInvocation("b()", "k")],
      });
      for (const node of [n1, n2, n3]) expect(await scene.store.ready(node, 100)).toEqual([]);
      const both = ["a()", "b()"].map(agentId);
      expect(await scene.store.claim(n3, both)).toEqual([]);
      expect(await scene.store.claim(n1, both)).toEqual(["a()"]);
      expect(await scene.store.claim(n2, both)).toEqual(["b()"]);
      expect(await scene.store.ready(n1, 100)).toEqual(["a()"]);
    });

    test("are claimed by any node that says so, but not from one that is alive", async () => {
      await commit({ agents: [waiting("a()", only("w2")), waiting("b()", any, { node: n1 })] });
      const both = ["a()", "b()"].map(agentId);
      expect(await scene.store.claim(n3, both, { anyTarget: true })).toEqual(["a()"]);
      expect(await scene.store.claim(n2, both, { anyTarget: true })).toEqual([]);
      scene.now = 1_000;
      expect(await scene.store.claim(n2, both, { anyTarget: true })).toEqual(both);
    });

    test("are taken by their group in order of creation, up to a limit, once", async () => {
      await commit({ agents: ["c()", "a()", "b()", "d()"].map((id) => waiting(id, any)) });
      expect(await take(n3)).toEqual([]);
      expect(await take(n1, 0)).toEqual([]);
      expect(await take(n2, 1)).toEqual(["c()"]);
      expect(await take(n1, 2)).toEqual(["a()", "b()"]);
      expect(await take(n1)).toEqual(["d()"]);
      expect(await take(n1)).toEqual([]);
      expect((await scene.store.agents()).map(({ node }) => node)).toEqual([n2, n1, n1, n1]);
    });

    test("are taken in order of creation whether all or one may take them, or something came for them", async () => {
      await commit({ agents: [waiting("z()", only("w1")), makeAgent("y()", { target: any }), waiting("x()", any)] });
      await commit({ agents: [waiting("w()", only("w1"))], invocations: [makeInvocation("y()", "k")] });
      expect(await take(n1, 3)).toEqual(["z()", "y()", "x()"]);
      expect(await take(n1, 3)).toEqual(["w()"]);
    });

    test("are not taken by a node without a group, nor by one that holds no lease", async () => {
      await commit({ agents: [waiting("a()", any)] });
      await scene.store.join(makeNode("plain"));
      expect(await take(nodeId("plain"))).toEqual([]);
      await expect(take(nodeId("stranger"))).rejects.toMatchObject(conflict);
      await scene.store.leave(n2);
      await expect(take(n2)).rejects.toMatchObject(conflict);
      expect((await scene.store.agent(agentId("a()")))!.node).toBeNull();
    });

    test("for one node alone wait until it is there", async () => {
      await commit({ agents: [waiting("a()", only("w4")), waiting("b()", any)] });
      expect(await take(n1, 1, 1e6)).toEqual(["b()"]);
      expect(await take(n2, 1, 1e6)).toEqual([]);
      await scene.store.join(makeNode("n4", { group: "h", name: "w4" }));
      expect(await take(nodeId("n4"))).toEqual([]);
      await scene.store.join(makeNode("n4", { group: "g", name: "w4" }));
      expect(await take(nodeId("n4"))).toEqual(["a()"]);
    });

    test("are left to the node that they prefer, for a while", async () => {
      await commit({ agents: [waiting("a()", preferring("w2"), { updatedAt: 50 }), waiting("b()", any)] });
      expect(await take(n1, 9, 50 + preferenceMs - 1)).toEqual(["b()"]);
      expect(await take(n1, 9, 50 + preferenceMs)).toEqual(["a()"]);
      await commit({ agents: [waiting("c()", preferring("w2"), { updatedAt: 50 })] });
      expect(await take(n2, 9, 50)).toEqual(["c()"]);
    });

    test.each([
      ["has left", () => scene.store.leave(n2)],
      ["has lost its lease", () => Promise.resolve((scene.now = 500))],
      ["is of another group", () => scene.store.join(makeNode("n2", { group: "h", name: "w2" }))],
    ])("are left to nobody if the node that they prefer %s", async (_, happen) => {
      await scene.store.join(makeNode("n2", { group: "g", name: "w2", expiresAt: 400 }));
      await commit({ agents: [waiting("a()", preferring("w2"), { updatedAt: 50 })] });
      expect(await take(n1, 9, 50)).toEqual([]);
      await happen();
      expect(await take(n1, 9, 50)).toEqual(["a()"]);
    });

    describe("of nodes that have slots", () => {
      const names = Array.from({ length: 300 }, (_, i) => `t${i}()`);
      const shares = async (...nodes: [string, number][]) => {
        for (const [id, slots] of nodes) await scene.store.join(makeNode(id, { group: "g", name: id, slots }));
        await commit({ agents: names.map((name) => waiting(name, any, { updatedAt: 50 })) });
        return Promise.all(nodes.map(([id]) => take(nodeId(id), 300, 50)));
      };

      test("are each in the turn of one of them, and all alike in number", async () => {
        const taken = await shares(["n1", 8], ["n2", 8], ["n4", 8]);
        expect(taken.flat().toSorted()).toEqual(names.toSorted());
        for (const part of taken) expect(Math.abs(part.length - 100)).toBeLessThanOrEqual(2);
      });

      test("are in turns as often as these have slots", async () => {
        const [one, two] = await shares(["n1", 4], ["n2", 8]);
        expect(Math.abs(one!.length - 100)).toBeLessThanOrEqual(2);
        expect(Math.abs(two!.length - 200)).toBeLessThanOrEqual(2);
      });

      test("are spread from the first few on", async () => {
        const order = new Map(
          (await shares(["n1", 8], ["n2", 8], ["n4", 8])).flatMap((ids, i) => ids.map((id) => [id, i])),
        );
        for (let first = 0; first < names.length; first += 6) {
          const six = names.slice(first, first + 6).map((name) => order.get(agentId(name)));
          for (const i of [0, 1, 2]) expect(six.filter((owner) => owner === i).length).toBeGreaterThan(0);
        }
      });

      test("are anyone's when they have waited long enough, or when the one in turn is gone", async () => {
        await scene.store.join(makeNode("n1", { group: "g", name: "w1", slots: 8 }));
        await scene.store.join(makeNode("n2", { group: "g", name: "w2", slots: 8, expiresAt: 400 }));
        await commit({ agents: names.map((name) => waiting(name, any, { updatedAt: 50 })) });
        const before = (await take(n1, 999, 50 + turnMs - 1)).length;
        expect(before).toBeLessThan(160);
        expect((await take(n1, 10, 50 + turnMs)).length).toBe(10);
        scene.now = 500;
        expect((await take(n1, 999, 50)).length).toBe(290 - before);
      });

      test("are not left to one that is full, until it says otherwise", async () => {
        await scene.store.join(makeNode("n1", { group: "g", name: "w1", slots: 8 }));
        await scene.store.join(makeNode("n2", { group: "g", name: "w2", slots: 8 }));
        await commit({ agents: names.map((name) => waiting(name, any, { updatedAt: 50 })) });
        await scene.store.offer(nodeId("n2"), { slots: 8, full: true });
        expect(await scene.store.offer(nodeId("nobody"), { slots: 8, full: true })).toBe(false);
        expect((await scene.store.nodes()).filter(({ full }) => full).map(({ id }) => id)).toEqual(["n2"]);
        expect(await take(n1, 20, 50)).toEqual(names.slice(0, 20));
        await scene.store.offer(nodeId("n2"), { slots: 8, full: false });
        expect((await take(n1, 999, 50)).length).toBeLessThan(160);
      });

      test("are not in the turn of one that has none", async () => {
        const taken = await shares(["n1", 0], ["n2", 8]);
        expect(taken.map(({ length }) => length)).toEqual([0, 300]);
      });
    });

    test("are taken if they have something to do, and only then", async () => {
      const states = ["created", "running", "suspended", "idle", "ended", "failed"] as const;
      await commit({ agents: states.map((state) => makeAgent(`${state}()`, { state, target: any })) });
      expect(await take()).toEqual(["created()", "running()"]);
      await commit({
        promises: [makePromise("p")],
        invocations: [makeInvocation("idle()", "k", { dueAt: 200 })],
        operations: [
          makeOperation("suspended()", 1, { source: "promise p" }),
          makeOperation("ended()", 1, { dueAt: 50 }),
        ],
      });
      expect(await take()).toEqual([]);
      expect(await take(n1, 9, 200)).toEqual(["idle()"]);
      await commit({ promises: [makePromise("p", { state: "resolved" })] });
      expect(await take()).toEqual(["suspended()"]);
      await commit({ operations: [makeOperation("failed()", 1, { source: fetchSource(agentId("failed()"), 1) })] });
      expect(await take()).toEqual(["failed()"]);
    });

    test("that have begun go back to their group when their node is released", async () => {
      await commit({ agents: [makeAgent("a()", { state: "running", target: any, node: n2 })] }, asN2);
      await commit({ agents: [makeAgent("b()", { state: "running", node: n2 })] }, asN2);
      expect(await take()).toEqual([]);
      await scene.store.release(n1, [n2]);
      expect(await scene.store.ready(n1, 100)).toEqual(["b()"]);
      expect(await take(n3)).toEqual([]);
      expect(await take()).toEqual(["a()"]);
    });

    test("are counted while they wait for a node of their group, whichever", async () => {
      const count = (group = "g", at = 100) => scene.store.countWaiting(group, at);
      await commit({
        agents: [
          waiting("a()", any),
          waiting("b()", only("w9")),
          waiting("c()", preferring("w2"), { updatedAt: 100 }),
          waiting("d()", { ...any, group: "h" }),
          waiting("e()", any, { node: n1 }),
          makeAgent("f()", { target: any }),
          makeAgent("g()", { target: any }),
          makeAgent("h()", { state: "created" }),
        ],
        invocations: [
          makeInvocation("a()", "k1"),
          makeInvocation("a()", "k2"),
          makeInvocation("f()", "k", { dueAt: 200 }),
        ],
      });
      expect([await count(), await count("g", 200), await count("h"), await count("nobody")]).toEqual([3, 4, 1, 0]);
      await take();
      expect([await count(), await count("g", 200)]).toEqual([2, 3]);
    });

    test("that nobody has placed do not begin what is due, and begin it once they are", async () => {
      await commit({ agents: [waiting("a()", any)], invocations: [makeInvocation("a()", "k", { dueAt: 50 })] });
      expect(await scene.store.queue(agentId("a()"))).toMatchObject([{ state: "queued", dueAt: 50 }]);
      expect(await take()).toEqual(["a()"]);
      await commit({ invocations: [makeInvocation("a()", "k2")] });
      await commit({ agents: [makeAgent("a()", { target: any, node: n1 })] });
      expect(await scene.store.ready(n1, 100)).toEqual(["a()"]);
      expect((await scene.store.queue(agentId("a()"))).map(({ key, state }) => [key, state])).toEqual([
        ["k", "queued"],
        ["k2", "queued"],
      ]);
      expect((await scene.store.due(n1, 100)).invocations.map(({ key }) => key)).toEqual(["k"]);
    });
  });

  describe("agents without a component", () => {
    test("keep the one that they get", async () => {
      await commit({ agents: [waiting("a()", any)] });
      await commit({ agents: [makeAgent("a()", { target: any })] });
      await commit({ agents: [waiting("a()", any), makeAgent("b()", { target: any })] });
      await commit({ agents: [waiting("b()", any)] });
      expect((await scene.store.agents()).map((row) => row.component)).toEqual([component, component]);
    });

    test("are found by a call that comes when they no longer wait, whichever came first", async () => {
      const refused = (id: string) => waiting(id, any, { state: "idle" });
      await commit({ agents: [waiting("a()", any), refused("b()")], invocations: [makeInvocation("a()", "k")] });
      await commit({ agents: [refused("a()")], invocations: [makeInvocation("b()", "k")] });
      expect(await scene.store.countWaiting("g", 100)).toBe(2);
      expect(await take()).toEqual(["a()", "b()"]);
    });
  });

  describe("what is due", () => {
    test("concerns a node if it owns the agent, or may", async () => {
      await commit({
        agents: [
          makeAgent("free()"),
          makeAgent("mine()", { node: n1, target: { ...any, group: "h" } }),
          makeAgent("ours()", { target: any }),
          makeAgent("w2's()", { target: only("w2") }),
          makeAgent("others()", { target: { ...any, group: "h" } }),
        ],
      });
      await commit({ agents: [makeAgent("theirs()", { node: n2 })] }, asN2);
      const ids = ["free()", "mine()", "ours()", "w2's()", "others()", "theirs()"];
      await commit({
        operations: ids.map((id) => makeOperation(id, 1, { dueAt: 50 })),
        invocations: ids.map((id) => makeInvocation(id, "k", { dueAt: 60 })),
        promises: [makePromise("p", { expiresAt: 70 })],
      });
      const dueFor = async (node: string) => {
        const { operations, invocations, promises } = await scene.store.due(nodeId(node), 100);
        expect(invocations.map(({ agent }) => agent).toSorted()).toEqual(
          operations.map(({ agent }) => agent).toSorted(),
        );
        expect(promises).toHaveLength(1);
        return new Set(operations.map(({ agent }) => agent as string));
      };
      expect(await dueFor("n1")).toEqual(new Set(["free()", "mine()", "ours()"]));
      expect(await dueFor("n2")).toEqual(new Set(["free()", "ours()", "w2's()", "theirs()"]));
      expect(await dueFor("n3")).toEqual(new Set(["free()", "others()"]));
      expect(await dueFor("stranger")).toEqual(new Set(["free()"]));
    });
  });

  describe("a fetch in flight", () => {
    const operation = makeOperation("a()", 1, { source: fetchSource(agentId("a()"), 1), dueAt: 500, attempt: 2 });

    test("is something to do as long as nobody owns its agent", async () => {
      await commit({ agents: [makeAgent("a()", { state: "suspended", node: n1 })], operations: [operation] });
      expect(await scene.store.ready(n1, 100)).toEqual([]);
      await scene.store.release(n2, [n1]);
      expect(await scene.store.ready(n2, 100)).toEqual(["a()"]);
      expect(await scene.store.claim(n2, [operation.agent])).toEqual(["a()"]);
      expect(await scene.store.ready(n2, 100)).toEqual([]);
      expect(await scene.store.operations(operation.agent)).toEqual([operation]);
      await scene.store.leave(n2);
      expect(await scene.store.ready(n3, 100)).toEqual(["a()"]);
    });

    test("is none once it has ended, or its agent's row has an owner", async () => {
      await commit({ agents: [makeAgent("a()", { state: "suspended" })], operations: [operation] });
      expect(await scene.store.ready(n1, 100)).toEqual(["a()"]);
      await commit({ agents: [makeAgent("a()", { state: "suspended", node: n1 })] });
      expect(await scene.store.ready(n1, 100)).toEqual([]);
      await commit({ agents: [makeAgent("a()", { state: "suspended" })] });
      expect(await scene.store.ready(n1, 100)).toEqual(["a()"]);
      await commit({ ended: [[operation.agent, 1]] }, asN1);
      expect(await scene.store.ready(n1, 100)).toEqual([]);
    });

    test("is not settled by being nobody's: what it waits for has not come", async () => {
      await commit({ agents: [makeAgent("a()", { state: "suspended" })], operations: [operation] });
      expect(await scene.store.settled(n1)).toEqual([]);
      expect(await scene.store.waiters(operation.source!)).toEqual([operation]);
    });
  });
}
