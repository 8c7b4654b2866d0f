import { isHostError } from "../../host/base/error.ts";
import { agentId, invocationKey, promiseId } from "../../host/base/id.ts";
import type { Clock } from "../../host/base/port.ts";
import type { Outcome } from "../../host/oplog/entry.ts";
import type { Host } from "../../host/scheduler/host.ts";
import type { MemoryState } from "../../host/store/memory-state.ts";
import { seededRandom } from "../../host/testing/seeded-random.ts";
import type { Outside, Program } from "./program.ts";
import type { Seat } from "./seat.ts";

export interface OutsideOptions {
  seats: readonly Seat[];
  state: MemoryState;
  clock: Clock;
  seed: number;
  violated: (what: string) => void;
}

/** How long whoever found no host waits before trying the next one, in milliseconds. */
const againMs = 10;

/** People and programs outside: each turns to any host, and to another one when that is gone. */
export function makeOutside({ seats, state, clock, seed, violated }: OutsideOptions) {
  const random = seededRandom(seed + 1);
  const draw = (below: number) => Buffer.from(random.bytes(4)).readUInt32LE() % below;
  const pass = (spanMs: number) =>
    new Promise<void>((resolve) => void clock.wakeAt(clock.now() + Math.max(1, spanMs), resolve));

  /** Asks one host after the other, until one of them has answered. */
  async function use<T>(work: (host: Host) => Promise<T>): Promise<T> {
    for (;;) {
      const answer = await seats[draw(seats.length)]!.use(work);
      if (answer) return answer.value;
      await pass(againMs);
    }
  }

  async function until(isTrue: () => boolean, withinMs = Infinity): Promise<void> {
    const end = clock.now() + withinMs;
    while (!isTrue() && clock.now() < end) await pass(againMs);
  }

  /** Brings half of what a program is going to call to life, each where it happens to be asked for. */
  async function touch({ actors, counts }: Program): Promise<void> {
    const calls = [
      ...actors.map((name) => ({ callee: { agent: `actor("${name}")`, method: "act" }, args: '["return 1"]' })),
      ...Object.keys(counts).map((name) => ({ callee: { agent: `counter("${name}")`, method: "count" }, args: "[]" })),
    ];
    const chosen = calls.filter(() => draw(2) === 0);
    await Promise.all(chosen.map((call) => use((host) => host.call({ ...call, key: "touch" }))));
  }

  /** Makes the call, and waits for its outcome: whoever asks with the same key gets the same. */
  async function ask({ body }: Program): Promise<Outcome> {
    const call = { callee: { agent: 'actor("main")', method: "act" }, args: JSON.stringify([body]), key: "main" };
    return use(async (host) => host.result(await host.call(call)));
  }

  /** Every promise from outside is settled twice at once, and once more: only one of these was the first. */
  async function settle(promise: string, payload: string): Promise<void> {
    const id = promiseId(promise);
    await until(() => state.promises.has(id));
    await pass(draw(40));
    const settleOnce = (text: string) => use((host) => host.settlePromise(id, "resolved", text));
    const first = await Promise.all([settleOnce(payload), settleOnce(payload)]);
    if (first.every(Boolean)) violated(`two have settled the promise ${promise} first`);
    if (await settleOnce('"too late"')) violated(`the promise ${promise} was settled again`);
  }

  /** A call that nothing else would end. */
  async function cancel(agent: string): Promise<void> {
    const id = agentId(agent);
    const find = () => [...(state.agents.get(id)?.invocations.values() ?? [])][0];
    await until(() => find() !== undefined);
    await pass(draw(40));
    const { key } = find()!;
    await use((host) => host.cancel({ agent: id, key }));
    await until(() => find()!.state === "done");
  }

  async function fork(agent: string): Promise<void> {
    const id = agentId(agent);
    await until(() => (state.agents.get(id)?.row.length ?? 0) > 0);
    await pass(draw(40));
    const at = draw(2) === 0 ? undefined : 2 + draw(8);
    // It may be on its way to another node, or have no such entry.
    await use((host) => host.forkAgent(id, at)).catch(refusal);
  }

  async function remove(agent: string, tree: boolean): Promise<void> {
    const id = agentId(agent);
    await until(() => state.agents.has(id));
    await pass(draw(60));
    await use((host) => host.deleteAgent(id, { tree }));
    const left = [...state.agents.values()].filter(({ row }) => row.id === id || (tree && row.createdBy === id));
    for (const { row } of left) violated(`${row.id} was deleted, and is there`);
  }

  const acts = (outside: Outside) => {
    switch (outside.kind) {
      case "settle":
        return settle(outside.promise, outside.payload);
      case "cancel":
        return cancel(outside.agent);
      case "fork":
        return fork(outside.agent);
      case "delete":
        return remove(outside.agent, outside.tree);
    }
  };

  return {
    touch,
    ask,
    until,
    /** Does all that a program has somebody outside do. */
    act: (program: Program) => Promise.all(program.outside.map(acts)),
    /** What counters count to, each being asked once. */
    async counts(names: readonly string[]): Promise<Record<string, number>> {
      const counts: Record<string, number> = {};
      for (const name of names) {
        const call = {
          callee: { agent: `counter("${name}")`, method: "count" },
          args: "[]",
          key: invocationKey("count"),
        };
        const outcome = await use(async (host) => host.result(await host.call(call)));
        counts[name] = "value" in outcome ? (JSON.parse(outcome.value) as number) : NaN;
      }
      return counts;
    },
  };
}

function refusal(error: unknown): void {
  if (!isHostError(error) || !error.code.startsWith("agent/")) throw error;
}
