import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { Scene } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();
const queueOf = async (id: string) => (await node.run(node.host.inspect(agentId(id)))).queue;

describe("invocations of one agent", () => {
  test("run one at a time, in the order of their calls", async () => {
    const body =
      "const n = args[0]; (kept.log ??= []).push(`begin ${n}`); await sleep(10); kept.log.push(`end ${n}`); return kept.log";
    const refs = await Promise.all([1, 2, 3].map((n) => node.startAct('actor("order")', body, [n])));
    const logs = await Promise.all(refs.map((each) => node.value(each)));
    expect(logs[2]).toEqual(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
  });

  test("keep what earlier ones have left in memory", async () => {
    expect(await node.call('counter("memory").add', 2)).toBe(2);
    expect(await node.call('counter("memory").add', 3)).toBe(5);
  });

  test("leave the queue when they are through", async () => {
    await node.call('counter("queue").add');
    await node.settled();
    expect(await queueOf('counter("queue")')).toEqual([]);
  });
});

describe("an idempotency key", () => {
  test("gives the invocation that runs under it", async () => {
    const refs = [1, 2].map(() =>
      node.startAct('actor("key")', "await sleep(50); return (kept.n = (kept.n ?? 0) + 1)", [], "k"),
    );
    expect(await Promise.all((await Promise.all(refs)).map((each) => node.value(each)))).toEqual([1, 1]);
  });

  test("gives the outcome of the one that is done, whatever it is called with", async () => {
    const first = await node.start('counter("key").add', [1], "k");
    expect(await node.value(first)).toBe(1);
    const second = await node.start('counter("key").add', [41], "k");
    expect([await node.value(second), await node.call('counter("key").count')]).toEqual([1, 1]);
  });

  test("may hold a line feed", async () => {
    const pending = await node.startAct("act", "await sleep(30); return 1", [], "two\nlines");
    expect(await node.value(pending)).toBe(1);
  });

  test("belongs to one agent", async () => {
    expect(await node.value(await node.start('counter("key a").add', [1], "same"))).toBe(1);
    expect(await node.value(await node.start('counter("key b").add', [1], "same"))).toBe(1);
  });

  test("that a guest gives makes two calls one, which is not canceled for the sake of the other", async () => {
    const body = `
      const calls = [1, 2].map(() => actor.get("shared").with({ key: "once" }).act("await sleep(20); return (kept.n = (kept.n ?? 0) + 1)"));
      await sleep(5);
      calls[0].cancel();
      return Promise.allSettled(calls)`;
    expect(await node.act('actor("sharer")', body)).toMatchObject([
      { status: "rejected", reason: { code: "operation/canceled" } },
      { value: 1 },
    ]);
  });

  test("names an outcome only if there was a call", async () => {
    const unknown = { agent: agentId('counter("key")'), key: "never" as never };
    await expect(node.result(unknown)).rejects.toMatchObject({ code: "invocation/unknown" });
  });
});

describe("a call between agents", () => {
  test("gives what the callee returned, as often as it is awaited", async () => {
    expect(await node.act('actor("c1")', "const c = counter.get('x').add(4); return [await c, await c]")).toEqual([
      4, 4,
    ]);
  });

  test("keeps its order among others to the same agent", async () => {
    const body = "return Promise.all([1, 2, 3, 4].map((by) => counter.get('order').add(by)))";
    expect(await node.act('actor("c2")', body)).toEqual([1, 3, 6, 10]);
  });

  test("fans out to agents and functions of which each gets its own", async () => {
    const body = `
      const agents = Array.from({ length: 20 }, (_, i) => counter.get("fan", i).add(i));
      const functions = Array.from({ length: 20 }, (_, i) => rpc(act, ["await sleep(args[0] % 3); return args[0]", i]));
      return [await Promise.all(agents), await Promise.all(functions)]`;
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    expect(await node.act('actor("c3")', body)).toEqual([numbers, numbers]);
  });

  test("is refused for a type, a method or a name that there is not", async () => {
    await expect(node.call('nobody("x").add')).rejects.toMatchObject({ code: "rpc/unknown-agent" });
    await expect(node.call('counter("x").fly')).rejects.toMatchObject({ code: "rpc/unknown-method" });
    await expect(node.call("flyAway")).rejects.toMatchObject({ code: "rpc/unknown-function" });
    await expect(node.call("counter(x).add")).rejects.toMatchObject({ code: "agent/name" });
  });

  test("that a guest makes in vain rejects there, and harms nobody if it is a trigger", async () => {
    const body = "rpc('none', [], { detached: true }); try { await rpc('none') } catch (e) { return e.code }";
    expect(await node.act('actor("c4")', body)).toBe("rpc/unknown-function");
  });

  test("of a fork that never was is refused", async () => {
    const fork = `counter("x")[00000000-0000-0000-0000-000000000000]`;
    await expect(node.call(`${fork}.add`)).rejects.toMatchObject({ code: "rpc/unknown-agent" });
  });
});

describe("a function", () => {
  test("gets an agent of its own, which ends with the call", async () => {
    const called = await node.startAct("act", "return self.id");
    expect(await node.value(called)).toBe(called.agent);
    await node.settled();
    expect(await node.store.agent(called.agent)).toMatchObject({ state: "ended", type: "act", params: null });
  });

  test("ends although it leaves a sleep, a settlement and a fork behind", async () => {
    const body =
      "void sleep(1e9); void promise.complete(promise.create(), 1); void fork(); return Promise.race([sleep(1e9), sleep(1)])";
    const called = await node.startAct("act", body);
    expect(await node.value(called)).toBe(null);
    await node.settled();
    expect(await node.store.agent(called.agent)).toMatchObject({ state: "ended" });
    expect(await node.store.operations(called.agent)).toEqual([]);
  });
});

describe("a trigger", () => {
  test("is waited for by nobody, and outlives the invocation that made it", async () => {
    const body =
      "actor.get('aside').trigger.act(\"await sleep(100); await counter.get('aside').add(1)\"); return 'at once'";
    const before = scene.clock.now();
    expect(await node.act('actor("t1")', body)).toBe("at once");
    expect(scene.clock.now() - before).toBeLessThan(100);
    await node.pass(2_000);
    expect(await node.call('counter("aside").count')).toBe(1);
  });

  test("of its own agent in its last step begins once, behind it", async () => {
    const body = "kept.n = (kept.n ?? 0) + 1; if (kept.n < 5) actor.get('t0').trigger.act(args[0], args[0])";
    await node.value(await node.startAct('actor("t0")', body, [body]));
    await node.settled();
    expect(await node.act('actor("t0")', "return kept.n")).toBe(5);
  });

  test("at a moment does not begin before", async () => {
    await node.act('actor("t2")', "counter.get('due').at(now() + 5_000).add(1); return 1");
    await node.pass(4_000);
    expect(await node.call('counter("due").count')).toBe(0);
    await node.pass(2_000);
    expect(await node.call('counter("due").count')).toBe(1);
  });

  test("at a moment lets others pass, and waits for its turn when it is due", async () => {
    await node.act('actor("t3")', "actor.get('turn').at(now() + 50).act('(kept.log ??= []).push(2)'); return 1");
    const long = await node.startAct(
      'actor("turn")',
      "(kept.log ??= []).push(1); await sleep(1_000); kept.log.push('still 1')",
    );
    await node.value(long);
    expect(await node.act('actor("turn")', "return kept.log")).toEqual([1, "still 1", 2]);
  });

  test.each([
    ["in the step that made it", ""],
    ["later", "await sleep(10);"],
    ["in another invocation", "kept.call = call; return; "],
  ])("that is canceled %s before it begins never does", async (name, between) => {
    const body = `const call = counter.get(args[0]).at(now() + 1_000).add(1); ${between} call.cancel()`;
    await node.act('actor("t4")', body, name);
    await node.act('actor("t4")', "kept.call?.cancel(); delete kept.call");
    await node.pass(3_000);
    expect(await node.call(`counter("${name}").count`)).toBe(0);
  });

  test("that is canceled while it runs is told so", async () => {
    const body = `
      const call = actor.get("told").trigger.act("await new Promise((go) => signal().addEventListener('abort', go)); kept.told = true");
      await sleep(10);
      call.cancel()`;
    await node.act('actor("t5")', body);
    await node.settled();
    expect(await node.act('actor("told")', "return kept.told")).toBe(true);
  });
});

describe("an invocation that ends", () => {
  test("waits for the calls that it did not await", async () => {
    const body = "void actor.get('left').act(\"await sleep(500); await counter.get('left').add(1)\"); return 'soon'";
    expect(await node.act('actor("s1")', body)).toBe("soon");
    expect(await node.call('counter("left").count')).toBe(1);
  });

  test("in failure cancels them: queued ones never begin, running ones are told", async () => {
    const wait = "await new Promise((go) => signal().addEventListener('abort', go)); kept.told = true";
    const body = `
      void actor.get("runs").act(${JSON.stringify(wait)});
      void actor.get("runs").act("kept.began = true");
      await sleep(5);
      throw new Error("given up")`;
    await expect(node.act('actor("s2")', body)).rejects.toMatchObject({ message: "given up" });
    await node.settled();
    expect(await node.act('actor("runs")', "return kept")).toEqual({ told: true });
  });

  test("in failure leaves a call alone for which its fork waits, too", async () => {
    const body = `
      const call = actor.get("wanted").act("await sleep(100); return signal().aborted ? 'aborted' : 'done'");
      const side = await fork();
      if (side.kind === "original") { counter.get("wanted").trigger.add(1); throw new Error(side.fork) }
      return call`;
    const failed = await node.startAct('actor("s3")', body, [], "k");
    const outcome = (await node.result(failed)) as { error: string };
    const fork = agentId((JSON.parse(outcome.error) as { message: string }).message);
    expect(await node.value({ agent: fork, key: "k" as never })).toBe("done");
  });
});

describe("a cycle of awaits", () => {
  test("of one agent is refused, and spelled out", async () => {
    const error = await node
      .act('actor("o1")', "await actor.get('o1').act('return 1')")
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "rpc/cycle", message: expect.stringContaining('actor("o1") → actor("o1")') });
  });

  test("of one invocation that waits for itself by its key is refused", async () => {
    const body = "return actor.get('o2').with({ key: self.key }).act('return 1')";
    await expect(node.act('actor("o2")', body)).rejects.toMatchObject({ code: "rpc/cycle" });
  });

  test.each([2, 3])("of %i agents is refused at the call that would close it", async (count) => {
    const names = Array.from({ length: count }, (_, i) => `ring ${count} ${i}`);
    const body = `
      const [next, ...rest] = args[0];
      return next === undefined ? actor.get(args[1]).act("return 1") : actor.get(next).act(args[2], rest, args[1], args[2])`;
    const error = await node
      .act(`actor("${names[0]}")`, body, names.slice(1), names[0], body)
      .catch((caught: unknown) => caught);
    const path = [names.at(-1)!, ...names.slice(0, -1), names.at(-1)!].map((name) => `actor("${name}")`).join(" → ");
    expect(error).toMatchObject({ code: "rpc/cycle", message: expect.stringContaining(path) });
  });

  test("is none with a trigger in it", async () => {
    const body = "await actor.get('o4').act(\"actor.get('o3').trigger.act('kept.called = true')\"); return 'fine'";
    expect(await node.act('actor("o3")', body)).toBe("fine");
    await node.settled();
    expect(await node.act('actor("o3")', "return kept.called")).toBe(true);
  });

  test("is none if the callee has answered already", async () => {
    // While `o5` is kept busy with a call to itself by way of `o6`, `o6` is free to call `o5` for somebody else.
    const body = "await actor.get('o6').act('return 1'); await sleep(50); return 'o5'";
    const first = await node.startAct('actor("o5")', body);
    const second = await node.startAct('actor("o6")', "return actor.get('o5').act(\"return 'again'\")");
    expect([await node.value(first), await node.value(second)]).toEqual(["o5", "again"]);
  });
});
