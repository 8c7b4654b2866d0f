import { describe, expect, test } from "vitest";
import { promiseId } from "../../../host/base/id.ts";
import { Scene } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();
const settle = (id: string, as: "resolved" | "rejected" | "canceled", payload: string | null = null) =>
  node.run(node.host.settlePromise(promiseId(id), as, payload));
const find = (id: string) => node.run(node.host.promise(id));

describe("a durable promise", () => {
  test("that is created again is the one that there is", async () => {
    const body =
      "const id = promise.create({ id: 'again' }); await promise.complete(id, args[0]); return promise.await(promise.create({ id }))";
    expect(await node.act('actor("a1")', body, 1)).toBe(1);
    expect(await node.act('actor("a2")', body, 2)).toBe(1);
  });

  test("is settled by whoever comes first, and others are told that they came late", async () => {
    const body = `
      const id = promise.create({ id: "first" });
      return Promise.all([promise.complete(id, 1), promise.complete(id, 2), promise.reject(id, new Error("3")), promise.cancel(id)])`;
    expect(await node.act('actor("b")', body)).toEqual([true, false, false, false]);
    expect(await settle("first", "resolved", "4")).toBe(false);
    expect(await find("first")).toMatchObject({ state: "resolved", payload: "1" });
  });

  test("can be settled from outside while an agent waits", async () => {
    const waits = await node.startAct('actor("c")', "return promise.await(promise.create({ id: 'outside' }))");
    await node.settled();
    expect(await find("outside")).toMatchObject({ state: "pending" });
    expect(await settle("outside", "resolved", '{"by":"somebody"}')).toBe(true);
    expect(await node.value(waits)).toEqual({ by: "somebody" });
  });

  test("rejects with the failure that it was rejected with", async () => {
    const body = `
      const id = promise.create();
      promise.reject(id, Object.assign(new RangeError("no", { cause: new Error("why") }), { code: "my/code" }));
      try { await promise.await(id) } catch (e) { return [e.name, e.message, e.code, e.cause.message] }`;
    expect(await node.act('actor("d")', body)).toEqual(["RangeError", "no", "my/code", "why"]);
  });

  test("that was canceled says so to whoever waits", async () => {
    const waits = await node.startAct('actor("e")', "return promise.await(promise.create({ id: 'canceled' }))");
    await settle("canceled", "canceled");
    await expect(node.value(waits)).rejects.toMatchObject({ code: "promise/canceled" });
  });

  test("that nobody has created is unknown to all", async () => {
    const body =
      "return (await Promise.allSettled([promise.await('none'), promise.complete('none', 1)])).map((each) => each.reason.code)";
    expect(await node.act('actor("f")', body)).toEqual(["promise/unknown", "promise/unknown"]);
    await expect(settle("none", "resolved", "1")).rejects.toMatchObject({ code: "promise/unknown" });
    expect(await find("none")).toBeUndefined();
  });

  test("may be awaited by many, and after it was settled", async () => {
    await node.act('actor("g")', "promise.create({ id: 'many' }); return 1");
    const waits = await Promise.all(
      [1, 2, 3].map((n) =>
        node.startAct(`actor("g${n}")`, "return Promise.all([promise.await('many'), promise.await('many')])"),
      ),
    );
    await settle("many", "resolved", "7");
    expect(await Promise.all(waits.map((each) => node.value(each)))).toEqual([
      [7, 7],
      [7, 7],
      [7, 7],
    ]);
    expect(await node.act('actor("g4")', "return promise.await('many')")).toBe(7);
  });
});

describe("the timeout of a promise", () => {
  test("rejects who waits for it, when it has passed", async () => {
    const begin = scene.clock.now();
    const waits = await node.startAct(
      'actor("h")',
      "return promise.await(promise.create({ id: 'late', timeoutMs: 5_000 }))",
    );
    await expect(node.value(waits)).rejects.toMatchObject({ code: "promise/timed-out" });
    expect(scene.clock.now() - begin).toBeGreaterThanOrEqual(5_000);
    expect(await find("late")).toMatchObject({ state: "timed-out" });
  });

  test("lets settlements pass before it, and none behind it", async () => {
    await node.act(
      'actor("i")',
      "promise.create({ id: 'in time', timeoutMs: 60_000 }); promise.create({ id: 'too late', timeoutMs: 1_000 }); return 1",
    );
    expect(await settle("in time", "resolved", "1")).toBe(true);
    await node.pass(2_000);
    expect(await settle("too late", "resolved", "1")).toBe(false);
    expect(await find("too late")).toMatchObject({ state: "timed-out" });
  });

  test("holds from its instant on, and for everybody once somebody has seen it", async () => {
    await node.act('actor("j")', "promise.create({ id: 'unwritten', timeoutMs: 10_000 }); return 1");
    await node.settled();
    scene.clock.skip(10_000);
    const [written, seen] = await Promise.all([
      node.store.promise(promiseId("unwritten")),
      node.host.promise("unwritten"),
    ]);
    expect([written?.state, seen?.state]).toEqual(["pending", "timed-out"]);
    expect(seen?.settledAt).toBe(written?.expiresAt);
    expect(await node.store.promise(promiseId("unwritten"))).toEqual(seen);
  });

  test("comes after a restart, too, although nobody is awake then", async () => {
    const other = new Scene();
    const first = await other.open();
    const waits = await first.startAct('actor("k")', "return promise.await(promise.create({ timeoutMs: 5_000 }))");
    await first.settled();
    first.kill();
    other.clock.skip(60_000);
    const second = await other.open();
    await expect(second.value(waits)).rejects.toMatchObject({ code: "promise/timed-out" });
  });
});

describe("the time", () => {
  test("of a sleep passes before the guest goes on, and stands still within a step", async () => {
    const begin = scene.clock.now();
    const [a, b, c] = await node.act(
      'actor("t")',
      "const a = now(); const b = now(); await sleep(86_400_000); return [a, b, now()]",
    );
    expect([a, b]).toEqual([a, a]);
    expect(a).toBeGreaterThanOrEqual(begin);
    expect(c - a).toBeGreaterThanOrEqual(86_400_000);
  });

  test("goes on while no host is there", async () => {
    const other = new Scene();
    const first = await other.open();
    const waits = await first.startAct('actor("t")', "await sleep(10_000); return now()");
    await first.settled();
    first.kill();
    other.clock.skip(3_600_000);
    const restart = other.clock.now();
    expect(await (await other.open()).value(waits)).toBeGreaterThanOrEqual(restart);
  });

  test("never runs backwards for an agent, whatever the clock does", async () => {
    const other = new Scene();
    const first = await other.open();
    const earlier = await first.act('actor("t")', "return now()");
    await first.settled();
    first.kill();
    other.clock.skip(-3_600_000);
    const second = await other.open();
    expect(await second.act('actor("t")', "return now()")).toBe(earlier);
  });

  test("wakes sleepers in the order in which they are due", async () => {
    const body =
      "const woken = []; await Promise.all([30, 10, 20].map(async (ms) => { await sleep(ms); woken.push(ms) })); return woken";
    expect(await node.act('actor("t2")', body)).toEqual([10, 20, 30]);
  });
});
