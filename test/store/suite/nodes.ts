import { describe, expect, test } from "vitest";
import { agentId, nodeId } from "../../../host/base/id.ts";
import { emptyChanges } from "../../../host/store/changes.ts";
import { changesOf, makeAgent, makeInvocation, makeNode, makeStep } from "../rows.ts";
import { asN2, conflict, n1, n2, outside, openScene, type OpenPlace } from "../scene.ts";

/** Leases, fences and owners. */
export function describeNodes(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit } = scene;

  describe("the fence", () => {
    test("refuses a node that never joined, left, or was taken over", async () => {
      await expect(commit({}, asN2)).rejects.toMatchObject(conflict);
      await scene.store.join(makeNode("n2"));
      await commit({}, asN2);
      await scene.store.release(n1, [n2]);
      await expect(commit({ agents: [makeAgent("a()")] }, asN2)).rejects.toMatchObject(conflict);
      await scene.store.leave(n1);
      await expect(commit({ agents: [makeAgent("a()")] })).rejects.toMatchObject(conflict);
      expect(await scene.store.agents()).toEqual([]);
    });

    test("lets a node whose lease has run out go on, as long as nobody took over", async () => {
      scene.now = 2_000;
      await scene.store.commit(changesOf({ agents: [makeAgent("a()", { node: n1 })] }), { node: n1, expiresAt: 3_000 });
      expect(await scene.store.nodes()).toEqual([makeNode("n1", { expiresAt: 3_000 })]);
    });

    test("renews the lease with an empty commit, and only with one that succeeds", async () => {
      await scene.store.commit(emptyChanges(), { node: n1, expiresAt: 1_500 });
      const bad = changesOf({ steps: [makeStep("nobody()", 0)] });
      await expect(scene.store.commit(bad, { node: n1, expiresAt: 9_999 })).rejects.toMatchObject(conflict);
      expect((await scene.store.nodes())[0]!.expiresAt).toBe(1_500);
    });

    test("refuses the agents of another node while it lives, and gives them once its lease has run out", async () => {
      await scene.store.join(makeNode("n2"));
      await commit({ agents: [makeAgent("a()", { node: n2 })] }, asN2);
      const row = makeAgent("a()", { node: n1 });
      await expect(commit({ agents: [row] })).rejects.toMatchObject(conflict);
      await expect(commit({ agents: [row] }, outside)).rejects.toMatchObject(conflict);
      await expect(commit({ deleted: ["a()"] })).rejects.toMatchObject(conflict);
      expect((await scene.store.agent(row.id))!.node).toBe(n2);
      scene.now = 1_000;
      await commit({ agents: [row] });
      expect((await scene.store.agent(row.id))!.node).toBe(n1);
    });

    test("lets a writer from outside queue a call, and append nothing", async () => {
      await commit(
        { agents: [makeAgent("a()", { state: "created" })], invocations: [makeInvocation("a()", "k")] },
        outside,
      );
      expect(await scene.store.queue(agentId("a()"))).toHaveLength(1);
      const step = commit({ agents: [makeAgent("a()", { length: 1 })], steps: [makeStep("a()", 0)] }, outside);
      await expect(step).rejects.toMatchObject(conflict);
    });
  });

  describe("nodes", () => {
    const owners = async () => Object.fromEntries((await scene.store.agents()).map(({ id, node }) => [id, node]));

    test("claim what nobody, or nobody alive, owns", async () => {
      await scene.store.join(makeNode("n2"));
      await scene.store.join(makeNode("n3", { expiresAt: 50 }));
      await commit({ agents: [makeAgent("free()"), makeAgent("mine()", { node: n1 })] });
      await commit({ agents: [makeAgent("theirs()", { node: n2 })] }, asN2);
      await commit({ agents: [makeAgent("expired()", { node: nodeId("n3") })] }, { node: nodeId("n3") });
      await commit({ agents: [makeAgent("gone()", { node: nodeId("n4") })] });
      const wanted = ["theirs()", "gone()", "nobody()", "expired()", "mine()", "free()"].map(agentId);
      expect(await scene.store.claim(n1, wanted)).toEqual(["gone()", "expired()", "mine()", "free()"]);
      expect(await owners()).toEqual({ "free()": n1, "mine()": n1, "theirs()": n2, "expired()": n1, "gone()": n1 });
    });

    test("release what belongs to dead ones, whose leases end", async () => {
      await scene.store.join(makeNode("n2"));
      await commit({ agents: [makeAgent("a()", { node: n2 }), makeAgent("b()", { node: n2 })] }, asN2);
      await commit({ agents: [makeAgent("c()", { node: n1 })] });
      await scene.store.release(n1, [n1, n2]);
      expect(await owners()).toEqual({ "a()": null, "b()": null, "c()": n1 });
      expect((await scene.store.nodes()).map(({ id }) => id)).toEqual(["n1"]);
      await expect(commit({}, asN2)).rejects.toMatchObject(conflict);
    });

    test("that were themselves taken over claim nothing", async () => {
      await commit({ agents: [makeAgent("a()")] });
      await expect(scene.store.claim(n2, [agentId("a()")])).rejects.toMatchObject(conflict);
      expect(await owners()).toEqual({ "a()": null });
    });

    test("give up their agents when they leave", async () => {
      await scene.store.join(makeNode("n2", { startedAt: 2 }));
      await commit({ agents: [makeAgent("a()", { node: n1 })] });
      await commit({ agents: [makeAgent("b()", { node: n2 })] }, asN2);
      await scene.store.leave(n1);
      expect(await owners()).toEqual({ "a()": null, "b()": n2 });
      expect(await scene.store.nodes()).toEqual([makeNode("n2", { startedAt: 2 })]);
      await scene.store.leave(n1);
    });

    test("are joined once, however often they join", async () => {
      await scene.store.join(makeNode("n1", { expiresAt: 5_000 }));
      expect(await scene.store.nodes()).toEqual([makeNode("n1", { expiresAt: 5_000 })]);
    });
  });
}
