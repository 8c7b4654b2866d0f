import { openHost, openMemoryStore } from "planaria";
import { readComponent, readGolden, recordAgent, type Golden } from "planaria/testing";
import { expect, test } from "vitest";
import { readFile } from "node:fs/promises";

test("a golden that is there replays", async () => {
  await expect("guests.wasm").toReplay("counter.oplog.jsonl");
  await expect(new URL("guests.wasm", import.meta.url)).toReplay(new URL("counter.oplog.jsonl", import.meta.url));
});

test("what an agent of the embedded host did is recorded, and replays", async () => {
  await using store = await openMemoryStore({ now: Date.now });
  await using host = await openHost({ store });
  await host.addComponent(await readFile("guests.wasm"), "guests");
  await host.result(await host.call({ callee: { agent: 'counter("c2")', method: "add" }, args: "[2]" }));
  const golden: Golden = await recordAgent(host, 'counter("c2")', "goldens/counter.oplog.jsonl");
  expect(golden.entries.map((entry) => entry.kind)).toEqual(["created", "stepped", "invoked", "finished"]);
  expect((await readGolden("goldens/counter.oplog.jsonl")).header.agent).toBe('counter("c2")');
  await expect("guests.wasm").toReplay("goldens/counter.oplog.jsonl");
  expect((await readComponent("guests.wasm")).digest).toBe(golden.header.component);
});

test("types: a golden file is named by a path or a URL", () => {
  const check = async () => {
    // @ts-expect-error: it is not named by a number
    await expect("guests.wasm").toReplay(42);
    // @ts-expect-error: there must be one
    await expect("guests.wasm").toReplay();
    const replay: Promise<void> = expect(new Uint8Array()).not.toReplay("counter.oplog.jsonl");
    return replay;
  };
  expect(check).toBeTypeOf("function");
});
