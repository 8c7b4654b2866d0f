import { describe, expect, test } from "vitest";
import { decodeStep, encodeStep } from "../../../host/oplog/codec.ts";
import { agentId, invocationKey, promiseId } from "../../../host/base/id.ts";
import { foldState } from "../../../host/scheduler/live.ts";
import { engine, Scene } from "./scene.ts";

describe("a call from outside", () => {
  test.each([
    ["no JSON", '[1],"method":"other"'],
    ["no list", '{"a":1}'],
    ["nothing", ""],
    ["half of a pair", '["\ud800"]'],
  ])("whose arguments are %s is refused", async (_, args) => {
    const node = await new Scene().open();
    const called = node.run(node.host.call({ callee: { function: "act" }, args }));
    await expect(called).rejects.toMatchObject({ code: "rpc/bad-option", data: { option: "args" } });
    expect(await node.store.agents()).toEqual([]);
  });

  test.each(["", "a\ud800", "x".repeat(4_097)])("is refused under a key that no store can keep", async (key) => {
    const node = await new Scene().open();
    const called = node.run(node.host.call({ callee: { function: "act" }, args: "[]", key }));
    await expect(called).rejects.toMatchObject({ code: "rpc/bad-option", data: { option: "key" } });
  });
});

test("a promise is settled from outside with JSON alone", async () => {
  const node = await new Scene().open();
  await node.act('actor("a")', "promise.create({ id: 'p' })");
  const settle = (payload: string) => node.run(node.host.settlePromise(promiseId("p"), "resolved", payload));
  await expect(settle('1},{"operation":9,"value":1')).rejects.toMatchObject({ code: "promise/bad-payload" });
  expect(await settle('"fine"')).toBe(true);
  expect(await node.act('actor("a")', "return promise.await('p')")).toBe("fine");
});

test("entries of an agent that can't follow each other are damage to that agent", () => {
  const agent = agentId('actor("a")');
  const component = engine.compiled.digest;
  const created = encodeStep([{ kind: "created", agent, component, host: "0" }]);
  const invoked = { kind: "invoked" as const, key: invocationKey("k"), method: "act", args: "[]" };
  const step = (invocation: number) =>
    encodeStep([
      { kind: "stepped", at: 1 },
      { ...invoked, invocation },
    ]);
  const texts = [created, step(1), step(2)];
  const steps = texts.map((entries, index) => ({ first: [0, 1, 3][index]!, entries }));
  expect(steps.flatMap(({ entries, first }) => decodeStep(entries, { agent, first }))).toHaveLength(5);
  expect(() => foldState({ agent, component, snapshot: null, steps })).toThrow(
    expect.objectContaining({
      code: "oplog/corrupt",
      message: expect.stringContaining('actor("a") is damaged at entry 3'),
    }),
  );
});
