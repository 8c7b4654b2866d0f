import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import type { Store } from "../../../host/store/store.ts";
import { dieAtCommit, intercept } from "../../../host/testing/dying-store.ts";
import { makePausable } from "./faults.ts";
import type { Node, NodeOptions, Scene } from "./scene.ts";
import { stores } from "./scenes.ts";

const seat = (node: string, slots = 64) => ({ group: { name: "g", node, slots }, pollMs: 20 });
const openMember = (scene: Scene, node: string, options: NodeOptions = {}) => scene.open({ ...seat(node), ...options });

/** Each of so many calls adds 1 to one counter, and gives its number back. */
const count = (calls: number) =>
  `const body = "await counter.get('all').add(1); return args[0]";
  const calls = Array.from({ length: ${calls} }, (_, i) => rpc("act", [body, i], { target: "poll://any@g" }));
  return (await Promise.all(calls)).every((value, i) => value === i)`;

/** What is true however the nodes of a group died: each call was carried out once, and each agent replays. */
async function review(node: Node, calls: number): Promise<void> {
  expect(await node.call('counter("all").count')).toBe(calls);
  expect(new Set(await node.call('counter("all").calls')).size).toBe(calls);
  await node.settled();
  const rows = (await node.store.agents()).filter(({ target }) => target);
  expect(rows.map(({ state }) => state)).toEqual(Array(calls).fill("ended"));
  for (const { id } of rows.slice(0, 10)) expect((await node.replay(id)).mismatch).toBeNull();
}

describe.each(stores)("%s", (_store, open) => {
  let place: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    place = await open();
  });
  afterEach(() => place[Symbol.asyncDispose]());

  describe("a node of a group that is killed", () => {
    const points = [1, 2, 3, 4, 5, 8].flatMap((commit) => [["before", commit] as const, ["after", commit] as const]);
    test.each(points)("%s its commit %i leaves its calls to others, and none happens twice", async (when, commit) => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20 });
      // Counted from the calls on, not from what it takes to join.
      const trial = dieAtCommit(Infinity, when);
      await (await openMember(scene, "w0", { wrap: trial.wrap }))[Symbol.asyncDispose]();
      const dying = dieAtCommit(trial.count() + commit, when);
      const first = await openMember(scene, "w1", { wrap: dying.wrap });
      const called = await plain.startAct('actor("a")', count(64));
      await scene.run(Promise.race([dying.death, plain.host.result(called)]), plain);
      first.kill();
      await openMember(scene, "w2");
      expect(await plain.value(called)).toBe(true);
      await review(plain, 64);
    });

    test("while others of the group are alive loses nothing to them for long", async () => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20 });
      const first = await openMember(scene, "w1");
      await openMember(scene, "w2");
      const called = await plain.startAct('actor("a")', count(200));
      await plain.pass(25);
      first.kill();
      expect(await plain.value(called)).toBe(true);
      await review(plain, 200);
    });

    test("of which nobody knows is waited for until its lease is over", async () => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20, isGone: () => false, leaseMs: 10_000 });
      const first = await openMember(scene, "w1", { isGone: () => false, leaseMs: 10_000 });
      const called = await plain.startAct(
        'actor("a")',
        "return rpc('act', ['await sleep(1_000); return 1'], { target: 'poll://any@g' })",
      );
      await plain.pass(200);
      const begin = scene.clock.now();
      first.kill();
      await openMember(scene, "w2", { isGone: () => false, leaseMs: 10_000 });
      expect(await plain.value(called)).toBe(1);
      expect(scene.clock.now() - begin).toBeGreaterThan(5_000);
    });
  });

  describe("a node of a group that is paused", () => {
    test("until others have taken over what it had adds nothing to it when it goes on", async () => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20, leaseMs: 10_000 });
      const pausable = makePausable();
      const first = await openMember(scene, "w1", { leaseMs: 10_000, wrap: pausable.wrap });
      const called = await plain.startAct('actor("a")', count(64));
      await plain.pass(21);
      pausable.pause();
      first.isPaused = true;
      await openMember(scene, "w2", { leaseMs: 10_000 });
      expect(await plain.value(called)).toBe(true);
      pausable.resume();
      first.isPaused = false;
      await review(plain, 64);
      // It has joined again, and takes calls.
      const own = `return rpc("act", ["return 'still here'"], { target: "poll://uni@g/w1" })`;
      expect(await plain.act('actor("b")', own)).toBe("still here");
    });

    test("between taking agents and bringing them to life finds them again, if nobody else has", async () => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20, leaseMs: 10_000 });
      const pausable = makePausable();
      const first = await openMember(scene, "w1", { leaseMs: 10_000, wrap: pausable.wrap });
      const called = await plain.startAct('actor("a")', count(10));
      await plain.pass(21);
      pausable.pause();
      first.isPaused = true;
      await plain.pass(30_000);
      pausable.resume();
      first.isPaused = false;
      expect(await plain.value(called)).toBe(true);
      await review(plain, 10);
    });
  });

  describe("a node of a group that leaves", () => {
    test("while its agents sleep leaves them to the next, which takes up no more at once than it has slots", async () => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20 });
      const first = await openMember(scene, "w1");
      const body = `const calls = Array.from({ length: 20 }, (_, i) => rpc("act", ["await sleep(60_000); return args[0]", i], { target: "poll://any@g" }));
      return Promise.all(calls)`;
      const called = await plain.startAct('actor("a")', body);
      await plain.pass(1_000);
      await first[Symbol.asyncDispose]();
      await plain.pass(120_000);
      let most = 0;
      const watch = (store: Store) =>
        intercept(store, async (_, call) => {
          const { id } = (await store.nodes()).find(({ name }) => name === "w2") ?? {};
          const own = (await store.agents()).filter(
            ({ node, target, state }) => target && node === id && state !== "ended",
          );
          most = Math.max(most, own.length);
          return call();
        });
      await openMember(scene, "w2", { ...seat("w2", 2), wrap: watch });
      expect(await plain.value(called)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(4);
    });

    test("gives back at once what it has not begun, and what waits", async () => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20 });
      const first = await openMember(scene, "w1", { leaseMs: 1e9, isGone: () => false });
      const second = await openMember(scene, "w2", { leaseMs: 1e9, isGone: () => false });
      const body = `const calls = Array.from({ length: 20 }, (_, i) => rpc("act", ["await sleep(60_000); return 1"], { target: "poll://any@g" }));
      return (await Promise.all(calls)).length`;
      const called = await plain.startAct('actor("a")', body);
      await plain.pass(1_000);
      await first[Symbol.asyncDispose]();
      const begin = scene.clock.now();
      expect(await plain.value(called)).toBe(20);
      expect(scene.clock.now() - begin).toBeLessThan(70_000);
      const owners = new Set((await plain.store.agents()).filter(({ target }) => target).map(({ node }) => node));
      const { id } = (await plain.store.nodes()).find(({ name }) => name === "w2")!;
      expect([...owners]).toEqual([id]);
      await second[Symbol.asyncDispose]();
    });

    test("before it serves has taken nothing", async () => {
      const { scene } = place;
      const plain = await scene.open({ pollMs: 20 });
      await plain.startAct('actor("a")', count(10));
      const rows = () => plain.store.agents().then((agents) => agents.filter(({ target }) => target));
      const other = await openMember(scene, "w9", { group: { name: "other", node: "w9", slots: 64 } });
      await plain.pass(5_000);
      await other[Symbol.asyncDispose]();
      const waiting = await rows();
      expect(waiting).toHaveLength(10);
      for (const row of waiting) expect(row).toMatchObject({ component: null, node: null });
      expect(await plain.store.agent(agentId('counter("all")'))).toBeUndefined();
    });
  });
});
