import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call('keeper("k").evaluate', body);
const start = (body: string) => host.start('keeper("k").evaluate', body);

describe("an invocation", () => {
  test("does not end before the runs that it left open", async () => {
    expect(
      await evaluate("run(async () => { await sleep(50); log.info('run ends') }); log.info('returns'); return 1"),
    ).toBe(1);
    expect(host.logs).toEqual(["info returns", "info run ends"]);
    expect(host.now).toBe(1_000_050);
  });

  test("does not end before what comes after a call that it left open", async () => {
    expect(
      await evaluate(
        "(async () => { await rpc(add, [1, 1]); await null; await run(add, 2, 2); log.info('all done') })(); return 1",
      ),
    ).toBe(1);
    expect(host.logs).toEqual(["info all done"]);
    expect(host.listCalls().at(-1)).toBe('invocation.finish(1, {"tag":"ok","val":"1"})');
  });

  test("cancels sleeps and waits for promises that nobody awaits at its end", async () => {
    await evaluate("sleep(1e6); promise.await(promise.create()); setTimeout(() => log.info('never'), 1e6); return 1");
    expect(host.listCalls("operation")).toHaveLength(3);
    await host.drain();
    expect(host.logs).toEqual([]);
  });

  test("leaves alone what it triggered or settled", async () => {
    await evaluate("promise.complete(promise.create({ id: 'p' }), 1); cell.get('x').trigger.set(5)");
    expect(host.listCalls("operation")).toEqual([]);
    await host.drain();
    expect(await host.call('cell("x").get')).toBe(5);
  });

  test("that fails ends at once, and what it left open never goes on", async () => {
    await expect(
      evaluate("run(async () => { await sleep(5); log.info('goes on') }); throw new Error('over')"),
    ).rejects.toThrow("over");
    await host.drain();
    expect(host.logs).toEqual([]);
    expect(await evaluate("return 'usable'")).toBe("usable");
  });

  test("can't be brought back by what outlasts it: operations are refused, and it is said why", async () => {
    await evaluate(
      "(async () => { for (let i = 0; i < 50; i++) await null; try { rpc(add, [1, 1]) } catch (e) { kept.error = e.code } })(); return 1",
    );
    expect(await evaluate("return kept.error")).toBe("guest/no-invocation");
    expect(host.logs).toEqual([
      expect.stringContaining("warn rpc() was called after the invocation had finished: await what calls it"),
    ]);
  });

  test("has its caller's wish to give it up in a signal", async () => {
    const source = start("const s = signal(); try { await sleep(1e6) } finally { } return 'no'");
    const told = start("return 1");
    await host.step();
    host.send('keeper("k")', { cancel: 1 });
    await host.step();
    expect(await host.settle(source)).toEqual({ value: "no" });
    expect(await host.settle(told)).toEqual({ value: 1 });

    const listening = start(
      "const nap = sleep(1e6); signal().addEventListener('abort', () => nap.cancel()); await nap.catch(() => 0); return [signal().aborted, signal().reason.code, now()]",
    );
    await host.step();
    const { now } = host;
    host.send('keeper("k")', { cancel: 3 });
    expect(await host.settle(listening)).toEqual({ value: [true, "operation/canceled", now] });
  });

  test("that was given up before it asked for its signal finds it aborted", async () => {
    const source = start("await sleep(5); return signal().aborted");
    await host.step();
    host.send('keeper("k")', { cancel: 1 });
    expect(await host.settle(source)).toEqual({ value: true });
  });

  test("gets a signal of its own", async () => {
    start("return signal().aborted");
    await host.step();
    host.send('keeper("k")', { cancel: 1 });
    expect(await evaluate("return signal().aborted")).toBe(false);
  });
});

describe("an abandoned invocation", () => {
  test("is forgotten: nothing of it goes on, and the agent serves the next one", async () => {
    start(
      "run(async () => { await sleep(5); log.info('run') }); setInterval(() => log.info('tick'), 1); await sleep(9); log.info('end')",
    );
    await host.step();
    host.abandon('keeper("k")');
    await host.drain();
    expect(host.logs).toEqual([]);
    expect(await evaluate("await sleep(20); return run(add, 1, 2)")).toBe(3);
    expect(host.logs).toEqual([]);
  });

  test("whose agent was being made leaves the making to the next one", async () => {
    host.start('cell("x",4).get');
    await host.step();
    host.abandon('cell("x",4)');
    await host.drain();
    expect(await host.call('cell("x",4).get')).toBe(4);
    expect(host.listCalls("run.start")).toHaveLength(2);
  });

  test("that the guest never saw changes nothing", async () => {
    await evaluate("kept.value = 1");
    host.send('keeper("k")', { abandon: 99 });
    expect(await evaluate("return kept.value")).toBe(1);
  });
});

describe("events that come too late", () => {
  test("are ignored", async () => {
    await evaluate("await sleep(1)");
    for (const event of [
      { operation: 1, value: 1 },
      { operation: 77, error: { name: "Error", message: "late" } },
      { cancel: 1 },
    ]) {
      host.send('keeper("k")', event);
    }
    await host.drain();
    expect(await evaluate("return 'fine'")).toBe("fine");
    expect(host.logs).toEqual([]);
  });
});
