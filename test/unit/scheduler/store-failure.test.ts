import { describe, expect, test } from "vitest";
import { HostError } from "../../../host/base/error.ts";
import { agentId } from "../../../host/base/id.ts";
import { intercept } from "../../../host/testing/dying-store.ts";
import { failCommits } from "./faults.ts";
import { play, review } from "./plot.ts";
import { Scene } from "./scene.ts";

const full = () => new HostError("store/full", "The disk is full.");

describe("a store that is full", () => {
  test("fails whoever calls or waits with just that, and nothing more happens", async () => {
    const scene = new Scene();
    let isFull = false;
    const node = await scene.open({ wrap: failCommits(() => (isFull ? full() : null)) });
    const called = await node.startAct('actor("a")', "await sleep(100); return 1");
    const waits = node.host.result(called);
    isFull = true;
    await expect(node.run(waits)).rejects.toMatchObject({ code: "store/full" });
    await expect(node.host.call({ callee: { function: "act" }, args: "[]" })).rejects.toMatchObject({
      code: "store/full",
    });
    await expect(node.host.settled()).rejects.toMatchObject({ code: "store/full" });
    await node[Symbol.asyncDispose]();
  });

  test("hands its agents over at once, when there is room again", async () => {
    const scene = new Scene();
    let isFull = false;
    const node = await scene.open({ wrap: failCommits(() => (isFull ? full() : null)) });
    const called = await node.startAct(
      'actor("a")',
      "await counter.get('a').add(1); await sleep(100); return counter.get('a').add(1)",
    );
    isFull = true;
    await expect(node.result(called)).rejects.toMatchObject({ code: "store/full" });
    await node[Symbol.asyncDispose]();
    // It has not been killed, and its lease would last.
    expect(await (await scene.open()).value(called)).toBe(2);
  });

  const commits = [3, 7, 15, 30];
  test.each(commits)("at commit %i has half of nothing, and all goes on from there", async (commit) => {
    const scene = new Scene();
    scene.hurry = true;
    const node = await scene.open({ wrap: failCommits((count) => (count === commit ? full() : null)) });
    await expect(play(node)).rejects.toMatchObject({ code: "store/full" });
    await node[Symbol.asyncDispose]();
    const next = await scene.open();
    const calm = new Scene();
    calm.hurry = true;
    const undisturbed = await calm.open();
    expect([await play(next), await review(next)]).toEqual([await play(undisturbed), await review(undisturbed)]);
  });

  test("keeps messages to itself that were not written", async () => {
    let isFull = false;
    const node = await new Scene().open({ wrap: failCommits(() => (isFull ? full() : null)) });
    const called = await node.startAct(
      'actor("a")',
      "log.info('durable'); await sleep(100); log.info('lost'); return 1",
    );
    await node.settled();
    isFull = true;
    await expect(node.result(called)).rejects.toMatchObject({ code: "store/full" });
    expect(node.logs.map(({ message }) => message)).toEqual(["durable"]);
  });
});

describe("a store that can't be read", () => {
  test("ends the host rather than have it go on with half of what it was about to do", async () => {
    let isBroken = false;
    const wrap = (store: Parameters<typeof intercept>[0]) =>
      intercept(store, async (name, call) => {
        if (isBroken && name === "waiters") throw new HostError("store/failed", "The disk is gone.");
        return call();
      });
    const node = await new Scene().open({ wrap });
    const called = await node.startAct('actor("a")', "await sleep(100); return 1");
    isBroken = true;
    await expect(node.result(called)).rejects.toMatchObject({ code: "store/failed" });
  });

  test("refuses to be opened, and leaves nothing running", async () => {
    const wrap = (store: Parameters<typeof intercept>[0]) =>
      intercept(store, async (name, call) => {
        if (name === "ready") throw new HostError("store/failed", "The disk is gone.");
        return call();
      });
    const scene = new Scene();
    await expect(scene.open({ wrap })).rejects.toMatchObject({ code: "store/failed" });
    expect(scene.clock.next()).toBe(false);
  });
});

describe("an agent whose entries are damaged", () => {
  test.each([
    ["are no JSON", (entries: string) => entries.slice(1), "oplog/corrupt"],
    ["are unknown", (entries: string) => entries.replace('"stepped"', '"leapt"'), "oplog/unknown-entry"],
    [
      "are not what its guest did",
      (entries: string) => entries.replace('"value":"1"', '"value":"2"'),
      "replay/mismatch",
    ],
  ])("that %s fails, and no other one", async (_, damage, code) => {
    const scene = new Scene();
    const first = await scene.open();
    await first.call('counter("a").add', 1);
    await first.call('counter("b").add', 1);
    const waits = await first.startAct('actor("c")', "await sleep(10_000); return counter.get('a').add(1)");
    await first.settled();
    first.kill();
    const step = scene.state.agents.get(agentId('counter("a")'))!.steps.at(-1)!;
    step.entries = damage(step.entries);

    const second = await scene.open();
    await expect(second.call('counter("a").add', 1)).rejects.toMatchObject({ code });
    await expect(second.value(waits)).rejects.toMatchObject({ code });
    expect(await second.call('counter("b").add', 1)).toBe(2);
    await second.settled();
    expect(await second.store.agent(agentId('counter("a")'))).toMatchObject({ state: "failed" });
  });

  test("and has something to do does not keep the host from opening", async () => {
    const scene = new Scene();
    const first = await scene.open();
    const waits = await first.startAct('actor("a")', "await sleep(1); await sleep(1e6)");
    await first.pass(100);
    await first.settled();
    first.kill();
    const agent = scene.state.agents.get(agentId('actor("a")'))!;
    agent.row.state = "running";
    agent.steps.splice(1, 1);
    const second = await scene.open();
    await expect(second.value(waits)).rejects.toMatchObject({ code: expect.stringMatching(/corrupt|invariant/) });
    expect(await second.call('counter("b").add', 1)).toBe(1);
  });
});
