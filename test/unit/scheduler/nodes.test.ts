import { describe, expect, test } from "vitest";
import { agentId, invocationKey, promiseId } from "../../../host/base/id.ts";
import { HostError } from "../../../host/base/error.ts";
import type { Store } from "../../../host/store/store.ts";
import { intercept } from "../../../host/testing/dying-store.ts";
import { makePausable } from "./faults.ts";
import { readGuest, Scene } from "./scene.ts";

describe("two hosts on one store", async () => {
  const scene = new Scene();
  const [left, right] = [await scene.open(), await scene.open()];

  test("carry out each other's calls, and read each other's outcomes", async () => {
    expect(await left.call('counter("a").add', 1)).toBe(1);
    const called = await right.start('counter("a").add', [2], "k");
    expect(await right.value(called)).toBe(3);
    expect(await left.value(called)).toBe(3);
    expect((await left.store.agent(called.agent))?.node).toBe((await left.store.agent(agentId('counter("a")')))?.node);
  });

  test("let their agents call each other, once each", async () => {
    await left.act('actor("b")', "kept.n = 0");
    await right.act('actor("c")', "return 1");
    const body = "const n = await actor.get('b').act('return (kept.n += 1)'); return counter.get('a').add(n)";
    expect(await right.act('actor("c")', body)).toBe(4);
    expect(await left.act('actor("b")', "return kept.n")).toBe(1);
    expect(
      await right.act(
        'actor("c")',
        "return actor.get('b').act(\"throw new RangeError('from the left')\").catch((e) => [e.name, e.message])",
      ),
    ).toEqual(["RangeError", "from the left"]);
  });

  test("settle promises for each other, and only one of them first", async () => {
    const waits = await left.startAct('actor("d")', "return promise.await(promise.create({ id: 'd' }))");
    await left.settled();
    const settle = (node: typeof left, payload: string) =>
      node.run(node.host.settlePromise(promiseId("d"), "resolved", payload));
    const settled = await Promise.all([settle(right, '"right"'), settle(left, '"left"')]);
    expect(settled.toSorted()).toEqual([false, true]);
    expect(await left.value(waits)).toBe(settled[0] ? "right" : "left");
    expect(await right.run(right.host.promise("d"))).toMatchObject({ state: "resolved" });
  });

  test("wait for the same promise, each with its own agents", async () => {
    await left.act('actor("e")', "promise.create({ id: 'e' }); return 1");
    const waits = await Promise.all([
      left.startAct('actor("e1")', "return promise.await('e')"),
      right.startAct('actor("e2")', "return promise.await('e')"),
    ]);
    await left.settled();
    await right.act('actor("e3")', "return promise.complete('e', 'both')");
    expect([await left.value(waits[0]), await right.value(waits[1])]).toEqual(["both", "both"]);
  });

  test("give the same invocation for the same key", async () => {
    const body = "return (kept.n = (kept.n ?? 0) + 1)";
    const both = await Promise.all([left, right].map((node) => node.startAct('actor("f")', body, [], "same")));
    expect(await Promise.all([left.value(both[0]!), right.value(both[1]!)])).toEqual([1, 1]);
  });

  test("hear of it when the other one deletes an agent that they wait for, and do not call a new one", async () => {
    await left.act('actor("h")', "return 1");
    const waits = await right.startAct(
      'actor("h1")',
      "return actor.get('h').act('await sleep(1e7)').catch((e) => e.code)",
    );
    await right.settled();
    await left.settled();
    await left.run(left.host.deleteAgent(agentId('actor("h")')));
    expect(await right.value(waits)).toBe("agent/deleted");
    expect(await left.store.agent(agentId('actor("h")'))).toBeUndefined();
  });

  test("know the components that the other one has added", async () => {
    await expect(right.call('account("ann").balance')).rejects.toMatchObject({ code: "rpc/unknown-agent" });
    await left.run(left.host.addComponent((await readGuest("guests/bank")).bytes, "bank"));
    expect(await right.call('account("ann").balance')).toBe(0);
  });
});

describe("a host", () => {
  test("that leaves hands over its agents, their timers and their waits at once", async () => {
    const scene = new Scene();
    const first = await scene.open();
    const waits = await Promise.all([
      first.startAct('actor("a")', "await sleep(60_000); return 'slept'"),
      first.startAct('actor("b")', "return promise.await(promise.create({ id: 'b' }))"),
    ]);
    await first.settled();
    const second = await scene.open();
    await first[Symbol.asyncDispose]();
    await second.act("act", "return promise.complete('b', 'settled')");
    expect(await Promise.all(waits.map((each) => second.value(each)))).toEqual(["slept", "settled"]);
  });

  test("that is closed tells everyone who waits there, and takes nothing more", async () => {
    const node = await new Scene().open();
    const waits = node.host.result(await node.startAct("act", "await sleep(1e9)"));
    const refusal = waits.catch((error: unknown) => error);
    await node[Symbol.asyncDispose]();
    expect(await refusal).toMatchObject({ code: "host/closed" });
    await expect(node.host.call({ callee: { function: "act" }, args: "[]" })).rejects.toMatchObject({
      code: "host/closed",
    });
  });

  test("that is killed leaves its agents to others when its lease is over", async () => {
    const scene = new Scene();
    const first = await scene.open({ leaseMs: 10_000, isGone: () => false });
    const waits = await first.startAct(
      'actor("a")',
      "await counter.get('a').add(1); await sleep(1_000); return counter.get('a').add(1)",
    );
    await first.settled();
    const second = await scene.open({ leaseMs: 10_000, isGone: () => false });
    first.kill();
    const begin = scene.clock.now();
    expect(await second.value(waits)).toBe(2);
    expect(scene.clock.now() - begin).toBeGreaterThan(5_000);
  });

  test("that is paused until another has taken over recovers in place, and nothing happens twice", async () => {
    const scene = new Scene();
    const pausable = makePausable();
    const first = await scene.open({ leaseMs: 10_000, wrap: pausable.wrap });
    const body =
      "for (let i = 0; i < 5; i += 1) { await counter.get('paused').add(1); await sleep(100) } return counter.get('paused').count()";
    const called = await first.startAct('actor("a")', body, [], "k");
    const waitsThere = first.host.result(called);
    await first.pass(150);
    pausable.pause();
    const second = await scene.open({ leaseMs: 10_000 });
    // The first one goes on in memory as far as it gets, while the second one takes over and does all of it.
    scene.clock.skip(11_000);
    expect(await second.value(called)).toBe(5);
    pausable.resume();
    expect(await first.run(waitsThere)).toEqual({ value: "5" });
    expect(await first.call('counter("paused").count')).toBe(5);
    expect(await first.call('counter("afterwards").add', 1)).toBe(1);
    expect((await first.replay('actor("a")')).mismatch).toBeNull();
  });

  test("that conflicts with another one amid a turn does not take for durable what that turn did", async () => {
    const scene = new Scene();
    let fails = false;
    const wrap = (store: Store) =>
      intercept(store, async (name, call) => {
        // The time to commit comes amid the turn, so that the commit takes what the turn did before anybody waits for that.
        if (name === "waiters" && fails) scene.clock.next(20);
        if (name !== "commit" || !fails) return call();
        fails = false;
        throw new HostError("store/conflict", "Another node was faster.");
      });
    const node = await scene.open({ wrap });
    const waits = await node.startAct('actor("a")', "return promise.await(promise.create({ id: 'p' }))");
    await node.settled();
    fails = true;
    expect(await node.run(node.host.settlePromise(promiseId("p"), "resolved", "1"))).toBe(true);
    expect(fails).toBe(false);
    expect(await node.store.promise(promiseId("p"))).toMatchObject({ state: "resolved", payload: "1" });
    expect(await node.value(waits)).toBe(1);
  });

  test("that conflicts with another one when an agent is deleted there tells who waits for it that it was", async () => {
    const scene = new Scene();
    let [isBlind, fails] = [false, false];
    const wrap = (store: Store) =>
      intercept(store, async (name, call) => {
        // It does not see by itself what others do.
        if (name === "version" && isBlind) return 0;
        if (name !== "commit" || !fails) return call();
        fails = false;
        throw new HostError("store/conflict", "Another node was faster.");
      });
    const owner = await scene.open();
    const called = await owner.startAct('actor("a")', "await sleep(1e9)");
    const node = await scene.open({ wrap });
    const waits = node.host.result(called);
    isBlind = true;
    await node.pass(100);
    await owner.run(owner.host.deleteAgent(agentId('actor("a")')));
    fails = true;
    await node.call('counter("b").add', 1);
    const outcome = await node.run(waits);
    expect("error" in outcome && JSON.parse(outcome.error)).toMatchObject({ code: "agent/deleted" });
    expect(fails).toBe(false);
  });

  test("that conflicts with another one while it is closed leaves for good", async () => {
    const scene = new Scene();
    let [fails, hasFailed] = [false, false];
    const breathe = async () => {
      for (let left = 20; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
    };
    const wrap = (store: Store) =>
      intercept(store, async (name, call) => {
        // It joins again after the conflict, and the store takes its time.
        if (name === "join" && hasFailed) await breathe();
        if (name !== "commit" || !fails) return call();
        fails = false;
        hasFailed = true;
        throw new HostError("store/conflict", "Another node was faster.");
      });
    const node = await scene.open({ wrap });
    await node.call('counter("a").add', 1);
    fails = true;
    void node.host.call({ callee: { agent: 'counter("a")', method: "add" }, args: "[1]" }).catch(() => {});
    await node[Symbol.asyncDispose]();
    await breathe();
    expect(hasFailed).toBe(true);
    expect(await node.store.nodes()).toEqual([]);
  });

  test("that has lost its lease takes calls all the same, once it has noticed", async () => {
    const scene = new Scene();
    const pausable = makePausable();
    const first = await scene.open({ leaseMs: 10_000, wrap: pausable.wrap });
    await first.call('counter("a").add', 1);
    await first.settled();
    pausable.pause();
    scene.clock.skip(11_000);
    const second = await scene.open({ leaseMs: 10_000 });
    pausable.resume();
    const called = first.host.call({ callee: { agent: 'counter("a")', method: "add" }, args: "[1]", key: "late" });
    expect(await first.run(called)).toEqual({ agent: 'counter("a")', key: "late" });
    expect(await second.value({ agent: agentId('counter("a")'), key: invocationKey("late") })).toBe(2);
  });
});
