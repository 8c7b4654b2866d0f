import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { cacheFolder } from "../../build/cache-folder.ts";
import { agentId } from "../../host/base/id.ts";
import { openHost } from "../../host/open-host.ts";
import type { Host } from "../../host/scheduler/host.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import { engine } from "../unit/scheduler/scene.ts";
import { checkRefusal, damage, expectAlways, patienceMs, someDamage, type Damage } from "./fuzz.ts";

const folder = mkdtempSync(join(tmpdir(), "planaria-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));
const pageSizeBytes = 4_096;
const agents = ['actor("a")', 'actor("b")', 'counter("c")', 'actor("asleep")'];
/** What only `actor("b")` knows. */
const secret = "the secret of b";

let files = 0;
/** Opens a host on a file with these bytes; it leaves when `use` is through. */
async function withFile<T>(
  bytes: Uint8Array | null,
  use: (host: Host) => Promise<T>,
): Promise<{ value: T; file: string }> {
  const file = join(folder, `${(files += 1)}.db`);
  if (bytes) writeFileSync(file, bytes);
  await using store = await openSqliteStore({ file, now: Date.now, durability: "relaxed" });
  await using host = await openHost({ store, executor: "in-process", cacheFolder: cacheFolder(), pollMs: 5 });
  // It may find out at any time that it can't go on.
  const failed = host.ended.catch((error: unknown) => Promise.reject(checkRefusal(error)));
  return { file, value: await Promise.race([use(host), failed]) };
}

async function call(host: Host, agent: string, body: string): Promise<string> {
  const ref = await host.call({ callee: { agent, method: "act" }, args: JSON.stringify([body]) });
  return JSON.stringify(await host.result(ref));
}

/** A store with agents that remember something, have snapshots and forks, and wait. */
async function makeStore(): Promise<Buffer> {
  const { file } = await withFile(null, async (host) => {
    await host.addComponent(engine.bytes, "engine");
    await call(host, agents[0]!, "kept.n = 1; await counter.get('c').add(5)");
    await call(host, agents[1]!, `kept.secret = ${JSON.stringify(secret)}; await fork()`);
    for (let i = 0; i < 150; i += 1) await call(host, agents[0]!, "kept.n += 1");
    const body = "promise.create({ id: 'p' }); await Promise.all([sleep(1e9), promise.await('p')])";
    await host.call({ callee: { agent: agents[3]!, method: "act" }, args: JSON.stringify([body]) });
  });
  // The last to close the file has brought the log into it.
  return readFileSync(file);
}

const sound = await makeStore();
/** Where the pages are that hold more than a part of a component: nine in ten bytes of the file are of one. */
const pages = Array.from({ length: sound.length / pageSizeBytes }, (_, page) => page * pageSizeBytes).filter((at) => {
  const body = sound.subarray(at, at + pageSizeBytes);
  return (
    at < 10 * pageSizeBytes || body.includes("actor(") || body.includes("stepped") || body[0] === 13 || body[0] === 10
  );
});
const inPages = fc
  .array(fc.record({ page: fc.constantFrom(...pages), offset: fc.nat(pageSizeBytes - 1), bit: fc.nat(7) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((flips): Damage => ({ cut: null, flips: flips.map(({ page, offset, bit }) => ({ at: page + offset, bit })) }));

/** Everything that somebody could do with it: look, call, replay from the journal, fork. */
async function useAll(host: Host): Promise<string[]> {
  const seen: string[] = [];
  for (const agent of agents) {
    const id = agentId(agent);
    const tries = [
      async () => void (await host.inspect(id)),
      async () => void (await host.oplog(id)),
      async () =>
        seen.push(
          `${agent} ${agent.startsWith("counter") || agent.includes("asleep") ? "" : await call(host, agent, "return kept")}`,
        ),
      async () => void (await host.forkAgent(id)),
    ];
    for (const each of tries) await each().catch(checkRefusal);
  }
  return seen;
}

describe("a store's file", () => {
  test("that is sound gives everybody what is theirs", async () => {
    const { value } = await withFile(sound, useAll);
    expect(value[0]).toContain("151");
    expect(value[1]).toContain(secret);
  });

  test("in which bits were flipped, or that was cut off, is used or refused", { timeout: patienceMs }, async () => {
    const some = fc.oneof({ arbitrary: inPages, weight: 4 }, { arbitrary: someDamage, weight: 1 });
    await expectAlways(
      fc.asyncProperty(some, async (flips) => {
        const used = await withFile(damage(sound, flips), useAll).catch(checkRefusal);
        if (!("value" in used)) return;
        for (const line of used.value) if (!line.startsWith(agents[1]!)) expect(line).not.toContain(secret);
      }),
      60,
    );
  });
});
