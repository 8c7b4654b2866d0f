import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { Scene } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();
const stateOf = async (id: string) => (await node.store.agent(agentId(id)))?.state;

describe("an error", () => {
  test("reaches the caller's await as it was thrown, by way of any number of agents", async () => {
    const inner =
      "const e = new RangeError('too much', { cause: new TypeError('why') }); throw Object.assign(e, { code: 'my/code', data: { n: 1 } })";
    const body = `
      try { await actor.get("a1").act("return actor.get('a2').act(args[0])", ${JSON.stringify(inner)}) }
      catch (e) { return [e instanceof RangeError, e.name, e.message, e.code, e.data, e.cause.name, e.cause.message] }`;
    const seen = [true, "RangeError", "too much", "my/code", { n: 1 }, "TypeError", "why"];
    expect(await node.act('actor("a")', body)).toEqual(seen);
  });

  test("keeps all that there is to know of it and of its causes, stacks too, from one process to another", async () => {
    const folder = mkdtempSync(join(tmpdir(), "planaria-failures-"));
    const shared = new Scene((clock) => openSqliteStore({ file: join(folder, "store.db"), now: () => clock.now() }));
    {
      await using here = await shared.open();
      await using there = await shared.open();
      await here.act('actor("n1")', "return 1");
      await there.act('actor("n2")', "return 1");
      const inner = `
      const dig = (depth) => { throw new TypeError("deep " + depth, { cause: depth > 0 ? caught(() => dig(depth - 1)) : "a text" }) };
      const caught = (work) => { try { work() } catch (error) { return error } };
      throw Object.assign(new RangeError("too much", { cause: caught(() => dig(2)) }), { code: "my/code", data: { n: [1, 2.5] } })`;
      const seen = `
      const chain = [];
      const error = await actor.get("n2").act(args[0]).catch((thrown) => thrown);
      for (let each = error; each; each = each.cause) chain.push([each.name, each.message, each.code ?? null, each.stack.includes("dig") || each === error]);
      return { isRangeError: error instanceof RangeError, data: error.data, chain, isSame: error.stack.includes("perform") }`;
      expect(await here.value(await here.startAct('actor("n1")', seen, [inner]))).toEqual({
        isRangeError: true,
        data: { n: [1, 2.5] },
        chain: [
          ["RangeError", "too much", "my/code", true],
          ["TypeError", "deep 2", null, true],
          ["TypeError", "deep 1", null, true],
          ["TypeError", "deep 0", null, true],
          ["Error", "a text", null, false],
        ],
        isSame: true,
      });
      expect((await there.entries('actor("n2")')).at(-1)).toMatchObject({ kind: "finished" });
    }
    rmSync(folder, { recursive: true });
  });

  test("that is not caught fails the invocation, and not the agent", async () => {
    await expect(node.act('actor("b")', "kept.a = 1; throw new Error('no')")).rejects.toMatchObject({ message: "no" });
    expect(await node.act('actor("b")', "return kept.a")).toBe(1);
  });
});

describe("a trap", () => {
  test("undoes its step, and leaves the agent with its memory of before", async () => {
    await node.act('actor("c")', "kept.before = 1");
    const body = "kept.first = 1; await sleep(1); kept.second = 1; counter.get('undone').trigger.add(1); trap()";
    await expect(node.act('actor("c")', body)).rejects.toMatchObject({ name: "TrapError" });
    await node.settled();
    expect(await node.act('actor("c")', "return kept")).toEqual({ before: 1, first: 1 });
    expect(await node.call('counter("undone").count')).toBe(0);
    expect((await node.replay('actor("c")')).mismatch).toBeNull();
  });

  test("in the first step of an agent leaves it as new", async () => {
    await expect(node.act('actor("d")', "kept.a = 1; trap()")).rejects.toMatchObject({ name: "TrapError" });
    expect(await node.act('actor("d")', "return kept.a ?? 'new'")).toBe("new");
  });

  test("is told to the caller, with what queued behind it not harmed", async () => {
    const refs = await Promise.all([
      node.startAct('actor("e")', "await sleep(5); trap()"),
      node.startAct('actor("e")', "return 'next'"),
    ]);
    await expect(node.value(refs[0]!)).rejects.toMatchObject({
      name: "TrapError",
      code: expect.stringMatching(/^guest\//),
    });
    expect(await node.value(refs[1]!)).toBe("next");
  });

  test("keeps what the guest had logged in its step, which may tell why", async () => {
    await expect(node.act('actor("f")', "log.info('about to trap'); trap()")).rejects.toMatchObject({
      name: "TrapError",
    });
    await node.settled();
    expect(node.logs.filter(({ agent }) => agent === 'actor("f")').map(({ message }) => message)).toEqual([
      "about to trap",
    ]);
  });

  test("gives up all calls of the invocation, and forgets its sleeps and promises", async () => {
    const body = `
      void actor.get("g1").act("await new Promise((go) => signal().addEventListener('abort', go)); kept.told = true");
      void sleep(1e6); void promise.await(promise.create());
      await sleep(5);
      trap()`;
    await expect(node.act('actor("g")', body)).rejects.toMatchObject({ name: "TrapError" });
    await node.settled();
    expect(await node.act('actor("g1")', "return kept.told")).toBe(true);
    expect(await node.store.operations(agentId('actor("g")'))).toEqual([]);
    expect(await stateOf('actor("g")')).toBe("idle");
  });

  test("of a guest that can't even be told to forget fails the agent, and it says why from then on", async () => {
    // What the SDK reads events with is taken away in a step that goes well.
    await expect(node.act('actor("h")', "JSON.parse = () => trap(); await sleep(1)")).rejects.toMatchObject({
      name: "TrapError",
    });
    await node.settled();
    expect(await stateOf('actor("h")')).toBe("failed");
    await expect(node.act('actor("h")', "return 1")).rejects.toMatchObject({ name: "TrapError" });
    await node.run(node.host.deleteAgent(agentId('actor("h")')));
    expect(await node.act('actor("h")', "return 1")).toBe(1);
  });

  test("leaves other agents that share its instance alone", async () => {
    const small = await new Scene().open({ instances: 1 });
    await small.act('actor("i")', "kept.a = 1");
    await expect(small.act('actor("j")', "trap()")).rejects.toMatchObject({ name: "TrapError" });
    expect(await small.act('actor("i")', "return kept.a")).toBe(1);
    expect(await small.act('actor("j")', "return kept.a ?? 'new'")).toBe("new");
  });
});

describe("a message", () => {
  test("is shown once, in order, with its agent and the instant of its step", async () => {
    const at = await node.act(
      'actor("l")',
      "log.info('one'); console.warn('two'); await sleep(1); log.error('three'); return now()",
    );
    await node.settled();
    const lines = node.logs.filter(({ agent }) => agent === 'actor("l")');
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual(["info one", "warn two", "error three"]);
    expect(lines[2]!.at).toBe(at);
  });

  test("of an agent that is brought back is not shown again", async () => {
    const other = new Scene();
    const first = await other.open();
    const waits = await first.startAct('actor("m")', "log.info('once'); await sleep(5_000); return 1");
    await first.settled();
    first.kill();
    const second = await other.open();
    expect(await second.value(waits)).toBe(1);
    expect([first.logs.length, second.logs.length]).toEqual([1, 0]);
  });
});
