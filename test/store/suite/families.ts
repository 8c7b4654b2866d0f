import { beforeEach, describe, expect, test } from "vitest";
import { agentId, nodeId } from "../../../host/base/id.ts";
import { invocationSource, type AgentRow } from "../../../host/store/store.ts";
import { makeAgent, makeFork, makeInvocation, makeNode, makeOperation, makeStep } from "../rows.ts";
import { asN1, asN2, n1, n2, openScene, type OpenPlace } from "../scene.ts";

/** Who brought whom to life, and whose life is over. */
export function describeFamilies(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit } = scene;

  describe("the children of an agent", () => {
    const children = async (id: string) => (await scene.store.children(agentId(id))).map((row) => row.id);
    const createdBy = agentId("a()");

    test("are those that it brought to life, forks included, in order of creation", async () => {
      await scene.grow("a()", [1]);
      await commit({ agents: [makeAgent("z()", { createdBy }), makeAgent("other()", { createdBy: agentId("z()") })] });
      await commit({
        agents: [{ ...makeFork("fork", "a()", 0), createdBy }, makeAgent("b()", { createdBy })],
        steps: [makeStep("fork", 1)],
      });
      expect(await children("a()")).toEqual(["z()", "fork", "b()"]);
      expect(await scene.store.children(agentId("z()"))).toEqual([makeAgent("other()", { createdBy: agentId("z()") })]);
      expect(await children("other()")).toEqual([]);
    });

    test("stay its children when it is gone, and are those of one that comes to life again", async () => {
      await commit({ agents: [makeAgent("a()"), makeAgent("b()", { createdBy })] });
      await commit({ deleted: ["a()"] });
      expect(await children("a()")).toEqual(["b()"]);
      await commit({ agents: [makeAgent("b()", { createdBy: null, state: "ended" }), makeAgent("a()")] });
      expect(await children("a()")).toEqual(["b()"]);
      await commit({ deleted: ["b()"] });
      expect(await children("a()")).toEqual([]);
    });
  });

  describe("agents that have ended", () => {
    const ended = (id: string, updatedAt: number, fields: Partial<AgentRow> = {}) =>
      makeAgent(id, { state: "ended", updatedAt, ...fields });
    const done = (id: string, key = "k") => makeInvocation(id, key, { state: "done", outcome: { value: "1" } });
    const expired = (before = 1_000, limit = 99, node = n1) => scene.store.expired(node, before, limit);

    beforeEach(() => scene.store.join(makeNode("n2")));

    test("expire by the moment of their last change, the longest ended first, up to a limit", async () => {
      await commit({ agents: [ended("c()", 30), ended("a()", 10), ended("d()", 20), ended("b()", 20)] });
      expect(await expired()).toEqual(["a()", "d()", "b()", "c()"]);
      expect(await expired(20)).toEqual(["a()", "d()", "b()"]);
      expect(await expired(9)).toEqual([]);
      expect(await expired(1_000, 2)).toEqual(["a()", "d()"]);
      expect(await expired(1_000, 0)).toEqual([]);
    });

    test("are the only ones to expire", async () => {
      const states = ["created", "running", "suspended", "idle", "failed"] as const;
      await commit({ agents: states.map((state) => makeAgent(state, { state })) });
      expect(await expired()).toEqual([]);
    });

    test("expire with the node that owns them, or with anybody if nobody does who is alive", async () => {
      await scene.store.join(makeNode("n3", { expiresAt: 200 }));
      await commit({ agents: [ended("mine()", 1, { node: n1 }), ended("free()", 2)] });
      await commit({ agents: [ended("theirs()", 3, { node: n2 })] }, asN2);
      await commit({ agents: [ended("left()", 4, { node: nodeId("n3") })] }, { node: nodeId("n3") });
      expect(await expired()).toEqual(["mine()", "free()"]);
      expect(await expired(1_000, 99, n2)).toEqual(["free()", "theirs()"]);
      scene.now = 200;
      expect(await expired()).toEqual(["mine()", "free()", "left()"]);
    });

    test.each(["k", "k 1"])("stay as long as somebody waits for their outcome: %j", async (key) => {
      const callee = 'fn("x y")';
      await commit({ agents: [ended(callee, 1), makeAgent("a()")], invocations: [done(callee, key)] });
      const source = invocationSource(agentId(callee), done(callee, key).key);
      await commit({ operations: [makeOperation("a()", 1, { source })] });
      expect(await expired()).toEqual([]);
      await commit({ ended: [[agentId("a()"), 1]] }, asN1);
      expect(await expired()).toEqual([callee]);
    });

    test("stay as long as they have a call to carry out", async () => {
      const row = makeInvocation("a()", "k2");
      await commit({ agents: [ended("a()", 1)], invocations: [done("a()"), row] });
      expect(await expired()).toEqual([]);
      await commit({ invocations: [{ ...row, state: "done", outcome: { value: "2" } }] });
      expect(await expired()).toEqual(["a()"]);
    });
  });
}
