import { expect, onTestFinished, test, vi } from "vitest";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { agentId, type AgentId } from "../../../host/base/id.ts";
import { SharedWatch } from "../../../host/executor/watch.ts";
import { decodeStep } from "../../../host/oplog/codec.ts";
import { openHost } from "../../../host/open-host.ts";
import type { Host } from "../../../host/scheduler/host.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import { readGuest } from "../scheduler/scene.ts";

const { bytes } = await readGuest("guests/parallelism");

/** How many primes there are below 160,000. */
const count = 14_683;

async function open(threads: number): Promise<Host> {
  const store = await openMemoryStore({ now: Date.now });
  const host = await openHost({ store, threads, cacheFolder: cacheFolder() });
  await host.addComponent(bytes, "parallelism");
  return host;
}

/** Calls `primes` over so many agents; `isOver` tells when it has ended. */
async function start(host: Host, agents: number) {
  const ref = await host.call({ callee: { function: "primes" }, args: `[160000, 4, ${agents}]` });
  let ended = false;
  const outcome = host.result(ref).finally(() => (ended = true));
  return { outcome, isOver: () => ended };
}

/**
 * Two sieves whose steps were under way at the same time: one is seen both before and after the other one is, in one and
 * the same step.
 */
async function findOverlap(watches: ReadonlySet<SharedWatch>, isOver: () => boolean): Promise<AgentId[] | null> {
  while (!isOver()) {
    for (const one of watches) {
      for (const other of watches) {
        const [before, between, after] = [one.running(), other.running(), one.running()];
        if (!before?.agent.startsWith("sieve") || !between?.agent.startsWith("sieve")) continue;
        const isSameStep = before.agent === after?.agent && before.forMs <= after.forMs;
        if (isSameStep && between.agent !== before.agent) return [before.agent, between.agent];
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return null;
}

/** Lets a test see what the watchdog sees, once it has looked at every thread. */
function spyOnWatches(): ReadonlySet<SharedWatch> {
  const watches = new Set<SharedWatch>();
  const original = SharedWatch.prototype.running;
  const spy = vi.spyOn(SharedWatch.prototype, "running").mockImplementation(function (this: SharedWatch) {
    watches.add(this);
    return original.call(this);
  });
  onTestFinished(() => spy.mockRestore());
  return watches;
}

test("two agents are at work at the same time, each in a thread of its own", async () => {
  const watches = spyOnWatches();
  await using host = await open(2);
  const { outcome, isOver } = await start(host, 4);
  expect(await findOverlap(watches, isOver)).toHaveLength(2);
  expect(await outcome).toEqual({ value: `${count}` });
});

test("with one thread, no two agents are at work at the same time", async () => {
  const watches = spyOnWatches();
  await using host = await open(1);
  const { outcome, isOver } = await start(host, 4);
  expect(await findOverlap(watches, isOver)).toBeNull();
  expect(watches.size).toBe(1);
  expect(await outcome).toEqual({ value: `${count}` });
});

test("one agent does one thing after the other, however many threads there are", async () => {
  await using host = await open(2);
  const { outcome } = await start(host, 1);
  expect(await outcome).toEqual({ value: `${count}` });
  const agent = agentId("sieve(0)");
  const steps = (await host.oplog(agent)).map(({ entries, first }) => decodeStep(entries, { agent, first }));
  const turns = steps.flat().flatMap(({ kind }) => (kind === "invoked" || kind === "finished" ? [kind] : []));
  expect(turns).toEqual(Array.from({ length: 4 }, () => ["invoked", "finished"]).flat());
});
