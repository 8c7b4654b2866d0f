import { describe, expect, test } from "vitest";
import { agentId, promiseId } from "../../../host/base/id.ts";
import { promiseSource, type PromiseRow } from "../../../host/store/store.ts";
import { makeAgent, makeFork, makeInvocation, makeOperation, makePromise, makeStep } from "../rows.ts";
import { openScene, type OpenPlace } from "../scene.ts";

/** What is collected beside snapshots: see there. */
export function describeCollections(open: OpenPlace): void {
  const scene = openScene(open);
  const { commit, grow } = scene;
  const id = agentId("a()");
  /** Collects what is over and as old as that; the scene's time is 100. */
  const collect = (before: number | null = 100) => scene.store.collect(before);

  describe("past lengths", () => {
    const past = () => scene.store.pastLength(id);
    const live = async () => {
      await grow("a()", [1, 3]);
      await commit({ deleted: ["a()"] });
    };

    test("are forgotten when they are old and nothing names the agent any more", async () => {
      await live();
      expect(await collect(99)).toMatchObject({ pastLengths: 0 });
      expect(await collect(null)).toMatchObject({ pastLengths: 0 });
      expect(await past()).toBe(4);
      expect(await collect()).toMatchObject({ pastLengths: 1 });
      expect(await past()).toBe(0);
      expect(await collect()).toMatchObject({ pastLengths: 0 });
    });

    test("stay while the agent lives again, and count on", async () => {
      await live();
      await grow("a()", [2]);
      expect(await collect()).toMatchObject({ pastLengths: 0 });
      scene.now = 200;
      await commit({ deleted: ["a()"] });
      expect(await collect()).toMatchObject({ pastLengths: 0 });
      expect(await past()).toBe(6);
      expect(await collect(200)).toMatchObject({ pastLengths: 1 });
    });

    test.each<[what: string, names: () => Promise<void>, forgets: () => Promise<void>]>([
      [
        "an agent that it brought to life",
        () => commit({ agents: [makeAgent("b()", { createdBy: id })] }),
        () => commit({ deleted: ["b()"] }),
      ],
      [
        "a call that it made",
        () =>
          commit({
            agents: [makeAgent("b()")],
            invocations: [makeInvocation("b()", "k", { caller: { agent: id, operation: 1 } })],
          }),
        () => commit({ deleted: ["b()"] }),
      ],
      [
        "a promise that it made",
        () => commit({ promises: [makePromise("p", { createdBy: id })] }),
        async () => {
          await commit({ promises: [makePromise("p", { createdBy: id, state: "canceled", settledAt: 5 })] });
          await collect();
        },
      ],
      [
        "a promise that it settled",
        () =>
          commit({
            agents: [makeAgent("b()")],
            promises: [
              makePromise("p", {
                createdBy: agentId("b()"),
                state: "canceled",
                settledAt: 5,
                settledBy: { agent: id, operation: 1 },
              }),
            ],
          }),
        async () => {
          await commit({ deleted: ["b()"] });
          await collect();
        },
      ],
    ])("stay while the store has %s", async (_, names, forgets) => {
      await live();
      await names();
      expect(await collect()).toMatchObject({ pastLengths: 0 });
      expect(await past()).toBe(4);
      await forgets();
      await collect();
      expect(await past()).toBe(0);
    });

    test("stay while something names a fork of the agent, whose operations it inherited", async () => {
      await grow("a()", [1]);
      await commit({ agents: [makeFork("a()[f]", "a()", 0)], steps: [makeStep("a()[f]", 1)] });
      await commit({ agents: [makeAgent("b()", { createdBy: agentId("a()[f]") })] });
      await commit({ deleted: ["a()", "a()[f]"] });
      expect(await collect()).toMatchObject({ pastLengths: 0 });
      await commit({ deleted: ["b()"] });
      await collect();
      expect(await past()).toBe(0);
    });
  });

  describe("promises", () => {
    const settled: Partial<PromiseRow> = { state: "resolved", payload: "1", settledAt: 50, createdBy: id };
    const isThere = async () => (await scene.store.promise(promiseId("p"))) !== undefined;

    test("are collected when they were settled long ago and who made them is gone", async () => {
      await grow("a()", [1]);
      await commit({ promises: [makePromise("p", settled)] });
      expect(await collect()).toMatchObject({ promises: 0 });
      await commit({ deleted: ["a()"] });
      expect(await collect(49)).toMatchObject({ promises: 0 });
      expect(await collect(null)).toMatchObject({ promises: 0 });
      expect(await isThere()).toBe(true);
      expect(await collect(50)).toMatchObject({ promises: 1 });
      expect(await isThere()).toBe(false);
    });

    test("stay as long as they are pending", async () => {
      await commit({ promises: [makePromise("p", { createdBy: id })] });
      expect(await collect()).toMatchObject({ promises: 0 });
      expect(await isThere()).toBe(true);
    });

    test("stay as long as an operation in flight waits for them", async () => {
      const source = promiseSource(promiseId("p"));
      await commit({ agents: [makeAgent("b()")], operations: [makeOperation("b()", 1, { source })] });
      await commit({ promises: [makePromise("p", settled)] });
      expect(await collect()).toMatchObject({ promises: 0 });
      await commit({ ended: [[agentId("b()"), 1]] });
      expect(await collect()).toMatchObject({ promises: 1 });
    });
  });

  test("a collection counts what it leaves", async () => {
    expect((await collect()).kept).toBe(0);
    await commit({
      agents: [makeAgent("b()")],
      invocations: [makeInvocation("b()", "k")],
      promises: [makePromise("p")],
    });
    expect((await collect()).kept).toBe(3);
  });
}
