import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { dieAtCommit } from "../../../host/testing/dying-store.ts";
import { Scene, type Node } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();

/** Waits until it is given up, and remembers that. */
const untilAborted = "await new Promise((go) => signal().addEventListener('abort', go)); kept.told = true";

/** A caller that gives up `name` after `timeoutMs`, and tells how that went. */
const giveUp = (name: string, body: string, timeoutMs: number, options = "") => `
  const begun = now();
  try { return await actor.get("${name}").with({ timeoutMs: ${timeoutMs}, ${options} }).act(${JSON.stringify(body)}) }
  catch (error) { return { name: error.name, code: error.code, message: error.message, spanMs: now() - begun } }`;

describe("a call with a timeout", () => {
  test("that is exceeded rejects, and its callee is told", async () => {
    expect(await node.act('actor("a caller")', giveUp("a", untilAborted, 500))).toMatchObject({
      name: "TimeoutError",
      code: "rpc/timed-out",
      message: 'The call of actor("a").act took longer than 500 ms.',
    });
    await node.settled();
    expect(await node.act('actor("a")', "return kept.told")).toBe(true);
  });

  test("is given up at its moment, and not before", async () => {
    const { spanMs } = await node.act('actor("b caller")', giveUp("b", untilAborted, 500));
    expect(spanMs).toBe(500);
  });

  test("that is kept gives what the callee gives, and nothing happens at the moment", async () => {
    const body = giveUp("c", "await sleep(100); kept.aborted = signal().aborted; return 'in time'", 500);
    expect(await node.act('actor("c caller")', body)).toBe("in time");
    await node.pass(2_000);
    expect(await node.act('actor("c")', "return kept.aborted")).toBe(false);
    expect(await node.store.operations(agentId('actor("c caller")'))).toEqual([]);
  });

  test("that is kept gives what the callee throws", async () => {
    const body = giveUp("d", "await sleep(100); throw new RangeError('no')", 500);
    expect(await node.act('actor("d caller")', body)).toMatchObject({ name: "RangeError", message: "no" });
  });

  test("that still waits for its turn when the time has passed never begins", async () => {
    const busy = await node.startAct('actor("e")', "await sleep(2_000)");
    expect(await node.act('actor("e caller")', giveUp("e", "kept.began = true", 500))).toMatchObject({
      code: "rpc/timed-out",
    });
    await node.value(busy);
    expect(await node.act('actor("e")', "return kept.began ?? false")).toBe(false);
  });

  test("counts from the moment for which it is scheduled", async () => {
    const body = giveUp("f", "await sleep(100); return 'in time'", 500, "at: now() + 5_000");
    expect(await node.act('actor("f caller")', body)).toBe("in time");
    const late = giveUp("f", untilAborted, 500, "at: now() + 5_000");
    expect(await node.act('actor("f caller")', late)).toMatchObject({ code: "rpc/timed-out", spanMs: 5_500 });
  });

  test("counts all attempts together", async () => {
    const body = giveUp(
      "g",
      "throw new Error('no')",
      1_000,
      "retry: { attempts: 100, firstMs: 400, factor: 1, jitter: 0 }",
    );
    expect(await node.act('actor("g caller")', body)).toMatchObject({ code: "rpc/timed-out", spanMs: 1_000 });
    await node.settled();
    expect(await node.store.invocations(agentId('actor("g")'))).toMatchObject([{ state: "done", attempt: 4 }]);
  });

  test("of nothing gives up at once", async () => {
    expect(await node.act('actor("h caller")', giveUp("h", "kept.began = true", 0))).toMatchObject({
      code: "rpc/timed-out",
      spanMs: 0,
    });
    expect(await node.act('actor("h")', "return kept.began ?? false")).toBe(false);
  });

  test("of a function names that", async () => {
    const body = "return rpc(act, ['await sleep(5_000)'], { timeoutMs: 50 }).catch((error) => error.message)";
    expect(await node.act('actor("i caller")', body)).toBe("The call of act took longer than 50 ms.");
  });

  test("leaves a call alone that was somebody else's, whose key it bears", async () => {
    const own = await node.startAct('actor("j")', "await sleep(2_000); return signal().aborted", [], "shared");
    expect(await node.act('actor("j caller")', giveUp("j", "", 500, "key: 'shared'"))).toMatchObject({
      code: "rpc/timed-out",
    });
    expect(await node.value(own)).toBe(false);
  });

  test("gives an outcome that was there before, whatever the span", async () => {
    await node.value(await node.startAct('actor("k")', "return 'long ago'", [], "shared"));
    await node.pass(10);
    expect(await node.act('actor("k caller")', giveUp("k", "", 0, "key: 'shared'"))).toBe("long ago");
  });
});

describe("forks that wait for a call with a timeout", () => {
  const forking = (name: string, late: string) => `
    const call = actor.get("${name}").with({ timeoutMs: 1_000 }).act(${JSON.stringify(untilAborted)});
    const side = await fork();
    ${late}
    const code = await call.catch((error) => error.code);
    return [side.kind, code]`;

  test("all give it up, and then the callee is told", async () => {
    expect(await node.act('actor("l caller")', forking("l", ""))).toEqual(["original", "rpc/timed-out"]);
    await node.settled();
    const [fork] = await node.store.forks(agentId('actor("l caller")'));
    const [row] = await node.store.invocations(fork!.id);
    expect(JSON.parse((row!.outcome as { value: string }).value)).toEqual(["forked", "rpc/timed-out"]);
    expect(await node.act('actor("l")', "return kept.told")).toBe(true);
  });

  test("keep it while one of them has time, and another has canceled it", async () => {
    const late =
      "if (side.kind === 'original') { await sleep(100); call.cancel(); await call.catch(() => {}); return 'gone' }";
    const ask = "await sleep(500); return signal().aborted";
    const body = forking("m", late).replace(JSON.stringify(untilAborted), JSON.stringify(ask));
    expect(await node.act('actor("m caller")', body)).toBe("gone");
    const [fork] = await node.store.forks(agentId('actor("m caller")'));
    const [row] = await node.store.invocations(fork!.id);
    expect(await node.value({ agent: fork!.id, key: row!.key })).toEqual(["forked", false]);
  });
});

describe("a process that dies with a call under way", () => {
  test("leaves the moment to the next one, which gives it up then", async () => {
    const other = new Scene();
    const first = await other.open();
    const caller = await first.startAct('actor("n caller")', giveUp("n", untilAborted, 5_000));
    await first.settled();
    first.kill();
    const second = await other.open();
    expect(await second.value(caller)).toMatchObject({ code: "rpc/timed-out", spanMs: 5_000 });
    await second.settled();
    expect(await second.act('actor("n")', "return kept.told")).toBe(true);
  });

  const failing = "kept.n = (kept.n ?? 0) + 1; if (kept.n < 3) throw new Error('not yet')";
  const busy = `return await Promise.all([
    (async () => await run((n) => n + 1, 1))(),
    (async () => await counter.get("p").add(9))(),
    (async () => await actor.get("p1").with({ retry: { attempts: 3, firstMs: 14 } }).act(${JSON.stringify(failing)}))(),
    (async () => await actor.get("p2").with({ timeoutMs: 22 }).act("await sleep(1e9, { signal: signal() })").catch((e) => e.code))(),
  ])`;

  test.each([2, 3, 4, 5, 6, 7, 8])(
    "at commit %i, gives a call up all the same, although its callee was told and is heard first",
    async (commit) => {
      const other = new Scene();
      other.hurry = true;
      const dying = dieAtCommit(commit, "after");
      const first = await other.open({ wrap: dying.wrap });
      const play = async (on: Node) => on.value(await on.startAct('actor("p")', busy, [], "call"));
      await Promise.race([play(first), dying.death]);
      first.kill();
      expect(await play(await other.open())).toEqual([2, 9, null, "rpc/timed-out"]);
    },
  );

  test("and comes back too late, finds the time passed", async () => {
    const other = new Scene();
    const first = await other.open();
    const caller = await first.startAct('actor("o caller")', giveUp("o", untilAborted, 5_000));
    await first.settled();
    first.kill();
    other.clock.skip(60_000);
    const second = await other.open();
    expect(await second.value(caller)).toMatchObject({ code: "rpc/timed-out" });
  });
});
