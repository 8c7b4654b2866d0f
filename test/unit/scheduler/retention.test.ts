import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import type { HostError } from "../../../host/base/error.ts";
import { agentId, forkId } from "../../../host/base/id.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { Scene, type Node } from "./scene.ts";

const folder = mkdtempSync(join(tmpdir(), "planaria-retention-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

/** Longer than a host looks for what is over, from one time to the next. */
const retentionMs = 60_000;
const isGone = () => false;

const agentsOf = async (node: Node) => (await node.store.agents()).map(({ id }) => id as string).toSorted();
const countOf = async (node: Node, type: string) =>
  (await node.store.agents()).filter((row) => row.type === type).length;

interface Kind {
  scene: Scene;
  /** How many lengths of deleted agents the store keeps. */
  countPastLengths: () => number;
}

describe.each([
  [
    "memory",
    (): Kind => {
      const scene = new Scene();
      return { scene, countPastLengths: () => scene.state.pastLengths.size };
    },
  ],
  [
    "SQLite",
    (): Kind => {
      const file = join(folder, `${(files += 1)}.db`);
      const scene = new Scene((clock) => openSqliteStore({ file, now: () => clock.now(), durability: "relaxed" }));
      const countPastLengths = () => {
        using db = new DatabaseSync(file, { readOnly: true });
        return db.prepare("SELECT count(*) AS count FROM pastLengths").get()!["count"] as number;
      };
      return { scene, countPastLengths };
    },
  ],
])("what is over, in %s,", (_, makeKind) => {
  test("goes when its time has come, and nothing else does", async () => {
    const node = await makeKind().scene.open({ retentionMs });
    const fork = "const side = await fork(); return side.kind";
    const called = await node.startAct('actor("a")', fork, [], "k");
    await node.startAct("act", "await sleep(1e9)", [], "long");
    expect([await node.value(called), await node.act("act", "return 1")]).toEqual(["original", 1]);
    await node.settled();
    const phantom = forkId(called.agent, 1);
    await node.pass(retentionMs - 20_000);
    expect(await node.store.agent(phantom)).toMatchObject({ state: "ended" });
    expect(await countOf(node, "act")).toBe(2);
    await node.pass(60_000);
    expect(await node.store.agent(phantom)).toBeUndefined();
    expect((await node.store.agents()).map(({ type, state }) => `${type} ${state}`)).toEqual([
      "actor idle",
      "act suspended",
    ]);
    await expect(node.result({ agent: phantom, key: called.key })).rejects.toMatchObject({
      code: "invocation/unknown",
    });
  });

  test("is kept for ever if that is said", async () => {
    const node = await makeKind().scene.open({ retentionMs: null });
    await node.act("act", "return 1");
    await node.pass(5 * retentionMs);
    expect(await countOf(node, "act")).toBe(1);
  });

  test("makes room for a new call under the same key, which does all anew", async () => {
    const node = await makeKind().scene.open({ retentionMs });
    await node.call('counter("c").count');
    const body = `
      const id = promise.create();
      const settled = await promise.complete(id, args[0]);
      const count = await counter.get("c").add(1);
      return [settled, await promise.await(id), count, (await fork()).kind]`;
    const call = async (word: string) => node.value(await node.startAct("act", body, [word], "k"));
    expect([await call("first"), await call("second")]).toEqual([
      [true, "first", 1, "original"],
      [true, "first", 1, "original"],
    ]);
    // The second call was the first, whatever it said.
    for (const count of [2, 3]) {
      await node.settled();
      await node.pass(3 * retentionMs);
      expect(await countOf(node, "act")).toBe(0);
      // The counter still knows the calls that it was made before.
      await node.store.collect(node.scene.clock.now());
      expect(await call(`word ${count}`)).toEqual([true, `word ${count}`, count, "original"]);
    }
  });

  test("stays while an operation in flight waits for its outcome, which it gets", async () => {
    const { scene } = makeKind();
    const openMember = () =>
      scene.open({ retentionMs, isGone, pollMs: 20, group: { name: "g", node: "w1", slots: 64 }, leaseMs: 10_000 });
    const plain = await scene.open({ retentionMs, pollMs: 20, isGone, leaseMs: 10_000 });
    const member = await openMember();
    // The member's agent waits for a call that the plain node carries out: it was the first to name it.
    await plain.startAct("act", "await sleep(20_000); return 'told'", [], "k");
    const waits = await plain.startAct(
      'actor("a")',
      "return actor.get('w').with({ target: 'poll://any@g' }).act(\"return rpc('act', ['ignored'], { key: 'k' })\")",
    );
    await plain.pass(1_000);
    expect(await countOf(plain, "act")).toBe(1);
    member.kill();
    await plain.pass(5 * retentionMs);
    expect((await plain.store.agent(agentId('actor("w")')))?.state).toBe("suspended");
    expect(await countOf(plain, "act")).toBe(1);
    await openMember();
    expect(await plain.value(waits)).toBe("told");
    await plain.settled();
    await plain.pass(2 * retentionMs);
    expect(await countOf(plain, "act")).toBe(0);
  });

  test("leaves its entries to a fork that lives on", async () => {
    const node = await makeKind().scene.open({ retentionMs });
    const body =
      "kept.path = 'a'; const side = await fork(); if (side.kind === 'original') return side.fork; await sleep(1e7); kept.path += 'b'; return kept.path";
    const called = await node.startAct("act", body, [], "k");
    const fork = agentId((await node.value(called)) as string);
    await node.settled();
    await node.pass(2 * retentionMs);
    expect(await node.store.agent(called.agent)).toBeUndefined();
    expect(await node.value({ agent: fork, key: called.key })).toBe("ab");
    await node.settled();
    expect((await node.replay(fork)).mismatch).toBeNull();
  });

  test("goes although no host ran when its time came", async () => {
    const { scene } = makeKind();
    const first = await scene.open({ retentionMs });
    await first.act("act", "return 1");
    await first.settled();
    await first[Symbol.asyncDispose]();
    scene.clock.skip(2 * retentionMs);
    const second = await scene.open({ retentionMs });
    await second.settled();
    await second.pass(100);
    expect(await agentsOf(second)).toEqual([]);
  });

  test("goes by who owns it, or by anybody if nobody does who is alive", async () => {
    const { scene } = makeKind();
    const keeper = await scene.open({ retentionMs: null, isGone, leaseMs: 10_000 });
    const other = await scene.open({ retentionMs, isGone, leaseMs: 10_000 });
    await keeper.act("act", "return 'kept'");
    await other.act("act", "return 'not kept'");
    await keeper.settled();
    await other.settled();
    await other.pass(3 * retentionMs);
    expect((await other.store.agents()).map(({ state }) => state)).toEqual(["ended"]);
    keeper.kill();
    await other.pass(retentionMs);
    expect(await agentsOf(other)).toEqual([]);
  });

  test("and is called in that very moment either answers or is gone, but leaves nobody waiting", async () => {
    const { scene } = makeKind();
    const [left, right] = [await scene.open({ retentionMs }), await scene.open({ retentionMs })];
    const forks: string[] = [];
    for (let i = 0; i < 8; i += 1) {
      const body = "const side = await fork(); return side.fork";
      forks.push((await left.value(await left.startAct(`actor("a${i}")`, body))) as string);
    }
    await left.settled();
    const begin = scene.clock.now();
    const calls: Promise<unknown>[] = [];
    for (const [index, fork] of forks.entries()) {
      const wait = begin + retentionMs + (index - 2) * 4_000 - scene.clock.now();
      if (wait > 0) await left.pass(wait);
      const node = index % 2 ? left : right;
      const ref = node.host.call({ callee: { agent: fork, method: "act" }, args: '["return 1"]', key: "late" });
      calls.push(ref.then((called) => node.host.result(called)).catch((error: HostError) => ({ error: error.code })));
    }
    const outcomes = await left.run(Promise.all(calls));
    for (const outcome of outcomes as Record<string, string>[])
      expect(outcome["value"] ?? outcome["error"]).toMatch(/^1$|agent\/deleted|rpc\/unknown-agent|invocation\/unknown/);
    await left.pass(4 * retentionMs);
    expect((await left.store.agents()).every(({ state }) => state === "idle")).toBe(true);
  });

  test("goes at once if that is asked, whosever it is, but for what an operation in flight waits for", async () => {
    const { scene } = makeKind();
    const open = (node: string) =>
      scene.open({ pollMs: 20, isGone, leaseMs: 10_000, group: { name: node, node, slots: 64 } });
    const [plain, first, second] = [
      await scene.open({ pollMs: 20, isGone }),
      await open("first"),
      await open("second"),
    ];
    const on = (node: string) => `{ target: "poll://any@${node}" }`;
    await plain.act('actor("a")', `return Promise.all([1, 2].map((n) => rpc("act", ["return 1"], ${on("first")})))`);
    await plain.act("act", "return 1");
    await plain.startAct("act", "await sleep(10); return 'told'", [], "k");
    const body = "return actor.get('w').with(args[0]).act(\"return rpc(act, ['ignored'], { key: 'k' })\")";
    const waits = await plain.startAct('actor("b")', body, [{ target: "poll://any@second" }]);
    await plain.pass(5);
    second.kill();
    await plain.pass(30_000);
    expect(await countOf(plain, "act")).toBe(4);
    expect(await plain.run(plain.host.deleteEnded())).toBe(3);
    expect((await plain.store.agents()).filter(({ type }) => type === "act")).toMatchObject([{ state: "ended" }]);
    await open("second");
    expect(await plain.value(waits)).toBe("told");
    expect(first.host.busyCount).toBe(0);
  });

  test("but is called before its turn has come, is not over any more", async () => {
    const node = await makeKind().scene.open({ retentionMs: null });
    const called = await node.startAct('actor("a")', "kept.a = 1; return (await fork()).fork");
    const agent = (await node.value(called)) as string;
    await node.settled();
    const deleting = node.host.deleteEnded();
    const calling = node.host.call({ callee: { agent, method: "act" }, args: '["await sleep(10); return kept.a"]' });
    expect(await node.run(deleting)).toBe(0);
    expect(await node.value(await node.run(calling))).toBe(1);
  });

  test("goes in small batches, however much it is", async () => {
    const node = await makeKind().scene.open({ retentionMs });
    const body = "for (let i = 0; i < 450; i += 1) rpc(act, ['return 1'], { detached: true, key: args[0] + i })";
    await node.startAct('actor("a")', body, ["x"]);
    await node.settled();
    expect(await countOf(node, "act")).toBe(450);
    await node.pass(retentionMs + 15_000);
    expect(await node.act('actor("b")', "return 2")).toBe(2);
    await node.pass(1_000);
    expect(await countOf(node, "act")).toBe(0);
  });

  test("leaves a store of bounded size under a load that goes on", async () => {
    const { scene, countPastLengths } = makeKind();
    const node = await scene.open({ retentionMs });
    const call = `
      const id = promise.create();
      const calls = [1, 2, 3].map((n) => rpc(act, ["return args[0]", n]));
      rpc(act, ["await sleep(5); return 1"], { detached: true });
      await fork();
      await promise.complete(id, "x".repeat(200));
      return (await Promise.all(calls)).length`;
    const grow =
      "kept.text = (kept.text ?? '') + 'x'.repeat(50_000); for (let i = 0; i < 400; i += 1) await run(() => i)";
    const seen: { bytes: number; snapshots: number; agents: number; promises: number; past: number }[] = [];
    for (let round = 0; round < 24; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, async (_each, i) =>
          node.value(await node.startAct("act", call, [], `round ${round}, call ${i}`)),
        ),
      );
      const name = `actor("of round ${round}")`;
      await node.act(name, grow);
      await node.settled();
      await node.run(node.host.deleteAgent(agentId(name), { tree: true }));
      const { oplogBytes: bytes, snapshotBytes: snapshots } = await node.store.sizes();
      await node.pass(20_000);
      const promises = (await node.store.promises()).length;
      seen.push({ bytes, snapshots, agents: (await node.store.agents()).length, promises, past: countPastLengths() });
    }
    // 24 rounds of 10 calls, each with 4 calls and a fork of its own.
    const [early, late] = [seen.slice(4, 14), seen.slice(-10)];
    for (const key of ["bytes", "snapshots", "agents", "promises", "past"] as const) {
      const most = Math.max(...early.map((each) => each[key]));
      expect(most, key).toBeGreaterThan(0);
      for (const each of late) expect(each[key], key).toBeLessThanOrEqual(1.5 * most);
    }
    await node.pass(10 * retentionMs);
    expect(await agentsOf(node)).toEqual([]);
    await node[Symbol.asyncDispose]();
  });
});

test("a retention that is no span of time is refused", async () => {
  for (const bad of [-1, NaN, Infinity])
    await expect(new Scene().open({ retentionMs: bad })).rejects.toMatchObject({ code: "host/bad-option" });
});
