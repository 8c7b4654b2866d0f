import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { agentId, forkId, invocationKey } from "../../../host/base/id.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { Scene } from "./scene.ts";

const folder = mkdtempSync(join(tmpdir(), "planaria-deletion-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ["memory", new Scene()],
  ["SQLite", new Scene((clock) => openSqliteStore({ file: join(folder, "store.db"), now: () => clock.now() }))],
])("deleting an agent, in %s,", async (_, scene) => {
  const node = await scene.open();
  const remove = (id: string) => node.run(node.host.deleteAgent(agentId(id)));

  test("takes it out with all that it knew, and the next call makes a new one", async () => {
    await node.call('counter("a").add', 5);
    expect(await remove('counter("a")')).toBe(1);
    expect(await node.store.agent(agentId('counter("a")'))).toBeUndefined();
    expect(await node.call('counter("a").add', 1)).toBe(1);
    expect(await remove('counter("nobody")')).toBe(0);
  });

  test("lets calls that come at the same time reach the new one", async () => {
    await node.call('counter("b").add', 5);
    const [deleted, called] = await Promise.all([remove('counter("b")'), node.start('counter("b").add', [1])]);
    expect([deleted, await node.value(called)]).toEqual([1, 1]);
    const body =
      "await actor.get('c').delete(); return Promise.all([actor.get('c').act('return kept.a ?? 0'), actor.get('c').act('return 2')])";
    await node.act('actor("c")', "kept.a = 1");
    expect(await node.act('actor("c1")', body)).toEqual([0, 2]);
  });

  test("refuses a call that its own step makes after it", async () => {
    await node.act('actor("d")', "kept.a = 1");
    const body = "actor.get('d').delete(); try { await actor.get('d').act('return 1') } catch (e) { return e.code }";
    expect(await node.act('actor("d1")', body)).toBe("agent/deleting");
  });

  test("fails its invocations, running and queued, for everyone who waits", async () => {
    const running = await node.startAct('actor("e")', "await sleep(1e6)");
    const waits = await node.startAct('actor("e1")', "return actor.get('e').act('return 1')");
    await node.settled();
    const outcomes = [running, waits].map((each) => node.result(each));
    await remove('actor("e")');
    for (const outcome of await Promise.all(outcomes))
      expect(outcome).toMatchObject({ error: expect.stringContaining("agent/deleted") });
  });

  test("gives up the calls that it had made, and frees who is waited for", async () => {
    await node.startAct(
      'actor("f")',
      "await actor.get('f1').act(\"await new Promise((go) => signal().addEventListener('abort', go)); kept.told = true\")",
    );
    await node.settled();
    await remove('actor("f")');
    expect(await node.act('actor("f1")', "return kept.told")).toBe(true);
  });

  test("by itself ends its own invocation", async () => {
    await node.act('actor("g")', "kept.a = 1");
    const called = await node.startAct(
      'actor("g1")',
      "return actor.get('g').act(\"await actor.get('g').delete(); return 'never'\")",
    );
    await expect(node.value(called)).rejects.toMatchObject({ code: "agent/deleted" });
    await node.settled();
    expect(await node.act('actor("g")', "return kept.a ?? 'new'")).toBe("new");
  });

  test("by itself while it forks leaves no fork", async () => {
    await node.startAct('actor("h")', "await sleep(1); void fork(); void actor.get('h').delete(); void sleep(5)");
    await node.settled();
    await node.pass(1_000);
    expect((await node.store.agents()).filter(({ type, params }) => type === "actor" && params === '["h"]')).toEqual(
      [],
    );
  });

  test("leaves its forks whole, whether the store knew of them before or not", async () => {
    const body =
      "kept.a = 1; const side = await fork(); await promise.await(promise.create({ id: args[0] })); kept.a += 1; return kept.a";
    const called = await node.startAct('actor("i")', body, ["go on"], "k");
    // Neither the fork nor what it inherits is durable yet.
    await remove('actor("i")');
    const fork = { agent: forkId(agentId('actor("i")'), 1), key: called.key };
    await node.act("act", "promise.create({ id: 'go on' }); await promise.complete('go on', 1)");
    expect(await node.value(fork)).toBe(2);
    await node.settled();
    expect((await node.replay(fork.agent)).mismatch).toBeNull();
    expect(await node.act(fork.agent, "return kept.a")).toBe(2);
  });

  test("by an agent leaves a fork whole that was made a moment ago", async () => {
    const forking = `
      kept.a = 1;
      const side = await fork();
      if (side.kind === "original") await promise.complete("forked", side.fork);
      await promise.await("go on, fork");
      return (kept.a += 1)`;
    const body = `
      for (const id of ["forked", "go on, fork"]) promise.create({ id });
      // Nobody waits outside: from here on, nothing is written before the parent is gone.
      for (let i = 0; i < 5; i += 1) await run(() => i);
      actor.get("n").with({ key: "k", detached: true }).act(args[0]);
      const id = await promise.await("forked");
      await actor.get("n").delete();
      await promise.complete("go on, fork", 1);
      return id`;
    const called = await node.startAct('actor("n1")', body, [forking]);
    const fork = agentId((await node.value(called)) as string);
    expect(await node.value({ agent: fork, key: invocationKey("k") })).toBe(2);
    expect(await node.store.agent(agentId('actor("n")'))).toBeUndefined();
    expect((await node.replay(fork)).mismatch).toBeNull();
  });

  test("leaves the forks of its forks whole, after both have gone", async () => {
    const called = await node.startAct(
      'actor("j")',
      "kept.path = ''; for (const _ of [1, 2]) kept.path += (await fork()).kind[0]; return kept.path",
      [],
      "k",
    );
    expect(await node.value(called)).toBe("oo");
    await node.settled();
    const child = forkId(agentId('actor("j")'), 1);
    const grandchild = forkId(child, 2);
    await remove('actor("j")');
    await remove(child);
    expect(await node.act(grandchild, "return kept.path")).toBe("ff");
    expect((await node.replay(grandchild)).mismatch).toBeNull();
  });

  test("lets the one that comes after make calls, promises and forks of its own", async () => {
    const body = `
      const side = await fork();
      const id = promise.create();
      const settled = await promise.complete(id, side.kind);
      return [settled, await promise.await(id), await counter.get("again").add(1), side.fork ?? side.id]`;
    const seen: unknown[][] = [];
    for (const key of ["first", "second", "third"]) {
      const called = await node.startAct('actor("l")', body, [], key);
      seen.push(await node.value(called));
      await node.value({ agent: agentId(seen.at(-1)![3] as string), key: called.key });
      await remove('actor("l")');
    }
    expect(seen.map(([settled, value]) => [settled, value])).toEqual(
      Array.from({ length: 3 }, () => [true, "original"]),
    );
    expect(new Set(seen.map(([, , , fork]) => fork)).size).toBe(3);
    expect(await node.call('counter("again").count')).toBe(6);
  });

  test("is done once, and spares who comes under the same name afterwards", async () => {
    await node.call('counter("k").add', 1);
    const body =
      "await counter.get('k').delete(); await promise.await(promise.create({ id: 'k' })); return counter.get('k').count()";
    const called = await node.startAct('actor("k1")', body);
    await node.settled();
    await node.call('counter("k").add', 3);
    const [fork] = [await node.run(node.host.forkAgent(called.agent))];
    await node.act("act", "await promise.complete('k', 1)");
    expect([await node.value(called), await node.value({ agent: fork, key: called.key })]).toEqual([3, 3]);
  });
});
