import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import type { InvocationRef } from "../../../host/scheduler/host.ts";
import { Scene, type Node } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();

const aborted = "await new Promise((go) => signal().addEventListener('abort', go));";
const cancel = (on: Node, ref: InvocationRef) => on.run(on.host.cancel(ref));
const errorOf = async (on: Node, ref: InvocationRef) =>
  JSON.parse(((await on.result(ref)) as { error: string }).error) as Record<string, unknown>;

describe("an invocation that is canceled while it runs", () => {
  test("and fails of it, ends as canceled, with what the guest threw as the cause", async () => {
    const body = `${aborted} throw Object.assign(new RangeError("stopped", { cause: new TypeError("deep") }), { code: "my/code", data: { n: 1 } })`;
    const ref = await node.startAct('actor("a")', body);
    await node.settled();
    expect(await cancel(node, ref)).toBe(true);
    expect(await errorOf(node, ref)).toMatchObject({
      name: "CanceledError",
      code: "rpc/canceled",
      message: 'The call of actor("a") was canceled while it ran.',
      cause: {
        name: "RangeError",
        message: "stopped",
        code: "my/code",
        data: { n: 1 },
        cause: { name: "TypeError", message: "deep" },
      },
    });
  });

  test("and lets its signal be thrown, has that for the cause", async () => {
    const ref = await node.startAct('actor("b")', "await sleep(60_000, { signal: signal() })");
    await node.settled();
    await cancel(node, ref);
    expect(await errorOf(node, ref)).toMatchObject({ code: "rpc/canceled", cause: { code: "operation/canceled" } });
    expect(await node.act('actor("b")', "return 'free'")).toBe("free");
  });

  test("and gives a value all the same, ends with that", async () => {
    const ref = await node.startAct('actor("c")', `${aborted} return "half of it"`);
    await node.settled();
    await cancel(node, ref);
    expect(await node.value(ref)).toBe("half of it");
  });

  test("and traps of it, ends as canceled", async () => {
    const ref = await node.startAct('actor("d")', `${aborted} trap()`);
    await node.settled();
    await cancel(node, ref);
    expect(await errorOf(node, ref)).toMatchObject({ code: "rpc/canceled", cause: { name: "TrapError" } });
  });

  test("is not tried again, whatever was granted", async () => {
    const args = JSON.stringify([`kept.n = (kept.n ?? 0) + 1; ${aborted} throw new Error("no")`]);
    const callee = { agent: 'actor("e")', method: "act" };
    const ref = await node.run(node.host.call({ callee, args, retry: { attempts: 5, firstMs: 0 } }));
    await node.settled();
    await cancel(node, ref);
    expect(await errorOf(node, ref)).toMatchObject({ code: "rpc/canceled" });
    expect(await node.act('actor("e")', "return kept.n")).toBe(1);
  });

  test("hands the cancellation on to what it waits for, as it is told to", async () => {
    const inner = `${aborted} kept.told = true`;
    const ref = await node.startAct('actor("f")', "await actor.get('f1').with({ signal: signal() }).act(args[0])", [
      inner,
    ]);
    await node.settled();
    await cancel(node, ref);
    expect(await errorOf(node, ref)).toMatchObject({ code: "rpc/canceled", cause: { code: "operation/canceled" } });
    await node.settled();
    expect(await node.act('actor("f1")', "return kept.told")).toBe(true);
  });

  test("is told so after a crash, too", async () => {
    const other = new Scene();
    const first = await other.open();
    const ref = await first.startAct('actor("g")', `${aborted} throw new Error("stopped")`);
    await first.settled();
    void first.host.cancel(ref).catch(() => {});
    await first.host.inspect(agentId('actor("g")'));
    first.kill();
    const second = await other.open();
    expect(await errorOf(second, ref)).toMatchObject({ code: "rpc/canceled", cause: { message: "stopped" } });
  });
});

describe("an invocation that is canceled before it runs", () => {
  test("never begins, be it queued or scheduled", async () => {
    const busy = await node.startAct('actor("h")', "await sleep(1_000)");
    const queued = await node.startAct('actor("h")', "kept.began = true");
    const callee = { agent: 'actor("h")', method: "act" };
    const at = scene.clock.now() + 5_000;
    const scheduled = await node.run(node.host.call({ callee, args: '["kept.began = true"]', at }));
    expect([await cancel(node, queued), await cancel(node, scheduled)]).toEqual([true, true]);
    for (const ref of [queued, scheduled])
      expect(await errorOf(node, ref)).toMatchObject({
        name: "CanceledError",
        code: "rpc/canceled",
        message: 'The call of actor("h") was canceled before it began.',
      });
    await node.value(busy);
    await node.pass(10_000);
    expect(await node.act('actor("h")', "return kept.began ?? false")).toBe(false);
  });

  test("of a function leaves an agent that has ended", async () => {
    const at = scene.clock.now() + 5_000;
    const ref = await node.run(node.host.call({ callee: { function: "act" }, args: '["return 1"]', at }));
    await cancel(node, ref);
    expect(await errorOf(node, ref)).toMatchObject({ code: "rpc/canceled" });
    expect(await node.store.agent(ref.agent)).toMatchObject({ state: "ended" });
  });

  test("is told to everyone who waits for it", async () => {
    const busy = await node.startAct('actor("i")', "await sleep(1_000)");
    const waits = await node.startAct(
      'actor("i caller")',
      "return actor.get('i').act('return 1').catch((e) => e.code)",
    );
    await node.settled();
    const [, row] = await node.store.queue(agentId('actor("i")'));
    await cancel(node, { agent: row!.agent, key: row!.key });
    expect(await node.value(waits)).toBe("rpc/canceled");
    await node.value(busy);
  });
});

describe("a cancellation", () => {
  test("of what has ended changes nothing, and says so", async () => {
    const ref = await node.startAct('actor("j")', "return 1");
    expect(await node.value(ref)).toBe(1);
    expect(await cancel(node, ref)).toBe(false);
    expect(await node.value(ref)).toBe(1);
  });

  test("asked for twice is one", async () => {
    const ref = await node.startAct(
      'actor("k")',
      `${aborted} kept.n = (kept.n ?? 0) + 1; await sleep(100); throw new Error("no")`,
    );
    await node.settled();
    expect([await cancel(node, ref), await cancel(node, ref)]).toEqual([true, true]);
    expect(await errorOf(node, ref)).toMatchObject({ code: "rpc/canceled", cause: { message: "no" } });
    expect(await node.act('actor("k")', "return kept.n")).toBe(1);
  });

  test("of what only waits for calls that it left open changes nothing", async () => {
    const ref = await node.startAct('actor("l2")', "void actor.get('l3').act('await sleep(500)'); return 'done'");
    await node.settled();
    expect(await cancel(node, ref)).toBe(true);
    expect(await node.value(ref)).toBe("done");
  });

  test.each([
    ['actor("l")', "never"],
    ['actor("nobody")', "k"],
  ])("of %s under the key %s, which nobody has called, is refused", async (agent, key) => {
    await node.act('actor("l")', "return 1");
    await expect(cancel(node, { agent: agentId(agent), key: key as never })).rejects.toMatchObject({
      code: "invocation/unknown",
      message: `${agent} has no invocation with the key "${key}".`,
    });
  });

  test("reaches a call that waits for its next attempt on another node, without the time passing", async () => {
    const other = new Scene();
    const owner = await other.open();
    const asker = await other.open();
    const callee = { agent: 'actor("n")', method: "act" };
    const retry = { attempts: 2, firstMs: 1e9, mostMs: 1e9 };
    const ref = await owner.run(owner.host.call({ callee, args: "[\"throw new Error('no')\"]", retry }));
    await owner.settled();
    const begun = other.clock.now();
    expect(await cancel(asker, ref)).toBe(true);
    expect(await errorOf(asker, ref)).toMatchObject({ code: "rpc/canceled", cause: { message: "no" } });
    expect(other.clock.now() - begun).toBeLessThan(60_000);
  });

  test("reaches an agent that another node owns", async () => {
    const other = new Scene();
    const owner = await other.open();
    const asker = await other.open();
    const running = await owner.startAct('actor("m")', `${aborted} throw new Error("stopped")`);
    const queued = await owner.startAct('actor("m")', "kept.began = true");
    await owner.settled();
    expect([await cancel(asker, queued), await cancel(asker, running)]).toEqual([true, true]);
    expect(await errorOf(asker, running)).toMatchObject({ code: "rpc/canceled", cause: { message: "stopped" } });
    expect(await errorOf(asker, queued)).toMatchObject({ code: "rpc/canceled" });
    expect(await owner.act('actor("m")', "return kept.began ?? false")).toBe(false);
  });
});
