import { describe, expect, test } from "vitest";
import { agentId, type AgentId } from "../../../host/base/id.ts";
import type { Entry } from "../../../host/oplog/entry.ts";
import { Scene, type Node } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();

/** Fails until it is called for the `n`th time, and says how often that was. */
const succeedAt = (n: number) =>
  `kept.n = (kept.n ?? 0) + 1; if (kept.n < ${n}) throw new RangeError("attempt " + kept.n); return kept.n`;
const exact = "{ attempts: 3, firstMs: 100, jitter: 0 }";

const kinds = (entries: Entry[], kind: Entry["kind"]) => entries.filter((entry) => entry.kind === kind);
const rowOf = (on: Node, agent: string, key: string) => on.store.invocation(agentId(agent), key as never);
const stateOf = async (on: Node, id: string) => (await on.store.agent(agentId(id)))?.state;
/** The key of the first call that an agent made. */
const keyOf = (caller: string, operation = 1) => `${caller}#${operation}`;

/** An invocation that waits between its first attempt and its second. */
async function waiting(on: Node, name: string, body = succeedAt(2)) {
  const caller = await on.startAct(
    `actor("${name} caller")`,
    `return actor.get("${name}").with({ retry: { attempts: 2, firstMs: 5_000, jitter: 0 } }).act(${JSON.stringify(body)})`,
  );
  await on.settled();
  return { caller, agent: `actor("${name}")`, key: keyOf(`actor("${name} caller")`) };
}

describe("a call that may be tried again", () => {
  test("gives the outcome of the first attempt that succeeds, and its caller sees nothing of the others", async () => {
    const body = `return actor.get("a").with({ retry: ${exact} }).act(${JSON.stringify(succeedAt(3))})`;
    expect(await node.act('actor("a caller")', body)).toBe(3);
    const entries = await node.entries('actor("a")');
    expect(kinds(entries, "invoked")).toMatchObject([1, 2, 3].map((invocation) => ({ invocation })));
    expect(new Set(kinds(entries, "invoked").map((entry) => entry.kind === "invoked" && entry.key)).size).toBe(1);
    expect(kinds(await node.entries('actor("a caller")'), "delivered")).toHaveLength(1);
    expect((await node.replay('actor("a")')).mismatch).toBeNull();
  });

  test("rejects with what the last attempt threw", async () => {
    const body = `return actor.get("b").with({ retry: ${exact} }).act(${JSON.stringify(succeedAt(9))})`;
    await expect(node.act('actor("b caller")', body)).rejects.toMatchObject({
      name: "RangeError",
      message: "attempt 3",
    });
    expect(await node.act('actor("b")', "return kept.n")).toBe(3);
  });

  test("waits between attempts as its policy says", async () => {
    const body = `return actor.get("c").with({ retry: ${exact} }).act(args[0])`;
    await node.act('actor("c caller")', body, `(kept.at ??= []).push(now()); ${succeedAt(3)}`);
    const at = (await node.act('actor("c")', "return kept.at")) as number[];
    expect([at[1]! - at[0]!, at[2]! - at[1]!]).toEqual([100, 200]);
  });

  test("notes attempt, moment and error of what waits, and its agent is idle meanwhile", async () => {
    const { caller, agent, key } = await waiting(node, "d");
    const row = await rowOf(node, agent, key);
    expect(row).toMatchObject({ state: "queued", attempt: 2, dueAt: expect.any(Number), outcome: null });
    expect(JSON.parse(row!.lastError!)).toMatchObject({ name: "RangeError", message: "attempt 1" });
    expect([await stateOf(node, agent), node.host.busyCount]).toEqual(["idle", 0]);
    expect(await node.value(caller)).toBe(2);
    expect(await rowOf(node, agent, key)).toMatchObject({ state: "done", attempt: 2, dueAt: null });
  });

  test("lets others of its agent go on meanwhile, and has its turn before those that came later", async () => {
    const { caller } = await waiting(node, "e", `(kept.log ??= []).push("first"); ${succeedAt(2)}`);
    const second = await node.startAct('actor("e")', "kept.log.push('second'); await sleep(8_000)");
    const third = await node.startAct('actor("e")', "kept.log.push('third')");
    await Promise.all([caller, second, third].map((each) => node.value(each)));
    expect(await node.act('actor("e")', "return kept.log")).toEqual(["first", "second", "first", "third"]);
  });

  test("tries no error again that its policy does not name, or excludes", async () => {
    const body = (policy: string, name: string) =>
      `return actor.get("${name}").with({ retry: ${policy} }).act(${JSON.stringify(succeedAt(2))})`;
    const only = "{ attempts: 3, firstMs: 0, only: ['TypeError'] }";
    await expect(node.act('actor("f caller")', body(only, "f1"))).rejects.toMatchObject({ message: "attempt 1" });
    const never = "{ attempts: 3, firstMs: 0, never: ['RangeError'] }";
    await expect(node.act('actor("f caller")', body(never, "f2"))).rejects.toMatchObject({ message: "attempt 1" });
    const named = "{ attempts: 3, firstMs: 0, only: ['RangeError'] }";
    expect(await node.act('actor("f caller")', body(named, "f3"))).toBe(2);
  });

  test("is tried once if what it calls is not there", async () => {
    const body = "kept.n = (kept.n ?? 0) + 1; await rpc('none')";
    const call = `return actor.get("g").with({ retry: ${exact} }).act(${JSON.stringify(body)})`;
    await expect(node.act('actor("g caller")', call)).rejects.toMatchObject({ code: "rpc/unknown-function" });
    expect(await node.act('actor("g")', "return kept.n")).toBe(1);
  });

  test("begins anew with calls of its own, and shares only those under a key", async () => {
    const body = `
      await counter.get("h plain").add(1);
      await counter.get("h keyed").with({ key: "k" }).add(1);
      ${succeedAt(3)}`;
    await node.act('actor("h caller")', `return actor.get("h").with({ retry: ${exact} }).act(args[0])`, body);
    expect(await node.call('counter("h plain").count')).toBe(3);
    expect(await node.call('counter("h keyed").count')).toBe(1);
  });

  test("of a function keeps that alive until the last attempt", async () => {
    const body = "const n = await counter.get('i').add(1); if (n < 3) throw new Error('no'); return [n, self.id]";
    const call = `return rpc(act, [${JSON.stringify(body)}], { retry: ${exact} })`;
    const [n, id] = (await node.act('actor("i caller")', call)) as [number, AgentId];
    expect([n, await node.call('counter("i").count')]).toEqual([3, 3]);
    await node.settled();
    expect(await stateOf(node, id)).toBe("ended");
  });

  test("that nobody waits for is tried again as well", async () => {
    const body = `actor.get("j").with({ retry: ${exact} }).trigger.act(${JSON.stringify(succeedAt(3))})`;
    await node.act('actor("j caller")', body);
    await node.pass(1_000);
    expect(await node.act('actor("j")', "return kept.n")).toBe(3);
  });

  test("at a moment begins then, and goes on from there", async () => {
    const body = `return actor.get("k").with({ at: now() + 1_000, retry: ${exact} }).act(args[0])`;
    const begun = scene.clock.now();
    await node.act('actor("k caller")', body, `(kept.at ??= []).push(now()); ${succeedAt(3)}`);
    const at = (await node.act('actor("k")', "return kept.at")) as number[];
    expect(at.map((each) => each - begun)).toEqual([1_000, 1_100, 1_300]);
  });

  test("by everyone who waits for it under one key is one, and they are told together", async () => {
    const body = `
      const calls = [1, 2].map(() => actor.get("l").with({ key: "k", retry: ${exact} }).act(${JSON.stringify(succeedAt(3))}));
      return Promise.all(calls)`;
    expect(await node.act('actor("l caller")', body)).toEqual([3, 3]);
  });
});

describe("an attempt that traps", () => {
  test("is undone and tried again, with the memory from before the step", async () => {
    const body = `
      kept.before = (kept.before ?? 0) + 1;
      const n = await counter.get("m").add(1);
      kept.after = n;
      if (n < 3) trap();
      return kept`;
    const call = `return actor.get("m").with({ retry: ${exact} }).act(${JSON.stringify(body)})`;
    expect(await node.act('actor("m caller")', call)).toEqual({ before: 3, after: 3 });
    expect((await node.replay('actor("m")')).mismatch).toBeNull();
  });

  test("may be what a policy names, by the code that it has", async () => {
    const body = "const n = await counter.get('n').add(1); if (n < 2) trap(); return n";
    const call = (only: string) =>
      `return rpc(act, [${JSON.stringify(body)}], { retry: { attempts: 3, firstMs: 0, only: ["${only}"] } })`;
    expect(await node.act('actor("n caller")', call("guest/stack-overflow"))).toBe(2);
  });

  test("of a guest that can't even be told to forget is the last one", async () => {
    const body = "JSON.parse = () => trap(); await sleep(1)";
    const call = `return actor.get("o").with({ retry: ${exact} }).act(${JSON.stringify(body)})`;
    await expect(node.act('actor("o caller")', call)).rejects.toMatchObject({ name: "TrapError" });
    await node.settled();
    expect(await stateOf(node, 'actor("o")')).toBe("failed");
  });
});

describe("a call that waits for its next attempt", () => {
  test("is canceled with what its last attempt threw, and never begins again", async () => {
    const { agent, key } = await waiting(node, "p", succeedAt(9));
    expect(await node.run(node.host.cancel({ agent: agentId(agent), key: key as never }))).toBe(true);
    await node.settled();
    const { outcome } = (await rowOf(node, agent, key))!;
    expect(JSON.parse((outcome as { error: string }).error)).toMatchObject({
      name: "CanceledError",
      code: "rpc/canceled",
      message: 'The call of actor("p") was canceled before its attempt 2 began.',
      cause: { name: "RangeError", message: "attempt 1" },
    });
    await node.pass(10_000);
    expect(await node.act(agent, "return kept.n")).toBe(1);
  });

  test("ends a function's agent when its caller gives it up", async () => {
    const failing = "await counter.get('q').add(1); throw new Error(self.id)";
    const body = `
      const call = rpc(act, [${JSON.stringify(failing)}], { retry: { attempts: 3, firstMs: 5_000 } });
      await sleep(100);
      call.cancel();
      return call.catch((error) => error.code)`;
    expect(await node.act('actor("q caller")', body)).toBe("operation/canceled");
    await node.settled();
    const [row] = (await node.store.children(agentId('actor("q caller")'))).filter(({ type }) => type === "act");
    expect(row?.state).toBe("ended");
    await node.pass(10_000);
    expect(await node.call('counter("q").count')).toBe(1);
  });

  test("goes on after a crash, at its moment and with the attempts that are left", async () => {
    const other = new Scene();
    const first = await other.open();
    const { caller, agent, key } = await waiting(first, "r", succeedAt(2));
    const dueAt = (await rowOf(first, agent, key))!.dueAt!;
    first.kill();
    const second = await other.open();
    expect(await second.value(caller)).toBe(2);
    expect(await rowOf(second, agent, key)).toMatchObject({ attempt: 2, state: "done" });
    const [, begun] = (await second.steps(agent)).filter((step) => step.some(({ kind }) => kind === "invoked"));
    expect(begun![0]).toMatchObject({ kind: "stepped" });
    expect((begun![0] as { at: number }).at).toBeGreaterThanOrEqual(dueAt);
  });

  test("is not inherited by a fork of its agent that somebody makes meanwhile", async () => {
    const { caller, agent } = await waiting(node, "s");
    const fork = await node.run(node.host.forkAgent(agentId(agent)));
    expect(await node.store.queue(fork)).toEqual([]);
    expect(await node.value(caller)).toBe(2);
    expect(await stateOf(node, fork)).toBe("ended");
  });

  test("is not tried again by a fork that was born in an attempt, which ends with its own", async () => {
    const body = `
      kept.n = (kept.n ?? 0) + 1;
      const side = await fork();
      if (side.kind === "forked") throw new Error("forked " + kept.n);
      if (kept.n < 2) throw new Error(side.fork);
      return kept.n`;
    const call = `return actor.get("t").with({ retry: ${exact} }).act(${JSON.stringify(body)})`;
    expect(await node.act('actor("t caller")', call)).toBe(2);
    await node.settled();
    const forks = await node.store.forks(agentId('actor("t")'));
    const ends = await Promise.all(
      forks.map(async ({ id }) => [await stateOf(node, id), (await node.store.invocations(id))[0]]),
    );
    expect(ends).toMatchObject([
      ["ended", { attempt: 1, retry: null, outcome: { error: expect.stringContaining("forked 1") } }],
      ["ended", { attempt: 1, retry: null, outcome: { error: expect.stringContaining("forked 2") } }],
    ]);
  });
});

describe("a call from outside", () => {
  const callee = { agent: 'actor("u")', method: "act" };

  test("may be tried again, too", async () => {
    const args = JSON.stringify([succeedAt(3)]);
    const ref = await node.run(node.host.call({ callee, args, retry: { attempts: 3, firstMs: 10 } }));
    expect(await node.value(ref)).toBe(3);
  });

  test("may be one for later", async () => {
    const at = scene.clock.now() + 60_000;
    const ref = await node.run(node.host.call({ callee, args: JSON.stringify(["return now()"]), at }));
    expect(await node.value(ref)).toBeGreaterThanOrEqual(at);
  });

  test.each([
    [{ at: -1 }, "at", "a moment"],
    [{ at: 1.5 }, "at", "a moment"],
    [{ at: Number.NaN }, "at", "a moment"],
    [{ at: 9e15 }, "at", "a moment"],
    [{ retry: 0 }, "retry.attempts", ">=1"],
    [{ retry: { factor: 0 } }, "retry.factor", ">=1"],
    [{ retry: { jitter: 2 } }, "retry.jitter", "<=1"],
    [{ retry: { firstMs: -5 } }, "retry.firstMs", ">=0"],
    [{ retry: { mostMs: 1e13 } }, "retry.mostMs", "<=9000000000000"],
    [{ retry: { often: 5 } as object }, "retry.often", "never"],
  ])("with %j is refused", async (options, option, why) => {
    const asked = node.host.call({ callee, args: "[]", ...options });
    await expect(node.run(asked)).rejects.toMatchObject({
      code: "rpc/bad-option",
      message: expect.stringMatching(new RegExp(`^The option ${option} of a call can't be .*${why}`)),
    });
  });
});
