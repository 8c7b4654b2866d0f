import { placed } from "../../host/agent/placed.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { agentId, type AgentId } from "../../host/base/id.ts";
import { Fleet } from "../../host/executor/fleet.ts";
import { replayOplog } from "../../host/executor/replay-oplog.ts";
import type { Seat } from "../../host/executor/seat.ts";
import { decodeStep } from "../../host/oplog/codec.ts";
import { readOpening, readSteps } from "../../host/scheduler/live.ts";
import { memoryDigest } from "../../host/snapshot/memory-digest.ts";
import type { StepRow } from "../../host/store/store.ts";
import { readComponent } from "../../host/testing/index.ts";
import { readComponents } from "./folder.ts";
import { Play } from "./play.ts";
import { scenarios } from "./scenarios.ts";

// The strongest oracle that there is: an agent's memory after its live run, after a replay of all that it did, and after
// its newest snapshot and a replay of what came since, is the same to the last bit.

// So that everyone has one, snapshots are taken far more often than they would pay.
vi.mock(import("../../host/executor/session.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  isSnapshotDue: ({ steps }) => steps >= 3,
}));

const component = [...readComponents().values()].at(-1)!;

/** The digest of each agent's memory when the guest came back from it last. */
const live = new Map<AgentId, string>();

beforeEach(() => {
  const watched = new WeakSet<Seat>();
  const { acquire } = Fleet.prototype;
  vi.spyOn(Fleet.prototype, "acquire").mockImplementation(async function (this: Fleet, ...args) {
    const seat = await acquire.apply(this, args);
    if (!seat || watched.has(seat)) return seat;
    watched.add(seat);
    const step = seat.step.bind(seat);
    seat.step = async (state, ...rest) => {
      await step(state, ...rest);
      live.set(state.agent, memoryDigest(seat, this.base(digest)));
    };
    return seat;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  live.clear();
});

const compiled = await readComponent(component);
const { digest } = compiled;
const fresh = (await replayOplog(compiled, [])).memory;

const decode = (agent: AgentId, steps: readonly Pick<StepRow, "first" | "entries">[]) =>
  steps.map(({ first, entries }) => decodeStep(entries, { agent, first }));

test.each(Object.keys(scenarios))(
  "%s: every agent has one memory: live, replayed, and from a snapshot",
  async (name) => {
    await using play = await Play.open(component, { executor: "in-process" });
    await scenarios[name]!(play);
    await play.host.settled();
    // A timer may ring at any moment, so nobody may be there to hear it.
    await play.host[Symbol.asyncDispose]();
    vi.restoreAllMocks();
    for (const row of await play.store.agents()) {
      const whole = await replayOplog(compiled, decode(row.id, await readSteps(play.store, row, 0)));
      const { snapshot, steps } = await readOpening(play.store, placed(row));
      const suffix = await replayOplog(compiled, decode(row.id, steps), snapshot);
      const memory = live.get(row.id) ?? fresh;
      const nothing = { mismatch: null, memory };
      expect({ id: row.id, whole, suffix }).toMatchObject({ id: row.id, whole: nothing, suffix: nothing });
    }
  },
);

test("here, snapshots are taken every few steps, and steps follow them", async () => {
  await using play = await Play.open(component, { executor: "in-process" });
  for (let i = 0; i < 7; i += 1) await play.call('counter("c1").add');
  const { agent } = await play.host.inspect(agentId('counter("c1")'));
  const { snapshot, steps } = await readOpening(play.store, placed(agent));
  expect(snapshot).not.toBeNull();
  expect(steps.length).toBeGreaterThan(0);
  expect(steps.length).toBeLessThan(7);
});

test("memories that differ in one addition have other digests", async () => {
  await using play = await Play.open(component, { executor: "in-process" });
  for (const [name, by] of [
    ["a", 1],
    ["b", 1],
    ["b", 1],
  ] as const)
    await play.call(`counter("${name}").add`, by);
  expect(live.get(agentId('counter("a")'))).not.toBe(live.get(agentId('counter("b")')));
  expect(live.get(agentId('counter("a")'))).not.toBe(fresh);
});
