import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { dieAtCommit } from "../../../host/testing/dying-store.ts";
import { makePausable } from "./faults.ts";
import { Scene, type Node } from "./scene.ts";

const folder = mkdtempSync(join(tmpdir(), "planaria-trees-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Told to an actor: brings three kinds of children to life, two of which have children of their own. */
const grow = `
  const [name] = args;
  const inner = "await actor.get(args[0] + '-grandchild').act('kept.a = 1'); return rpc(act, ['return 1'])";
  await Promise.all([actor.get(name + "-child").act(inner, name), rpc(act, [inner, name + "-call"])]);
  actor.get(name + "-triggered").trigger.act("await sleep(1e7)");
  const grown = promise.create();
  if ((await fork()).kind === "forked") {
    await actor.get(name + "-of-fork").act("kept.a = 1");
    return promise.complete(grown, null);
  }
  await promise.await(grown);
  return counter.get("outside").add(1)`;
/** The root; child, call and triggered one; a grandchild and a call of each of the first two; the fork and its child. */
const treeSize = 10;

async function agentsOf(node: Node): Promise<string[]> {
  return (await node.store.agents()).map(({ id }) => id);
}

const remove = (node: Node, id: string, options = { tree: true }) =>
  node.run(node.host.deleteAgent(agentId(id), options));

describe.each([
  ["memory", () => new Scene()],
  [
    "SQLite",
    () => {
      const file = join(folder, `${Math.random()}.db`);
      return new Scene((clock) => openSqliteStore({ file, now: () => clock.now() }));
    },
  ],
])("deleting a tree, in %s,", (_, makeScene) => {
  test("takes out all that came to life by an agent, and nobody else", async () => {
    const node = await makeScene().open();
    await node.call('counter("outside").add', 1);
    await node.act('actor("r")', grow, "r");
    await node.settled();
    expect(await agentsOf(node)).toHaveLength(1 + treeSize);
    expect(await remove(node, 'actor("r")')).toBe(treeSize);
    expect(await agentsOf(node)).toEqual(['counter("outside")']);
    expect(await node.call('counter("outside").count')).toBe(2);
    expect(await remove(node, 'actor("r")')).toBe(0);
  });

  test("takes out its root alone if that is all that is asked, and the rest later", async () => {
    const node = await makeScene().open();
    await node.act('actor("r")', "await actor.get('c').act('return 1')");
    await node.settled();
    expect(await remove(node, 'actor("r")', { tree: false })).toBe(1);
    expect(await agentsOf(node)).toEqual(['actor("c")']);
    expect(await remove(node, 'actor("r")')).toBe(1);
    expect(await agentsOf(node)).toEqual([]);
  });

  test("spares an agent that the tree has called, but that somebody else brought to life", async () => {
    const node = await makeScene().open();
    await node.act('actor("other")', "await actor.get('shared').act('kept.a = 1')");
    await node.act('actor("r")', "await actor.get('shared').act('kept.a += 1')");
    expect(await remove(node, 'actor("r")')).toBe(1);
    expect(await node.act('actor("shared")', "return kept.a")).toBe(2);
  });

  test("leaves nobody behind who came to life a moment before", async () => {
    const node = await makeScene().open();
    const body = `
      for (let i = 0; i < 50; i += 1) {
        actor.get("n" + i).trigger.act("actor.get(args[0] + '-child').trigger.act('await sleep(1e7)')", "n" + i);
        await run(() => i);
      }
      await sleep(1e7)`;
    const called = await node.startAct('actor("r")', body);
    // Nothing has settled, and the threads are at work.
    expect(await remove(node, 'actor("r")')).toBeGreaterThan(0);
    await expect(node.value(called)).rejects.toMatchObject({ code: "invocation/unknown" });
    await node.settled();
    await node.pass(1_000);
    expect(await agentsOf(node)).toEqual([]);
  });

  test("by an agent of it is its own end, and what it asks for behind that does not come about", async () => {
    const node = await makeScene().open();
    const body = `
      await actor.get("c").act("await actor.get('g').act('return 1')");
      actor.get("early").trigger.act("return 1");
      void actor.get("r").delete({ tree: true });
      actor.get("late").trigger.act("return 1");
      counter.get("late").at(now() + 10).add(1)`;
    const called = await node.startAct('actor("r0")', "return actor.get('r').act(args[0])", [body]);
    await expect(node.value(called)).rejects.toMatchObject({ code: "agent/deleted" });
    await node.settled();
    await node.pass(1_000);
    expect(await agentsOf(node)).toEqual(['actor("r0")']);
  });

  test("by a grandchild reaches up to the root", async () => {
    const node = await makeScene().open();
    const body =
      "return actor.get('c').act(\"return actor.get('g').act('await actor.get(\\\\'r\\\\').delete({ tree: true })')\")";
    const called = await node.startAct('actor("r0")', "return actor.get('r').act(args[0])", [body]);
    await expect(node.value(called)).rejects.toMatchObject({ code: "agent/deleted" });
    await node.settled();
    expect(await agentsOf(node)).toEqual(['actor("r0")']);
  });

  test("tells everyone who waits for any of it, and gives up what it had asked for outside", async () => {
    const node = await makeScene().open();
    const aborted = "await new Promise((go) => signal().addEventListener('abort', go)); kept.told = true";
    await node.act('actor("outside")', "kept.told = false");
    await node.startAct(
      'actor("r")',
      "await actor.get('c').act(\"await actor.get('outside').act(args[0])\", args[0])",
      [aborted],
    );
    const waits = await node.startAct('actor("w")', "return actor.get('c').act('return 1')");
    await node.settled();
    await remove(node, 'actor("r")');
    await expect(node.value(waits)).rejects.toMatchObject({ code: "agent/deleted" });
    expect(await node.act('actor("outside")', "return kept.told")).toBe(true);
  });

  test("gives up what agents had asked for that are not at hand", async () => {
    const scene = makeScene();
    const first = await scene.open();
    const aborted = "await new Promise((go) => signal().addEventListener('abort', go)); kept.told = true";
    await first.act('actor("outside")', "kept.told = false");
    await first.startAct(
      'actor("r")',
      "await actor.get('c').act(\"await actor.get('outside').act(args[0])\", args[0])",
      [aborted],
    );
    await first.settled();
    await first[Symbol.asyncDispose]();
    const second = await scene.open();
    expect(await remove(second, 'actor("r")')).toBe(2);
    expect(await second.act('actor("outside")', "return kept.told")).toBe(true);
  });

  test("lets the next life of its root and of its members begin at once", async () => {
    const node = await makeScene().open();
    await node.act('actor("r")', "kept.a = 1; await actor.get('c').act('kept.a = 1')");
    const body = `
      await actor.get("r").delete({ tree: true });
      return Promise.all(["r", "c"].map((name) => actor.get(name).act("return kept.a ?? 'new'")))`;
    expect(await node.act('actor("w")', body)).toEqual(["new", "new"]);
  });

  test("is done once, whatever comes to life under those names afterwards, and not again by a fork", async () => {
    const node = await makeScene().open();
    await node.act('actor("r")', "await actor.get('c').act('return 1')");
    const body =
      "await actor.get('r').delete({ tree: true }); await promise.await(promise.create({ id: 'go' })); return actor.get('c').act('return kept.a')";
    const called = await node.startAct('actor("w")', body);
    await node.settled();
    await node.act('actor("r")', "await actor.get('c').act('kept.a = 1')");
    const fork = await node.run(node.host.forkAgent(called.agent));
    await node.act("act", "await promise.complete('go', 1)");
    expect([await node.value(called), await node.value({ agent: fork, key: called.key })]).toEqual([1, 1]);
  });
});

describe("a process that dies while a tree is deleted", async () => {
  const script = `
    const before = await counter.get("outside").add(1);
    const grown = await actor.get("r").act(args[0], "r");
    await actor.get("r").delete({ tree: true });
    return [before, grown, await counter.get("outside").add(1), await actor.get("r-child").act("return kept.a ?? 'new'")]`;

  /** Plays it; each host dies at the commit that `fatal` gives, until one lives to the end. */
  async function live(fatal: (life: number) => number, when: "before" | "after", scene = new Scene()) {
    scene.hurry = true;
    let commits = 0;
    for (let life = 0; ; life += 1) {
      const dying = dieAtCommit(fatal(life), when);
      const node = await scene.open({ wrap: dying.wrap, instances: 3 });
      const outcome = await Promise.race([play(node).then((value) => ({ value })), dying.death]);
      if (life === 0) commits = dying.count();
      if (outcome && dying.spare()) return { node, outcome: outcome.value, commits };
      node.kill();
    }
  }

  async function play(node: Node): Promise<unknown> {
    const outcome = await node.value(await node.startAct('actor("main")', script, [grow], "main"));
    await node.settled();
    await node.pass(1_000);
    return [outcome, (await agentsOf(node)).toSorted()];
  }

  const calm = await live(() => 0, "after");
  const wanted = [
    [1, 2, 3, "new"],
    ['actor("main")', 'actor("r-child")', 'counter("outside")'],
  ];

  test("does all that it was to do if it does not", () => {
    expect(calm.outcome).toEqual(wanted);
    expect(calm.commits).toBeGreaterThan(10);
  });

  const points = Array.from({ length: calm.commits - 1 }, (_, index) => index + 2);
  test.each(points)("at commit %i leaves it to the next one, and nobody of the tree is left", async (commit) => {
    for (const when of ["before", "after"] as const) {
      const { node, outcome } = await live((life) => (life === 0 ? commit : 0), when);
      expect(outcome).toEqual(wanted);
      expect((await node.replay('actor("main")')).mismatch).toBeNull();
      await node[Symbol.asyncDispose]();
    }
  });

  test.each([1, 2, 3, 5])("again and again, at every %ith commit more, gets to the end all the same", async (step) => {
    const file = join(folder, `again-${step}.db`);
    const scene = new Scene((clock) => openSqliteStore({ file, now: () => clock.now() }));
    expect((await live((life) => 1 + (life + 1) * step, "after", scene)).outcome).toEqual(wanted);
  });

  test("or only stands still until another has taken over, comes back to find it done", async () => {
    const scene = new Scene();
    const pausable = makePausable(calm.commits - 3);
    const first = await scene.open({ wrap: pausable.wrap, leaseMs: 10_000, instances: 3 });
    scene.hurry = true;
    const asked = play(first);
    await pausable.paused;
    first.isPaused = true;
    scene.clock.skip(11_000);
    const second = await scene.open({ leaseMs: 10_000, instances: 3 });
    expect(await play(second)).toEqual(wanted);
    pausable.resume();
    first.isPaused = false;
    expect(await asked).toEqual(wanted);
  });
});
