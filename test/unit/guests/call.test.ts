import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call("evaluate", body);

describe("run", () => {
  test("records the call, and goes on when its outcome is delivered", async () => {
    host.start("evaluate", "const r = await run(add, 1, 2); log.info('went on'); return r");
    await host.step();
    expect(host.listCalls()).toEqual(['run.start("add", "[1,2]")', 'run.finish(1, {"tag":"ok","val":"3"})']);
    expect(host.logs).toEqual([]);
    await host.step();
    expect(host.logs).toEqual(["info went on"]);
    expect(host.listCalls("invocation")).toEqual(['invocation.finish(1, {"tag":"ok","val":"3"})']);
  });

  test("keeps the order of its results, whatever the order in which they come", async () => {
    expect(
      await evaluate("return Promise.all([30, 10, 20].map((ms) => run(async () => { await sleep(ms); return ms })))"),
    ).toEqual([30, 10, 20]);
    expect(host.listCalls("run.finish").map((call) => call.slice(11, 12))).toEqual(["2", "3", "1"]);
  });

  test("gives the function copies, and the caller a copy of its result", async () => {
    expect(
      await evaluate(
        "const a = { n: 1 }; const b = await run((x) => { x.n = 2; x.d = new Date(0); return x }, a); return [a, b]",
      ),
    ).toEqual([{ n: 1 }, { n: 2, d: "1970-01-01T00:00:00.000Z" }]);
  });

  test("takes functions without a name, and leaves defaults in force", async () => {
    expect(await evaluate("return run(twice, 4, undefined)")).toBe(8);
    await evaluate("await run(() => 1)");
    expect(host.listCalls("run.start")).toEqual(['run.start("twice", "[4]")', 'run.start("anonymous", "[]")']);
  });

  test("rejects with what the function threw, its class, code, cause and stack", async () => {
    const caught = await evaluate(`
      const fail = () => { throw new RangeError("far", { cause: new PlanariaError("a/b", "deep", { data: [1] }) }) };
      try { await run(fail) } catch (e) { return [e instanceof RangeError, e.message, e.cause.code, e.cause.data, e.cause instanceof PlanariaError, e.stack.includes("fail")] }
    `);
    expect(caught).toEqual([true, "far", "a/b", [1], true, true]);
  });

  test("refuses arguments and results that are not JSON", async () => {
    await expect(evaluate("run(add, 1n)")).rejects.toMatchObject({
      code: "guest/not-json",
      message: "args[0] is a bigint: give a string or a number",
    });
    await expect(evaluate("await run(() => () => 1)")).rejects.toMatchObject({
      code: "guest/not-json",
      message: "result is a function",
    });
    expect(host.listCalls("run.start")).toEqual(['run.start("anonymous", "[]")']);
  });
});

describe("rpc", () => {
  test("calls an exported function, by itself or by name", async () => {
    expect(await evaluate('return Promise.all([rpc(add, [1, 2]), rpc("twice", [4]), rpc("twice", [4, 3])])')).toEqual([
      3, 8, 12,
    ]);
    expect(host.listCalls("rpc")[0]).toBe('rpc.callFunction("add", "[1,2]", {"mode":"attached"})');
  });

  test("takes options, and gives no promise when it is detached", async () => {
    expect(await evaluate('return typeof rpc(add, [1, 2], { detached: true, key: "k", at: 5 }).then')).toBe(
      "undefined",
    );
    expect(host.listCalls("rpc")).toEqual(['rpc.callFunction("add", "[1,2]", {"mode":"triggered","at":5,"key":"k"})']);
  });

  test("refuses a function that is not exported", async () => {
    await expect(evaluate("rpc(() => 1, [])")).rejects.toMatchObject({
      code: "rpc/unknown-function",
      message: expect.stringContaining("use run()"),
    });
    await expect(evaluate("await rpc('none')")).rejects.toMatchObject({ code: "rpc/unknown-function" });
  });
});

describe("calls", () => {
  test("are promises with a number", async () => {
    expect(
      await evaluate(
        "const c = run(add, 1, 2); const d = c.then((x) => x); return [c.id, c instanceof Promise, d.constructor === Promise, 'id' in d, await c, await d]",
      ),
    ).toEqual([1, true, true, false, 3, 3]);
  });

  test("take part in race, any and allSettled", async () => {
    expect(await evaluate("return Promise.race([sleep(50).then(() => 'slow'), sleep(10).then(() => 'fast')])")).toBe(
      "fast",
    );
    expect(await evaluate("return Promise.any([run(() => { throw new Error('no') }), run(add, 1, 1)])")).toBe(2);
    const settled = await evaluate("return Promise.allSettled([run(() => { throw new Error('no') }), run(add, 1, 1)])");
    expect(settled).toMatchObject([
      { status: "rejected", reason: { name: "Error", message: "no" } },
      { status: "fulfilled", value: 2 },
    ]);
  });

  test("that fail and are awaited by nobody harm nobody", async () => {
    expect(await evaluate("run(() => { throw new Error('unseen') }); rpc('none'); return 1")).toBe(1);
    expect(await evaluate("return 2")).toBe(2);
  });

  test("can be canceled, once, and reject then", async () => {
    const caught = await evaluate(
      "const c = sleep(1000); c.cancel(); try { await c } catch (e) { c.cancel(); return [e.code, now()] }",
    );
    expect(caught).toEqual(["operation/canceled", 1_000_000]);
    expect(host.listCalls("operation")).toEqual(["operation.cancel(1)"]);
  });

  test("that are triggered can be canceled, too", async () => {
    await evaluate("rpc(add, [1, 2], { detached: true, at: 9e9 }).cancel()");
    expect(host.listCalls("operation")).toEqual(["operation.cancel(1)"]);
  });
});

describe("sleep", () => {
  test("takes time, which stands still within a step", async () => {
    expect(await evaluate("const a = now(); await sleep(10.2); return [a, now()]")).toEqual([1_000_000, 1_000_011]);
  });

  test("refuses a span that is none", async () => {
    for (const bad of ["-1", "NaN", "Infinity", "'5'", ""]) {
      await expect(evaluate(`await sleep(${bad})`)).rejects.toMatchObject({ code: "guest/bad-argument" });
    }
  });
});

describe("durable promises", () => {
  test("bring a value from one agent to another", async () => {
    const waiting = host.start("evaluate", "return promise.await(promise.create({ id: 'p' }))");
    await host.drain();
    expect(await evaluate("return [await promise.complete('p', { ok: [1] }), await promise.complete('p', 2)]")).toEqual(
      [true, false],
    );
    expect(await host.settle(waiting)).toEqual({ value: { ok: [1] } });
  });

  test("bring an error, a cancellation or a timeout", async () => {
    const caught = (settle: string, options = "{ id: 'p' }") =>
      new FakeHost(compiled).call(
        "evaluate",
        `const p = promise.create(${options}); ${settle}; try { await promise.await(p) } catch (e) { return [e.name, e.code, e.message] }`,
      );
    expect(await caught("promise.reject(p, new PlanariaError('a/b', 'no'))")).toEqual(["PlanariaError", "a/b", "no"]);
    expect(await caught("promise.reject(p, 'just text')")).toEqual(["Error", null, "just text"]);
    expect(await caught("promise.cancel(p)")).toEqual([
      "CanceledError",
      "promise/canceled",
      "The promise p was canceled.",
    ]);
    expect(await caught("", "{ timeoutMs: 5 }")).toEqual([
      "TimeoutError",
      "promise/timed-out",
      expect.stringContaining("timed out"),
    ]);
  });

  test("refuse an id that is none, a value that is not JSON, and a timeout that is no span", async () => {
    await expect(evaluate("promise.await(undefined)")).rejects.toMatchObject({ code: "guest/bad-argument" });
    await expect(evaluate("promise.create({ id: '' })")).rejects.toMatchObject({ code: "guest/bad-argument" });
    await expect(evaluate("promise.create({ timeoutMs: -1 })")).rejects.toMatchObject({ code: "guest/bad-argument" });
    await expect(evaluate("promise.complete('p', Symbol())")).rejects.toMatchObject({
      code: "guest/not-json",
      message: "value is a symbol",
    });
    await expect(evaluate("await promise.await('unknown')")).rejects.toMatchObject({ code: "promise/unknown" });
  });
});

describe("fork", () => {
  test("makes two agents with the same memory, each with its own outcome", async () => {
    const both = `
      const results = promise.create({ id: "fork" });
      const shared = { n: 41 };
      const side = await fork();
      shared.n += side.kind === "forked" ? 1 : 100;
      if (side.kind === "forked") { promise.complete(results, { side, n: shared.n, id: self.id, key: self.key }); return "fork" }
      return { side, n: shared.n, id: self.id, fork: await promise.await(results) };
    `;
    const { side, n, id, fork } = await host.call('keeper("k").evaluate', both);
    const forkId = host.agentIds()[1];
    expect({ side, n, id }).toEqual({ side: { kind: "original", fork: forkId }, n: 141, id: 'keeper("k")' });
    expect(fork).toEqual({ side: { kind: "forked", parent: 'keeper("k")' }, n: 42, id: forkId, key: "outside-1" });
  });

  test("lets both sides draw other random numbers", async () => {
    const draws = "Math.random(); const side = await fork(); log.info(side.kind, Math.random(), crypto.randomUUID())";
    await host.call('keeper("k").evaluate', draws);
    await host.drain();
    expect(host.logs).toHaveLength(2);
    const [original, forked] = host.logs.map((line) => line.split(" ").slice(2));
    expect(forked![0]).not.toBe(original![0]);
    expect(forked![1]).not.toBe(original![1]);
  });

  test("lets both sides wait for what was in flight", async () => {
    await host.call(
      'keeper("k").evaluate',
      "const nap = sleep(10); const side = await fork(); await nap; log.info(side.kind, now())",
    );
    await host.drain();
    expect(host.logs.toSorted()).toEqual(["info forked 1000010", "info original 1000010"]);
  });
});
