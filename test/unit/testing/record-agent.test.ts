import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { digestOf } from "../../../host/base/id.ts";
import { openHost, type OpenHostOptions } from "../../../host/open-host.ts";
import type { Host } from "../../../host/scheduler/host.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import { readGolden, recordAgent } from "../../../host/testing/index.ts";
import { readComponents } from "../../golden/folder.ts";
import { openGuestFolder } from "../build/guest-folder.ts";

const folder = openGuestFolder({ "blocking/file": "" });
const component = [...readComponents().values()].at(-1)!;
const agent = 'counter("c1")';
let host: Host;

async function open(options: Partial<OpenHostOptions> = {}): Promise<Host> {
  const store = await openMemoryStore({ now: Date.now });
  return openHost({ store, executor: "in-process", cacheFolder: cacheFolder(), ...options });
}

beforeAll(async () => {
  host = await open();
  await host.addComponent(component, "goldens");
  for (const by of [2, 3]) await host.result(await host.call({ callee: { agent, method: "add" }, args: `[${by}]` }));
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe("an agent is recorded", () => {
  test("with all that it did so far, in a folder that need not exist", async () => {
    const file = folder.file("new/counter.oplog.jsonl");
    const golden = await recordAgent(host, agent, file);
    const step = ["stepped", "invoked", "finished"];
    expect(golden.entries.map(({ kind }) => kind)).toEqual(["created", ...step, ...step]);
    expect(await readGolden(file)).toEqual(golden);
    await expect(component).toReplay(file);
  });

  test("with the cap on memory that it ran under", async () => {
    await using capped = await open({ memoryCapBytes: 67_108_864 });
    await capped.addComponent(component, "goldens");
    await capped.result(await capped.call({ callee: { agent, method: "get" }, args: "[]" }));
    const file = folder.file("capped.oplog.jsonl");
    await recordAgent(capped, agent, file, { memoryCapBytes: 67_108_864 });
    expect((await readGolden(file)).header.memoryCapBytes).toBe(67_108_864);
    await expect(component).toReplay(file);
  });
});

describe("nothing is recorded", () => {
  test("over a file that exists", async () => {
    const file = folder.file("once.oplog.jsonl");
    await recordAgent(host, agent, file);
    const before = readFileSync(file, "utf8");
    await host.result(await host.call({ callee: { agent, method: "add" }, args: "[1]" }));
    await expect(recordAgent(host, agent, file)).rejects.toMatchObject({ code: "golden/exists" });
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  test("where no file can be written", async () => {
    const file = folder.file("blocking/file/counter.oplog.jsonl");
    await expect(recordAgent(host, agent, file)).rejects.toMatchObject({ code: "golden/unwritable" });
  });

  test("of an agent that there is not, or of what names none", async () => {
    const file = folder.file("none.oplog.jsonl");
    await expect(recordAgent(host, 'counter("nobody")', file)).rejects.toMatchObject({ code: "agent/unknown" });
    await expect(recordAgent(host, "counter(c1)", file)).rejects.toMatchObject({ code: "agent/name" });
    await expect(readGolden(file)).rejects.toMatchObject({ code: "golden/missing" });
  });

  test("with a component that the store does not hold", async () => {
    await expect(host.component(digestOf(Buffer.from("other")))).rejects.toMatchObject({ code: "component/unknown" });
  });
});
