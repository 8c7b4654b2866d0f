import { describe, expect, test, vi } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { buildWat, openWat } from "../../components/wat.ts";
import { Stage } from "./stage.ts";

// So that there are many snapshots, they are taken far more often than they would pay.
vi.mock(import("../../../host/executor/session.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  isSnapshotDue: ({ steps }) => steps >= 3,
}));

const [waits, counter, hostile, bucket, tableSet, start] = (await Promise.all(
  ["waits", "counter", "hostile", "bucket", "table-set", "start"].map(openWat),
)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

const promiseOf = async (stage: Stage, agent: string) => (await stage.call(agent, "create-promise")) as string;

describe("a guest that waits", () => {
  test("goes on where it was when its host died in the midst", async () => {
    await using stage = await Stage.open(waits);
    const id = await promiseOf(stage, 'guest("a")');
    const waiting = await stage.start('guest("a")', "await-promise", id);
    await stage.suspended('guest("a")');
    await stage.reopen();
    await stage.call('guest("b")', "complete-promise", id, '"done"');
    expect(await stage.end(waiting)).toBe('"done"');
    expect(await stage.call('guest("a")', "waits")).toBe(1);
    await stage.checkReplays();
  });

  test("gives its instance up for others, and gets back to where it was", async () => {
    await using stage = await Stage.open(waits, { instances: 2 });
    const ids = await Promise.all(Array.from({ length: 5 }, () => promiseOf(stage, 'guest("maker")')));
    const agents = ids.map((_, index) => `guest("${index}")`);
    const waiting = await Promise.all(agents.map((agent, index) => stage.start(agent, "await-promise", ids[index])));
    for (const agent of agents) await stage.suspended(agent);
    for (const id of ids.toReversed()) await stage.call('guest("maker")', "complete-promise", id, JSON.stringify(id));
    expect(await Promise.all(waiting.map((each) => stage.end(each)))).toEqual(ids.map((id) => JSON.stringify(id)));
    await stage.checkReplays();
  });

  test("is copied while it waits, and both copies come to the end", async () => {
    await using stage = await Stage.open(waits);
    const id = await promiseOf(stage, 'guest("a")');
    const waiting = await stage.start('guest("a")', "await-promise", id);
    await stage.suspended('guest("a")');
    const fork = await stage.host.forkAgent(agentId('guest("a")'));
    await stage.call('guest("b")', "complete-promise", id, "1");
    expect(await stage.end(waiting)).toBe("1");
    expect(await stage.end({ agent: fork, key: waiting.key })).toBe("1");
    await stage.checkReplays();
  });

  test("copies itself, and is told in which of both it is", async () => {
    await using stage = await Stage.open(waits);
    for (let i = 0; i < 4; i += 1) await promiseOf(stage, 'guest("a")');
    const forking = await stage.start('guest("a")', "fork");
    const side = JSON.parse((await stage.end(forking)) as string) as { kind: string; fork: string };
    expect(side.kind).toBe("original");
    const other = await stage.end({ agent: agentId(side.fork), key: forking.key });
    expect(JSON.parse(other as string)).toMatchObject({ kind: "forked", parent: 'guest("a")' });
    await stage.checkReplays();
  });

  test("is told which of several operations ended first", async () => {
    await using stage = await Stage.open(waits);
    const [left, right] = [await promiseOf(stage, 'guest("m")'), await promiseOf(stage, 'guest("m")')];
    const racing = await stage.start('guest("a")', "first-of", left, right);
    await stage.suspended('guest("a")');
    await stage.call('guest("m")', "complete-promise", right, "1");
    expect(await stage.end(racing)).toBe(1);
    await stage.checkReplays();
  });

  test("is given an outcome once, and none of an invocation before", async () => {
    await using stage = await Stage.open(waits);
    const id = await promiseOf(stage, 'guest("a")');
    await stage.call('guest("a")', "complete-promise", id, "1");
    const unknown = { code: "guest/error", data: expect.stringContaining("operation/unknown") as unknown };
    await expect(stage.call('guest("a")', "await-twice", id)).rejects.toMatchObject(unknown);
    const operation = await stage.call('guest("a")', "begin", id);
    await expect(stage.call('guest("a")', "await-operation", operation)).rejects.toMatchObject(unknown);
  });

  test("comes to an end when its caller gives it up", async () => {
    await using stage = await Stage.open(waits);
    const id = await promiseOf(stage, 'guest("a")');
    const waiting = await stage.start('guest("a")', "await-promise", id);
    await stage.suspended('guest("a")');
    await stage.host.cancel(waiting);
    await expect(stage.end(waiting)).rejects.toMatchObject({
      code: expect.stringMatching(/cancel|guest\/error/) as unknown,
    });
    expect(await stage.call('guest("a")', "waits")).toBe(1);
    await stage.checkReplays();
  });

  test("traps when it selects among no operations", async () => {
    await using stage = await Stage.open(waits);
    await expect(stage.call('guest("a")', "select-none")).rejects.toMatchObject({ code: "guest/invalid-argument" });
    expect(await stage.call('guest("a")', "waits")).toBe(0);
  });
});

describe("a guest with typed exports", () => {
  test("remembers in globals and memory, over hosts and snapshots", async () => {
    await using stage = await Stage.open(counter);
    for (let i = 1; i <= 10; i += 1) {
      expect(await stage.call('guest("a")', "add", i)).toBe((i * (i + 1)) / 2);
      expect(await stage.call('guest("a")', "push", i)).toBe((i * (i + 1)) / 2);
      if (i % 4 === 0) await stage.reopen();
    }
    expect((await stage.store.agent(agentId('guest("a")')))!.snapshot).not.toBeNull();
    expect(await stage.call('guest("b")', "get")).toBe(0);
    await stage.checkReplays();
  });

  test("is not entered with arguments that do not fit, and says which", async () => {
    await using stage = await Stage.open(counter);
    const refusal = { code: "call/argument", message: expect.stringContaining("by of add has to be s32") as unknown };
    await expect(stage.call('guest("a")', "add", "x")).rejects.toMatchObject(refusal);
    await expect(stage.call('guest("a")', "add", 2 ** 31)).rejects.toMatchObject({ code: "call/argument" });
    await expect(stage.call('guest("a")', "add")).rejects.toMatchObject({ code: "call/argument" });
    expect(await stage.call('guest("a")', "get")).toBe(0);
  });

  test("has no function that it does not export", async () => {
    await using stage = await Stage.open(counter);
    await expect(stage.call('guest("a")', "pusch")).rejects.toMatchObject({
      code: "rpc/unknown-method",
      message: expect.stringContaining("Did you mean push?") as unknown,
    });
  });

  test("is what it was before an invocation that trapped", async () => {
    await using stage = await Stage.open(hostile);
    const expectTrap = async (code: string, method: string, ...args: unknown[]) =>
      expect(stage.call('guest("a")', method, ...args)).rejects.toMatchObject({ code });
    await expectTrap("guest/trap", "trap");
    await expectTrap("guest/trap", "divide", 0);
    await expectTrap("guest/trap", "read-beyond");
    await expectTrap("guest/trap", "wild-string");
    await expectTrap("guest/stack-overflow", "recurse", 10_000_000);
    expect(await stage.call('guest("a")', "calls")).toBe(0);
    await stage.reopen();
    expect(await stage.call('guest("a")', "divide", 2)).not.toBe(0);
    expect(await stage.call('guest("a")', "calls")).toBeGreaterThan(0);
    await stage.checkReplays();
  });

  test("may hold no more handles than the host has room for", async () => {
    const wit = `package a:b; world w { import wasi:clocks/monotonic-clock@0.2.0; export hoard: func(count: u32); }
      package wasi:io@0.2.0 { interface poll { resource pollable; } }
      package wasi:clocks@0.2.0 { interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable}; subscribe-duration: func(when: u64) -> pollable; } }`;
    const wat = `(module (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $make (param i64) (result i32)))
      (memory (export "memory") 1)
      (func (export "hoard") (param $left i32)
        (loop $again (drop (call $make (i64.const 1)))
          (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))`;
    await using stage = await Stage.open(await buildWat(wat, wit));
    expect(await stage.call('guest("a")', "hoard", 50_000)).toBeNull();
    await expect(stage.call('guest("a")', "hoard", 50_000)).rejects.toMatchObject({
      code: "guest/trap",
      message: expect.stringContaining("65536 handles") as unknown,
    });
    expect(await stage.call('guest("a")', "hoard", 10)).toBeNull();
    await stage.checkReplays();
  });

  test("starts from the same image wherever it is instantiated", async () => {
    await using stage = await Stage.open(start);
    const [born, seed] = [await stage.call('guest("a")', "born"), await stage.call('guest("a")', "seed")];
    await stage.reopen();
    expect(await stage.call('guest("b")', "born")).toBe(born);
    expect(await stage.call('guest("b")', "seed")).toBe(seed);
    await stage.checkReplays();
  });

  test("whose tables change is never captured, and replays instead", async () => {
    await using stage = await Stage.open(tableSet, { instances: 1 });
    const results = [];
    for (let i = 0; i < 5; i += 1) {
      for (const agent of ['guest("a")', 'guest("b")']) results.push(await stage.call(agent, "go"));
      if (i === 2) await stage.reopen();
    }
    expect(new Set(results).size).toBe(1);
    expect((await stage.store.agents()).map(({ snapshot }) => snapshot)).toEqual([null, null]);
    await stage.checkReplays();
  });
});

describe("a resource that a caller holds", () => {
  const make = (stage: Stage, level: number) => stage.call('guest("a")', "bucket", level);

  test("is used and dropped over many calls, and over the death of the host", async () => {
    await using stage = await Stage.open(bucket);
    const [one, other] = [await make(stage, 5), await make(stage, 7)];
    for (let i = 0; i < 5; i += 1) await stage.call('guest("a")', "bucket.fill", one, 1);
    await stage.reopen();
    expect(await stage.call('guest("a")', "sum", [one, other])).toBe(17);
    expect(await stage.call('guest("a")', "bucket.pour", one, other)).toBe(17);
    expect(await stage.call('guest("a")', "alive")).toBe(1);
    await stage.call('guest("a")', "bucket.drop", other);
    expect(await stage.call('guest("a")', "alive")).toBe(0);
    await stage.checkReplays();
  });

  test("puts snapshots off until nobody holds one, and has a number of its own", async () => {
    await using stage = await Stage.open(bucket);
    const held = await make(stage, 1);
    const length = async () => (await stage.store.agent(agentId('guest("a")')))!.snapshot?.length ?? 0;
    const before = await length();
    for (let i = 0; i < 10; i += 1) await stage.call('guest("a")', "bucket.level", held);
    await stage.host.settled();
    expect(await length()).toBe(before);
    await stage.call('guest("a")', "bucket.drop", held);
    for (let i = 0; i < 4; i += 1) await stage.call('guest("a")', "alive");
    await stage.host.settled();
    expect(await length()).toBeGreaterThan(before);
    await stage.reopen();
    expect(await make(stage, 1)).toMatchObject({ handle: 2 });
    await stage.checkReplays();
  });

  test("can't be had once it is gone, nor by another agent, nor as something else", async () => {
    await using stage = await Stage.open(bucket);
    const held = await make(stage, 1);
    const refused = { code: "call/argument" };
    await expect(stage.call('guest("b")', "bucket.level", held)).rejects.toMatchObject(refused);
    await expect(stage.call('guest("a")', "bucket.level", { ...(held as object), handle: 9 })).rejects.toMatchObject(
      refused,
    );
    await expect(stage.call('guest("a")', "bucket.level", 1)).rejects.toMatchObject(refused);
    await expect(stage.call('guest("a")', "bucket.pour", held, held)).rejects.toBeDefined();
    await stage.call('guest("a")', "bucket.drop", held);
    await expect(stage.call('guest("a")', "bucket.drop", held)).rejects.toMatchObject(refused);
  });
});
