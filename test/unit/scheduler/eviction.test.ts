import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { InProcessExecutor } from "../../../host/executor/in-process.ts";
import type { Store } from "../../../host/store/store.ts";
import { intercept } from "../../../host/testing/dying-store.ts";
import { seededRandom } from "../../../host/testing/seeded-random.ts";
import { Scene } from "./scene.ts";

describe("a host that keeps few agents at hand", () => {
  test("serves hundreds of them, each with its own memory", async () => {
    const scene = new Scene();
    let loaded = 0;
    const wrap = (store: Store) =>
      intercept(store, async (name, call) => {
        if (name === "operations") loaded += 1;
        return call();
      });
    const node = await scene.open({ sessions: 4, instances: 2, wrap });
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    const body = "const all = await Promise.all(args[0].map((n) => counter.get(n).add(n))); return all";
    expect(await node.act('actor("a")', body, numbers)).toEqual(numbers);
    expect(await node.act('actor("a")', body, numbers)).toEqual(numbers.map((n) => 2 * n));
    // Most of them had been forgotten, not only their memory: they were read from the store again.
    expect(loaded).toBeGreaterThan(150);
    expect((await node.replay("counter(117)")).mismatch).toBeNull();
    await node[Symbol.asyncDispose]();
  });

  test("forgets those that rest, and wakes those that wait", async () => {
    const scene = new Scene();
    let closed = 0;
    const executor = new InProcessExecutor({ clock: scene.clock, random: seededRandom(7), instances: 2 });
    const close = executor.close.bind(executor);
    executor.close = (agent) => {
      closed += 1;
      close(agent);
    };
    const node = await scene.open({ sessions: 2, executor });
    await node.act("act", "promise.create({ id: 'start' }); return 1");
    const body = "const n = await promise.await('start'); kept.n = n + args[0]; await sleep(1_000); return kept.n";
    const waits = await Promise.all(Array.from({ length: 30 }, (_, i) => node.startAct(`actor(${i})`, body, [i])));
    await node.settled();
    await node.act("act", "return promise.complete('start', 100)");
    expect(await Promise.all(waits.map((each) => node.value(each)))).toEqual(waits.map((_, i) => 100 + i));
    expect(closed).toBeGreaterThan(60);
    await node[Symbol.asyncDispose]();
  });

  test("takes an answer that is on its way to an agent for an answer, not for a cycle", async () => {
    const scene = new Scene();
    const node = await scene.open({ sessions: 1, instances: 1 });
    // `busy` gets two calls: behind the first one, whose answer has yet to wake `asker`, the second one calls `asker`.
    // A step that is not durable yet makes the asker, whose session is closed, wait for the disk before it is opened again.
    await node.act("act", "promise.create({ id: 'tick' }); promise.create({ id: 'go' }); return 1");
    const body =
      "const call = actor.get('busy').act(\"await promise.await('go'); return 1\"); await promise.await('tick'); return call";
    const asker = await node.startAct('actor("asker")', body);
    await node.settled();
    const second = await node.startAct('actor("busy")', "return actor.get('asker').act('return 2')");
    await node.act("act", "await Promise.all([promise.complete('tick', 1), promise.complete('go', 1)])");
    expect([await node.value(asker), await node.value(second)]).toEqual([1, 2]);
    await node[Symbol.asyncDispose]();
  });

  test("brings them back from a snapshot and what came since, bit for bit", async () => {
    const scene = new Scene();
    const node = await scene.open({ sessions: 1, instances: 1 });
    for (let i = 0; i < 150; i += 1) await node.call('counter("long").add', 1);
    await node.act('actor("other")', "return 1");
    await node.settled();
    const { snapshot, length } = (await node.store.agent(agentId('counter("long")')))!;
    expect(snapshot?.length).toBeGreaterThan(100);
    expect(length).toBeGreaterThan(snapshot!.length);
    expect(await node.call('counter("long").add', 1)).toBe(151);
    expect((await node.replay('counter("long")')).mismatch).toBeNull();
    await node[Symbol.asyncDispose]();
  });

  test("forks agents that are not at hand, and have a snapshot", async () => {
    const scene = new Scene();
    const node = await scene.open({ sessions: 1, instances: 1 });
    for (let i = 0; i < 140; i += 1) await node.act('actor("f")', "kept.n = (kept.n ?? 0) + 1");
    const called = await node.startAct(
      'actor("f")',
      "const side = await fork(); await sleep(1); return [side.kind, kept.n]",
      [],
      "k",
    );
    expect(await node.value(called)).toEqual(["original", 140]);
    const [fork] = await node.store.forks(agentId('actor("f")'));
    expect(await node.value({ agent: fork!.id, key: called.key })).toEqual(["forked", 140]);
    expect((await node.replay(fork!.id)).mismatch).toBeNull();
    await node[Symbol.asyncDispose]();
  });
});
