import { beforeAll, expect, test } from "vitest";
import { buildGuest } from "../../build/build.ts";
import { cacheFolder } from "../../build/cache-folder.ts";
import { Stage } from "../unit/executor/stage.ts";
import { openWat } from "./wat.ts";

// Guests of both worlds in one store.

let caller: Uint8Array;
beforeAll(async () => {
  caller = (await buildGuest({ entry: "test/guests/caller.ts", cacheFolder: cacheFolder() })).component;
});

async function open(): Promise<Stage> {
  const stage = await Stage.open(await openWat("waits"));
  await stage.host.addComponent(await openWat("counter"), "counter.wasm");
  await stage.host.addComponent(caller, "caller");
  return stage;
}

test("a guest of the SDK calls typed exports, of an agent that keeps its memory or of one of its own", async () => {
  await using stage = await open();
  expect(await stage.run("count", 3)).toBe(3);
  await stage.reopen();
  expect(await stage.run("count", 4)).toBe(7);
  expect(await stage.run("addAlone", 5)).toBe(5);
});

test("what does not fit the callee's types rejects at the caller, and says what would", async () => {
  await using stage = await open();
  const refusal = { code: "call/argument", message: expect.stringContaining("s32") as unknown };
  await expect(stage.run("overflow")).rejects.toMatchObject(refusal);
});

test("a guest that blocks calls agents of the SDK, and is told how they failed", async () => {
  await using stage = await open();
  const call = (method: string, args: string) => stage.call('guest("w")', "call-agent", 'greeter("hi")', method, args);
  expect(await call("greet", '["ann"]')).toBe('"hi ann, number 1"');
  await stage.reopen();
  expect(await call("greet", '["bob"]')).toBe('"hi bob, number 2"');
  await expect(call("refuse", "[]")).rejects.toMatchObject({
    code: "guest/error",
    data: expect.stringContaining("nobody is greeted") as unknown,
  });
  await expect(call("nothing", "[]")).rejects.toMatchObject({ data: expect.stringContaining("nothing") as unknown });
});

test("both wait for each other in the midst of a stack, over the death of their host", async () => {
  await using stage = await open();
  const id = (await stage.call('guest("p")', "create-promise")) as string;
  const waiting = await stage.start('guest("w")', "call-agent", 'guest("q")', "await-promise", JSON.stringify([id]));
  await stage.suspended('guest("q")');
  await stage.reopen();
  await stage.call('guest("p")', "complete-promise", id, "1");
  expect(await stage.end(waiting)).toBe('"1"');
});
