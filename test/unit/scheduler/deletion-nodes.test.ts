import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { dieAtCommit } from "../../../host/testing/dying-store.ts";
import { makePausable } from "./faults.ts";
import { Scene, type Node, type NodeOptions } from "./scene.ts";

const folder = mkdtempSync(join(tmpdir(), "planaria-deletion-nodes-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const openPlain = (scene: Scene, options: NodeOptions = {}) => scene.open({ pollMs: 20, ...options });
/** A node of the group `g`: agents with that target are its own. */
const openMember = (scene: Scene, options: NodeOptions = {}) =>
  scene.open({ pollMs: 20, group: { name: "g", node: "w1", slots: 64 }, ...options });

const remove = (node: Node, id: string, tree = false) => node.run(node.host.deleteAgent(agentId(id), { tree }));
const agentsOf = async (node: Node) => (await node.store.agents()).map(({ id }) => id as string).toSorted();

/** Told to an actor of another node: children and grandchildren here and there. */
const grow = `
  const there = { target: "poll://any@g" };
  await actor.get("here").act("await actor.get('here-there').with(args[0]).act('return 1')", there);
  await actor.get("there").with(there).act("await actor.get('there-there').act('return rpc(act, [\\"return 1\\"])')");`;
const members = ['actor("here")', 'actor("here-there")', 'actor("r")', 'actor("there")', 'actor("there-there")'];

describe.each([
  ["memory", () => new Scene()],
  [
    "SQLite",
    () => {
      const file = join(folder, `${(files += 1)}.db`);
      return new Scene((clock) => openSqliteStore({ file, now: () => clock.now() }));
    },
  ],
])("deleting an agent of another node, in %s,", (_, makeScene) => {
  async function openBoth(options: NodeOptions = {}) {
    const scene = makeScene();
    return { scene, left: await openPlain(scene, options), right: await openMember(scene, options) };
  }

  test("is done by that node, and waited for", async () => {
    const { left, right } = await openBoth();
    await left.act('actor("a")', "kept.a = 1");
    expect(await remove(right, 'actor("a")')).toBe(1);
    expect(await left.store.agent(agentId('actor("a")'))).toBeUndefined();
    expect(await left.act('actor("a")', "return kept.a ?? 'new'")).toBe("new");
  });

  test("by an agent is through when there is none, so that the next call finds a new one", async () => {
    const { left, right } = await openBoth();
    await left.act('actor("a")', "kept.a = 1");
    const body = "await actor.get('a').delete(); return actor.get('a').act('return kept.a ?? 1e3')";
    expect(await right.act('actor("b")', body)).toBe(1e3);
    expect((await right.replay('actor("b")')).mismatch).toBeNull();
  });

  test("ends what it runs, for everyone who waits", async () => {
    const { left, right } = await openBoth();
    const running = await left.startAct('actor("a")', "await sleep(1e7)");
    const waits = await right.startAct('actor("b")', "return actor.get('a').act('return 1').catch((e) => e.code)");
    await left.settled();
    const outcome = left.result(running);
    await remove(right, 'actor("a")');
    expect(await outcome).toMatchObject({ error: expect.stringContaining("agent/deleted") });
    expect(await right.value(waits)).toBe("agent/deleted");
  });

  test("is heard of by somebody outside who waits at yet another node", async () => {
    const { left, right } = await openBoth();
    await left.act('actor("a")', "kept.a = 1");
    const waits = right.result(await right.startAct('actor("a")', "await sleep(1e7)"));
    await left.settled();
    await remove(left, 'actor("a")');
    expect(await waits).toMatchObject({ error: expect.stringContaining("agent/deleted") });
  });

  test("takes out a tree that lives here and there", async () => {
    const { left, right } = await openBoth();
    await left.act('actor("r")', grow);
    await left.settled();
    const owners = new Set((await left.store.agents()).map(({ node }) => node));
    expect(owners.size).toBe(2);
    expect((await agentsOf(left)).filter((id) => id.startsWith("actor"))).toEqual(members);
    expect(await remove(left, 'actor("r")', true)).toBe(members.length + 1);
    expect(await agentsOf(right)).toEqual([]);
  });

  test("by an agent takes out such a tree, and itself if it is of it", async () => {
    const { left, right } = await openBoth();
    await left.act('actor("r")', grow);
    expect(await right.act('actor("w")', "await actor.get('r').delete({ tree: true }); return 'through'")).toBe(
      "through",
    );
    expect(await agentsOf(right)).toEqual(['actor("w")']);
    await left.act('actor("r")', grow);
    const body = "return actor.get('there').act(\"await actor.get('r').delete({ tree: true })\").catch((e) => e.code)";
    expect(await left.act('actor("w2")', body)).toBe("agent/deleted");
    await right.pass(1_000);
    expect(await agentsOf(right)).toEqual(['actor("w")', 'actor("w2")']);
  });

  test("leaves nobody behind whom it brings to life meanwhile", async () => {
    const { left, right } = await openBoth();
    const spawning = `
      for (let i = 0; ; i += 1) {
        actor.get("n" + i).with({ detached: true, target: i % 2 ? "poll://any@g" : undefined }).act("return 1");
        await sleep(1);
      }`;
    await left.startAct('actor("r")', "await actor.get('c').with({ target: 'poll://any@g' }).act(args[0])", [spawning]);
    await left.pass(100);
    expect((await agentsOf(left)).length).toBeGreaterThan(10);
    await remove(left, 'actor("r")', true);
    await right.pass(1_000);
    expect(await agentsOf(left)).toEqual([]);
  });

  test("falls to the one who asked if the owner is killed before", async () => {
    const { left, right } = await openBoth({ leaseMs: 10_000, isGone: () => false });
    await left.act('actor("r")', grow);
    await left.settled();
    right.kill();
    const asking = await left.startAct('actor("w")', "await actor.get('r').delete({ tree: true }); return 'through'");
    expect(await remove(left, 'actor("there")')).toBeLessThanOrEqual(1);
    expect(await left.value(asking)).toBe("through");
    expect(await agentsOf(left)).toEqual(['actor("w")']);
  });

  test("is done although the one who asked is killed, and its agent hears of it in its next life", async () => {
    const scene = makeScene();
    const left = await openPlain(scene, { leaseMs: 10_000, isGone: () => false });
    const pausable = makePausable();
    const right = await openMember(scene, { leaseMs: 100_000, wrap: pausable.wrap });
    await left.act('actor("r")', grow);
    await left.settled();
    pausable.pause();
    right.isPaused = true;
    const asking = await left.startAct('actor("w")', "await actor.get('r').delete({ tree: true }); return 'through'");
    await left.settled();
    left.kill();
    pausable.resume();
    right.isPaused = false;
    expect(await right.value(asking)).toBe("through");
    expect(await agentsOf(right)).toEqual(['actor("w")']);
    expect((await right.replay('actor("w")')).mismatch).toBeNull();
  });

  test("holds for the life that it was asked for", async () => {
    const scene = makeScene();
    const pausable = makePausable();
    const left = await openPlain(scene, { wrap: pausable.wrap, leaseMs: 100_000 });
    const right = await openPlain(scene, { leaseMs: 100_000 });
    await right.act('actor("a")', "kept.a = 1");
    const asking = await left.startAct('actor("w")', "await actor.get('a').delete(); return 'through'");
    await left.settled();
    pausable.pause();
    left.isPaused = true;
    await right.pass(1_000);
    expect(await right.act('actor("a")', "return (kept.a = (kept.a ?? 5) + 1)")).toBe(6);
    pausable.resume();
    left.isPaused = false;
    expect(await left.value(asking)).toBe("through");
    expect(await right.act('actor("a")', "return kept.a")).toBe(6);
  });

  test("reaches one that waits for a group without a node, and one whose group has died", async () => {
    const { left, right } = await openBoth({ leaseMs: 10_000, isGone: () => false });
    const waits = await left.startAct('actor("a")', "return rpc('act', ['return 1'], { target: 'poll://any@nobody' })");
    await left.startAct('actor("b")', "return actor.get('c').with({ target: 'poll://any@g' }).act('await sleep(1e9)')");
    await left.settled();
    const [unplaced] = (await left.store.agents()).filter(({ component }) => component === null);
    expect(await remove(left, unplaced!.id)).toBe(1);
    await expect(left.value(waits)).rejects.toMatchObject({ code: "agent/deleted" });
    right.kill();
    await left.pass(20_000);
    expect((await left.store.agent(agentId('actor("c")')))?.node).toBeNull();
    expect(await remove(left, 'actor("b")', true)).toBe(2);
    expect(await agentsOf(left)).toEqual(['actor("a")']);
  });

  test("takes one back that was to wait for a node, before anybody has heard of it", async () => {
    const { left, right } = await openBoth();
    const body = `
      for (const group of ["g", "nobody"]) rpc("act", ["return 1"], { detached: true, target: "poll://any@" + group });
      await actor.get("r").delete({ tree: true })`;
    const called = await left.startAct('actor("w")', "return actor.get('r').act(args[0]).catch((e) => e.code)", [body]);
    expect(await left.value(called)).toBe("agent/deleted");
    await right.pass(1_000);
    expect(await agentsOf(right)).toEqual(['actor("w")']);
  });

  test("is not waited for when there is nothing, nor for ever when the host is closed", async () => {
    const { scene, left, right } = await openBoth({ isGone: () => false });
    expect(await remove(left, 'actor("nobody")', true)).toBe(0);
    await left.act('actor("r")', grow);
    await left.settled();
    right.kill();
    const asking = left.host.deleteAgent(agentId('actor("there")'));
    const refusal = asking.catch((error: unknown) => error);
    await left.pass(100);
    await left[Symbol.asyncDispose]();
    expect(await refusal).toMatchObject({ code: "host/closed" });
    const next = await openPlain(scene, { isGone: () => true });
    await next.pass(1_000);
    expect(await agentsOf(next)).not.toContain('actor("there")');
  });
});

describe("of two processes, one of which dies while a tree of both is deleted,", async () => {
  const script = "await actor.get('r').act(args[0]); await actor.get('r').delete({ tree: true }); return 'through'";

  /** Lets one of the two die at a commit, and another take its place. */
  async function live(dying: "left" | "right" | null, commit: number, when: "before" | "after") {
    const scene = new Scene();
    scene.hurry = true;
    const death = dieAtCommit(commit, when);
    const wrapOf = (side: string) => (side === dying ? { wrap: death.wrap } : {});
    const right = await openMember(scene, wrapOf("right"));
    const left = await openPlain(scene, wrapOf("left"));
    const outcome = await Promise.race([play(left), death.death]);
    if (outcome !== undefined) return { outcome, node: left, commits: death.count() };
    (dying === "left" ? left : right).kill();
    const heir = await (dying === "left" ? openPlain(scene) : openMember(scene));
    const node = dying === "left" ? heir : left;
    return { outcome: await play(node), node, commits: commit };
  }

  async function play(node: Node): Promise<unknown> {
    const outcome = await node.value(await node.startAct('actor("main")', script, [grow], "main"));
    await node.settled();
    await node.pass(1_000);
    return [outcome, await agentsOf(node)];
  }

  const wanted = ["through", ['actor("main")']];
  const [{ commits: ofLeft, outcome }, { commits: ofRight }] = [
    await live("left", 0, "after"),
    await live("right", 0, "after"),
  ];

  test("all goes well if none does", () => {
    expect(outcome).toEqual(wanted);
    expect(Math.min(ofLeft, ofRight)).toBeGreaterThan(5);
  });

  test.each([
    ...Array.from({ length: ofLeft - 1 }, (_, index) => ["left", index + 2] as const),
    ...Array.from({ length: ofRight - 1 }, (_, index) => ["right", index + 2] as const),
  ])("the %s one at commit %i, the other one and an heir see it through", async (side, commit) => {
    for (const when of ["before", "after"] as const) {
      const { outcome: found, node } = await live(side, commit, when);
      expect(found).toEqual(wanted);
      expect((await node.replay('actor("main")')).mismatch).toBeNull();
    }
  });
});
