import { beforeEach, describe, expect, test } from "vitest";
import { agentId, invocationKey, nodeId, type AgentId } from "../../../host/base/id.ts";
import { deletionSource, type AgentRequest } from "../../../host/store/store.ts";
import { makeAgent, makeInvocation, makeNode, makeOperation } from "../rows.ts";
import { asN2, conflict, n1, n2, openScene, outside, type OpenPlace } from "../scene.ts";

/** What is asked of agents that somebody else owns. */
export function describeRequests(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit } = scene;
  const a = agentId("a()");
  const ready = (node = n1) => scene.store.ready(node, 100);

  /** n2 owns a(). */
  beforeEach(async () => {
    await scene.store.join(makeNode("n2"));
    await commit({ agents: [makeAgent("a()", { state: "suspended", node: n2 })] }, asN2);
  });

  describe("a request to cancel", () => {
    const cancel = (key: string, agent: AgentId = a): AgentRequest => ({
      kind: "cancel",
      agent,
      key: invocationKey(key),
    });
    const isCanceled = async (key: string) => (await scene.store.invocation(a, invocationKey(key)))!.cancelRequested;

    test("reaches the owner of an agent, whoever asks, until it says that it knows", async () => {
      const row = makeInvocation("a()", "k", { state: "running" });
      await commit({ invocations: [row] }, asN2);
      expect(await ready(n2)).toEqual([]);
      await commit({ requests: [cancel("k")] }, outside);
      expect([await isCanceled("k"), await ready(), await ready(n2)]).toEqual([true, [], ["a()"]]);
      await commit({ invocations: [{ ...row, cancelRequested: true }] }, asN2);
      expect([await isCanceled("k"), await ready(n2)]).toEqual([true, []]);
    });

    test("is not taken back by an owner that does not know of it yet", async () => {
      const row = makeInvocation("a()", "k");
      await commit({ invocations: [row] }, asN2);
      await commit({ requests: [cancel("k")] });
      await commit({ invocations: [{ ...row, state: "running" }] }, asN2);
      expect([await isCanceled("k"), await ready(n2)]).toEqual([true, ["a()"]]);
    });

    test("that comes too late for a call is forgotten with it", async () => {
      const row = makeInvocation("a()", "k", { state: "running" });
      await commit({ invocations: [row] }, asN2);
      await commit({ requests: [cancel("k")] });
      await commit({ invocations: [{ ...row, state: "done", outcome: { value: "1" } }] }, asN2);
      expect([await isCanceled("k"), await ready(n2)]).toEqual([true, []]);
    });

    test.each([
      ["behind a running one", { state: "queued", dueAt: null }],
      ["that is scheduled", { state: "queued", dueAt: 900 }],
    ] as const)("reaches a call %s", async (_, fields) => {
      await commit(
        { invocations: [makeInvocation("a()", "k1", { state: "running" }), makeInvocation("a()", "k2", fields)] },
        asN2,
      );
      expect(await ready(n2)).toEqual([]);
      await commit({ requests: [cancel("k2")] });
      expect([await isCanceled("k1"), await isCanceled("k2"), await ready(n2)]).toEqual([false, true, ["a()"]]);
    });

    test("comes with the call that it cancels, or after one of its own", async () => {
      await commit({ invocations: [makeInvocation("a()", "k", { dueAt: 900 })], requests: [cancel("k"), cancel("k")] });
      expect([await isCanceled("k"), await ready(n2)]).toEqual([true, ["a()"]]);
    });

    test("is nothing for a call that is done or known to be canceled, for none, and for nobody", async () => {
      await commit(
        {
          invocations: [
            makeInvocation("a()", "done", { state: "done", outcome: { value: "1" } }),
            makeInvocation("a()", "known", { state: "running", cancelRequested: true }),
          ],
        },
        asN2,
      );
      await commit({ requests: [cancel("done"), cancel("known"), cancel("none"), cancel("k", agentId("nobody()"))] });
      expect([await isCanceled("done"), await isCanceled("known"), await ready(n2)]).toEqual([false, true, []]);
    });

    test("goes with the call, and with the agent", async () => {
      await commit({ invocations: [makeInvocation("a()", "k", { dueAt: 900 })] }, asN2);
      await commit({ requests: [cancel("k")] });
      await commit({ deleted: ["a()"] }, asN2);
      await commit({ agents: [makeAgent("a()")], invocations: [makeInvocation("a()", "k", { dueAt: 900 })] });
      expect([await isCanceled("k"), await ready(n2)]).toEqual([false, []]);
    });

    test("is refused with all of its commit", async () => {
      await commit({ invocations: [makeInvocation("a()", "k", { state: "running" })] }, asN2);
      await expect(commit({ requests: [cancel("k")], agents: [makeAgent("a()")] })).rejects.toMatchObject(conflict);
      expect(await isCanceled("k")).toBe(false);
    });
  });

  describe("a request to delete", () => {
    const deletion = (agent: string, tree: string | null = null): AgentRequest => ({
      kind: "delete",
      agent: agentId(agent),
      tree: tree === null ? null : agentId(tree),
    });
    const asked = async (node = n1, limit = 99) =>
      (await scene.store.deletionRequests(node, limit)).map(({ agent, tree }) => [agent, tree]);
    const isPending = (root: string, tree: boolean) => scene.store.isDeletionPending(agentId(root), { tree });

    test("reaches the owner of an agent, whoever asks, until the agent is deleted", async () => {
      await commit({ requests: [deletion("a()")] }, outside);
      expect([await asked(n1), await asked(n2)]).toEqual([[], [["a()", null]]]);
      await commit({ agents: [makeAgent("a()", { node: n2 })] }, asN2);
      expect([await asked(n2), await isPending("a()", false)]).toEqual([[["a()", null]], true]);
      await commit({ deleted: ["a()"] }, asN2);
      expect([await asked(n2), await isPending("a()", false)]).toEqual([[], false]);
    });

    test("reaches anybody if nobody who is alive owns the agent, whatever its target", async () => {
      const target = { group: "g", node: "w9", only: true };
      await commit({ agents: [makeAgent("b()", { component: null, state: "created", target }), makeAgent("c()")] });
      await commit({ requests: [deletion("c()"), deletion("a()"), deletion("b()")] });
      expect(await asked()).toEqual([
        ["b()", null],
        ["c()", null],
      ]);
      expect(await asked(n1, 1)).toEqual([["b()", null]]);
      scene.now = 1_000;
      expect((await asked()).map(([agent]) => agent)).toEqual(["a()", "b()", "c()"]);
      expect(await asked(nodeId("stranger"))).toHaveLength(3);
    });

    test("stands beside those of others, each once", async () => {
      await commit({ requests: [deletion("a()", "root()"), deletion("a()"), deletion("a()", "root()")] });
      await commit({ requests: [deletion("a()", "root()")] });
      expect(await asked(n2)).toEqual([
        ["a()", null],
        ["a()", "root()"],
      ]);
      expect([await isPending("root()", true), await isPending("root()", false)]).toEqual([true, false]);
      expect([await isPending("a()", true), await isPending("a()", false)]).toEqual([false, true]);
      await commit({ deleted: ["a()"] }, asN2);
      expect(await isPending("root()", true)).toBe(false);
    });

    test("holds for the life that it was made in", async () => {
      await commit({ requests: [deletion("a()"), deletion("nobody()")] });
      await commit({ deleted: ["a()"] }, asN2);
      await commit({ agents: [makeAgent("a()"), makeAgent("nobody()"), makeAgent("other()")] });
      expect(await asked()).toEqual([]);
    });

    test("of an agent that the same commit deletes is carried out", async () => {
      await commit({ requests: [deletion("a()")], deleted: ["a()"] }, asN2);
      await commit({ agents: [makeAgent("a()")] });
      expect(await asked()).toEqual([]);
    });
  });

  describe("who waits for a deletion", () => {
    const waiting = (agent: string, of: string) => makeOperation(agent, 1, { source: deletionSource(agentId(of)) });

    test("goes on when the agent is gone", async () => {
      await commit({ agents: [makeAgent("b()", { node: n1 })], operations: [waiting("b()", "a()")] });
      expect(await ready()).toEqual([]);
      await commit({ deleted: ["a()"] }, asN2);
      expect(await ready()).toEqual(["b()"]);
      expect(await scene.store.settled(n1)).toEqual([waiting("b()", "a()")]);
      expect(await scene.store.settled(n2)).toEqual([]);
    });

    test("goes on at once if there is no such agent, and even if there is one again", async () => {
      await commit({ agents: [makeAgent("b()", { node: n1 })], operations: [waiting("b()", 'gone("x y")')] });
      expect(await ready()).toEqual(["b()"]);
      await commit({ agents: [makeAgent('gone("x y")')] });
      expect(await ready()).toEqual(["b()"]);
    });

    test("goes on if the same commit deletes the agent, and waits if it makes it", async () => {
      await commit({ agents: [makeAgent("b()", { node: n1 }), makeAgent("c()", { node: n1 }), makeAgent("d()")] });
      await commit({
        deleted: ["d()", "never()"],
        agents: [makeAgent("new()")],
        operations: [waiting("b()", "d()"), waiting("c()", "new()")],
      });
      expect(await ready()).toEqual(["b()"]);
    });
  });
}
