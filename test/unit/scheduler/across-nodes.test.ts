import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { makePausable } from "./faults.ts";
import type { Node, Scene } from "./scene.ts";
import { stores } from "./scenes.ts";

/** The body of a method that ends when it is told to. */
const told = `const { promise: aborted, resolve } = Promise.withResolvers();
  signal().addEventListener("abort", () => { kept.log.push("aborted"); resolve("gave up"); });
  return aborted`;

describe.each(stores)("%s", (_store, open) => {
  let place: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    place = await open();
  });
  afterEach(() => place[Symbol.asyncDispose]());

  /** Two nodes, each with an actor of its own that is called like it. */
  async function openTwo(): Promise<{ scene: Scene; left: Node; right: Node }> {
    const { scene } = place;
    const [left, right] = [await scene.open({ pollMs: 20 }), await scene.open({ pollMs: 20 })];
    await left.act('actor("left")', "kept.log = []");
    await right.act('actor("right")', "kept.log = []");
    return { scene, left, right };
  }

  describe("a call of another node's agent that is given up", () => {
    test("never starts if it is queued", async () => {
      const { left, right } = await openTwo();
      const busy = await right.startAct('actor("right")', "await sleep(10_000); return 'done'");
      const code = await left.act(
        'actor("left")',
        `const call = actor.get("right").act("kept.log.push('begun')"); await sleep(1_000); call.cancel();
      return call.catch((e) => e.code)`,
      );
      expect(code).toBe("operation/canceled");
      expect(await right.value(busy)).toBe("done");
      expect(await right.act('actor("right")', "return kept.log")).toEqual([]);
      const rows = await left.store.invocations(agentId('actor("right")'));
      expect(rows.filter(({ outcome }) => JSON.stringify(outcome).includes("rpc/canceled"))).toHaveLength(1);
    });

    test("is told if it runs", async () => {
      const { left, right } = await openTwo();
      await left.act(
        'actor("left")',
        `const call = actor.get("right").act(args[0]); await sleep(1_000); call.cancel();
      return call.catch((e) => e.code)`,
        told,
      );
      expect(await right.act('actor("right")', "return kept.log")).toEqual(["aborted"]);
    });

    test("is told by the next owner, if its owner has died before it heard of it", async () => {
      const { scene, left, right } = await openTwo();
      const pausable = makePausable();
      const doomed = await scene.open({ pollMs: 20, wrap: pausable.wrap });
      await doomed.act('actor("doomed")', "kept.log = []");
      const called = await left.startAct(
        'actor("left")',
        `const call = actor.get("doomed").act(args[0]); await sleep(1_000); call.cancel();
      return call.catch((e) => e.code)`,
        [told],
      );
      await left.pass(500);
      pausable.pause();
      doomed.isPaused = true;
      expect(await left.value(called)).toBe("operation/canceled");
      doomed.kill();
      await right.pass(60_000);
      expect(await right.act('actor("doomed")', "return kept.log")).toEqual(["aborted"]);
    });

    test("never starts if it waited for a node, even when that comes", async () => {
      const { scene, left, right } = await openTwo();
      const body = `const call = rpc("act", ["return counter.get('c').add()"], { target: "poll://any@g" });
      await sleep(1_000); call.cancel(); return call.catch((e) => e.code)`;
      expect(await left.act('actor("left")', body)).toBe("operation/canceled");
      await scene.open({ pollMs: 20, group: { name: "g", node: "w1", slots: 1 } });
      await right.pass(5_000);
      expect(await right.store.agent(agentId('counter("c")'))).toBeUndefined();
      const [row] = (await right.store.agents()).filter(({ target }) => target);
      expect(row?.state).toBe("ended");
    });
  });

  describe("a call from outside that waits for a node", () => {
    const call = (on: Node, key: string) => {
      const callee = { agent: 'actor("far")', method: "act" };
      return on.run(on.host.call({ callee, args: "[\"return counter.get('c').add()\"]", key, target: "poll://any@g" }));
    };

    test("ends at once when it is canceled, and leaves others to the node", async () => {
      const { scene, left, right } = await openTwo();
      const [first, second] = [await call(left, "first"), await call(left, "second")];
      const outcome = right.result(first);
      expect(await left.run(left.host.cancel(first))).toBe(true);
      expect(await outcome).toMatchObject({ error: expect.stringContaining("rpc/canceled") });
      expect(await right.store.agent(first.agent)).toMatchObject({ state: "created", node: null, component: null });
      await scene.open({ pollMs: 20, group: { name: "g", node: "w1", slots: 1 } });
      expect(await left.value(second)).toBe(1);
      expect(await left.run(left.host.cancel(first))).toBe(false);
    });

    test("can be made again under another key after it was canceled", async () => {
      const { scene, left, right } = await openTwo();
      const first = await call(left, "first");
      await right.run(right.host.cancel(first));
      expect(await right.store.agent(first.agent)).toMatchObject({ state: "idle", node: null, component: null });
      const second = await call(right, "second");
      await scene.open({ pollMs: 20, group: { name: "g", node: "w1", slots: 1 } });
      expect(await left.value(second)).toBe(1);
    });
  });

  describe("a cycle of agents of two nodes", () => {
    const cycle =
      /^actor\("(?:left|right)"\) → actor\("(?:left|right)"\) → actor\("(?:left|right)"\): these agents would wait/;

    test("is found when the last call would close it, and is spelled", async () => {
      const { left } = await openTwo();
      const back = `return actor.get("left").act("return 1").catch((e) => [e.code, e.message])`;
      const [code, message] = await left.act('actor("left")', "return actor.get('right').act(args[0])", back);
      expect(code).toBe("rpc/cycle");
      expect(message).toMatch(cycle);
      expect(message.startsWith('actor("right") → actor("left")')).toBe(true);
    });

    test("is found when both close their half at once", async () => {
      const { left, right } = await openTwo();
      const call = (other: string) =>
        `await sleep(1_000); return actor.get("${other}").act("return 1").catch((e) => [e.code, e.message])`;
      const [there, here] = await Promise.all([
        left.startAct('actor("left")', call("right")),
        right.startAct('actor("right")', call("left")),
      ]);
      const outcomes = [await left.value(there), await right.value(here)];
      const found = outcomes.filter((outcome) => outcome !== 1);
      expect(found.length).toBeGreaterThan(0);
      for (const [code, message] of found) {
        expect(code).toBe("rpc/cycle");
        expect(message).toMatch(cycle);
      }
    });

    test("is found though an agent in it belongs to nobody and is not at hand", async () => {
      const { scene, left, right } = await openTwo();
      const member = await scene.open({ pollMs: 20, group: { name: "g", node: "w1", slots: 4 } });
      const waits = await left.startAct(
        'actor("left")',
        `return actor.get("third").with({ target: "poll://any@g" }).act("await promise.await(promise.create({ id: 'p' })); return actor.get('right').act('return 1')")`,
      );
      await left.pass(1_000);
      await member[Symbol.asyncDispose]();
      // right → left → third, and third is nobody's now.
      const called = await right.startAct('actor("right")', "return actor.get('left').act('return 2')");
      await right.pass(1_000);
      expect((await right.store.agent(agentId('actor("third")')))?.node).toBeNull();
      await right.act("act", "return promise.complete('p', 1)");
      await scene.open({ pollMs: 20, group: { name: "g", node: "w2", slots: 4 } });
      const outcome = await left.value(waits).catch((error) => error.code);
      expect(outcome).toBe("rpc/cycle");
      expect(await right.value(called)).toBe(2);
    });

    test("is none where a call is only triggered, or where two wait for a third", async () => {
      const { left, right } = await openTwo();
      const back = `actor.get("left").trigger.act("kept.log.push('triggered')"); return counter.get("c").add()`;
      expect(await left.act('actor("left")', "return actor.get('right').act(args[0])", back)).toBe(1);
      await right.settled();
      await left.settled();
      const both = "return counter.get('c').add()";
      const called = [await left.startAct('actor("left")', both), await right.startAct('actor("right")', both)];
      const values = [await left.value(called[0]!), await right.value(called[1]!)];
      expect(values.toSorted()).toEqual([2, 3]);
    });
  });
});
