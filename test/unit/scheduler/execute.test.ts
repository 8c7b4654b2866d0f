import { describe, expect, test } from "vitest";
import { agentId, invocationKey } from "../../../host/base/id.ts";
import { HostError } from "../../../host/base/error.ts";
import type { CallRequest } from "../../../host/scheduler/host.ts";
import type { Store } from "../../../host/store/store.ts";
import { dieAtCommit, intercept } from "../../../host/testing/dying-store.ts";
import { Scene, type Node } from "./scene.ts";

const add = (by: number, key?: string): CallRequest => ({
  callee: { agent: 'counter("a")', method: "add" },
  args: `[${by}]`,
  ...(key !== undefined && { key }),
});

/** A node whose commits are counted, and refused when `refuses` says so. */
async function openCounting(
  scene: Scene,
): Promise<{ node: Node; commits: number; refuses: (count: number) => boolean }> {
  const counting = { commits: 0, refuses: (_count: number) => false };
  const wrap = (store: Store) =>
    intercept(store, async (name, call) => {
      if (name !== "commit") return call();
      counting.commits += 1;
      if (counting.refuses(counting.commits)) throw new HostError("store/conflict", "Another node was faster.");
      return call();
    });
  return Object.assign(counting, { node: await scene.open({ wrap }) });
}

describe("execute", async () => {
  test("gives the outcome of a call, a failure as well as a value", async () => {
    const node = await new Scene().open();
    expect(await node.run(node.host.execute(add(2)))).toEqual({ value: "2" });
    const fails = { callee: { function: "act" }, args: "[\"throw new Error('no')\"]" };
    const failed = await node.run(node.host.execute(fails));
    expect("error" in failed && JSON.parse(failed.error)).toMatchObject({ message: "no" });
  });

  test("answers when the outcome is durable, and the call with it, by one commit where a call and its result take two", async () => {
    const counting = await openCounting(new Scene());
    const { node } = counting;
    await node.settled();
    const before = counting.commits;
    await node.run(node.host.execute(add(1, "k")));
    expect(counting.commits - before).toBe(1);
    const row = await node.store.invocation(agentId('counter("a")'), invocationKey("k"));
    expect(row).toMatchObject({ state: "done", outcome: { value: "1" } });
  });

  test("makes a call of one key once, whoever made it before", async () => {
    const node = await new Scene().open();
    const both = [node.host.execute(add(1, "k")), node.host.execute(add(1, "k"))];
    expect(await node.run(Promise.all(both))).toEqual([{ value: "1" }, { value: "1" }]);
    expect(await node.value(await node.start('counter("a").add', [1], "k"))).toBe(1);
    expect(await node.run(node.host.execute(add(1, "k")))).toEqual({ value: "1" });
    expect(await node.call('counter("a").count')).toBe(1);
  });

  test.each([1, 2, 3])("makes the call again, once, when %i commits meet other nodes' doings", async (times) => {
    const counting = await openCounting(new Scene());
    const { node } = counting;
    await node.call('counter("a").add', 1);
    await node.settled();
    const before = counting.commits;
    counting.refuses = (count) => count > before && count <= before + times;
    expect(await node.run(node.host.execute(add(1)))).toEqual({ value: "2" });
    expect(counting.commits).toBeGreaterThan(before + times);
    expect(await node.call('counter("a").count')).toBe(2);
  });

  /** Calls by `execute`, and again with the same key if the host dies at one of its commits; counts these. */
  async function callTwiceIfNeedBe(
    fatal: number,
    when: "before" | "after",
  ): Promise<{ value: unknown; commits: number }> {
    const scene = new Scene();
    scene.hurry = true;
    const dying = dieAtCommit(fatal, when);
    const first = await scene.open({ wrap: dying.wrap });
    const call = {
      callee: { agent: 'actor("a")', method: "act" },
      args: `["return counter.get('b').add(1)"]`,
      key: "k",
    };
    const answered = await Promise.race([first.run(first.host.execute(call)), dying.death]);
    const [commits, lives] = [dying.count(), dying.spare()];
    expect(lives).toBe(fatal === 0);
    if (!lives) first.kill();
    const node = lives ? first : await scene.open();
    const again = await node.run(node.host.execute(call));
    expect(answered ?? again).toEqual(again);
    expect(await node.call('counter("b").count')).toBe(1);
    return { value: again, commits };
  }

  const { value, commits } = await callTwiceIfNeedBe(0, "after");
  // A host begins with a commit, of its component.
  const deaths = Array.from({ length: commits - 1 }, (_, index) => index + 2);
  test.each(deaths.flatMap((commit) => [["before", commit] as const, ["after", commit] as const]))(
    "of a host that dies %s commit %i is made again with its key, and happens once",
    async (when, commit) => {
      expect(value).toEqual({ value: "1" });
      expect(await callTwiceIfNeedBe(commit, when)).toMatchObject({ value });
    },
  );

  test("waits for an agent that belongs to another node", async () => {
    const scene = new Scene();
    const [owner, other] = [await scene.open(), await scene.open()];
    await owner.call('counter("a").add', 1);
    expect(await other.run(other.host.execute(add(1)))).toEqual({ value: "2" });
  });

  test("is refused what `call` is refused", async () => {
    const node = await new Scene().open();
    const unknown = { callee: { function: "nobody" }, args: "[]" };
    await expect(node.run(node.host.execute(unknown))).rejects.toMatchObject({ code: "rpc/unknown-function" });
    await expect(node.run(node.host.execute({ ...add(1), args: "{}" }))).rejects.toMatchObject({
      code: "rpc/bad-option",
    });
  });

  test("tells whoever waits when the host is closed", async () => {
    const node = await new Scene().open();
    const waits = node.host.execute({ callee: { function: "act" }, args: '["await sleep(1e9)"]' });
    const refusal = waits.catch((error: unknown) => error);
    await node.settled();
    await node[Symbol.asyncDispose]();
    expect(await refusal).toMatchObject({ code: "host/closed" });
  });
});
