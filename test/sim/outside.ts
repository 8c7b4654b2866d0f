import { isHostError } from "../../host/base/error.ts";
import { agentId, invocationKey, promiseId } from "../../host/base/id.ts";
import type { Clock } from "../../host/base/port.ts";
import type { Outcome } from "../../host/oplog/entry.ts";
import type { Host } from "../../host/scheduler/host.ts";
import { seededRandom } from "../../host/testing/seeded-random.ts";
import type { Outside, Program } from "./program.ts";
import type { Fault, FaultKind } from "./scenario.ts";
import type { Seat } from "./seat.ts";
import type { Shelf } from "./shelf.ts";

export interface OutsideOptions {
  seats: readonly Seat[];
  shelf: Shelf;
  clock: Clock;
  seed: number;
  faults: readonly Fault[];
  strike: (fault: FaultKind) => void;
  violated: (what: string) => void;
}

/** How long whoever found no host waits before trying the next one, in milliseconds. */
const againMs = 10;
/** How long somebody waits for an agent that may be gone, in milliseconds. */
const patienceMs = 30_000;

/** People and programs outside: each turns to any host, and to another one when that is gone. */
export function makeOutside({ seats, shelf, clock, seed, faults, strike, violated }: OutsideOptions) {
  const random = seededRandom(seed + 1);
  const draw = (below: number) => Buffer.from(random.bytes(4)).readUInt32LE() % below;
  let asked = 0;
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

  /** The same for what may be asked for twice: what is asked may reach two hosts, the one at once and the other late. */
  async function useAgain<T>(work: (host: Host) => Promise<T>): Promise<T> {
    asked += 1;
    const again = faults.find((fault) => fault.kind === "again" && fault.request === asked);
    if (again?.kind !== "again") return use(work);
    strike("again");
    const late = pass(again.spanMs).then(() => use(work));
    const [answer] = await Promise.all([use(work), late]);
    return answer;
  }

  async function until(isTrue: () => Promise<boolean>, withinMs = Infinity): Promise<void> {
    const end = clock.now() + withinMs;
    while (!(await isTrue()) && clock.now() < end) await pass(againMs);
  }

  /** Brings half of what a program is going to call to life, each where it happens to be asked for. */
  async function touch({ actors, counts }: Program): Promise<void> {
    const calls = [
      ...actors.map((name) => ({ callee: { agent: `actor("${name}")`, method: "act" }, args: '["return 1"]' })),
      ...Object.keys(counts).map((name) => ({ callee: { agent: `counter("${name}")`, method: "count" }, args: "[]" })),
    ];
    const chosen = calls.filter(() => draw(2) === 0);
    await Promise.all(chosen.map((call) => useAgain((host) => host.call({ ...call, key: "touch" }))));
  }

  /** Makes the call, and waits for its outcome: whoever asks with the same key gets the same. */
  async function ask({ body }: Program): Promise<Outcome> {
    const call = { callee: { agent: 'actor("main")', method: "act" }, args: JSON.stringify([body]), key: "main" };
    // By even seeds in one, by odd ones in two.
    return useAgain(async (host) => (seed % 2 === 0 ? host.execute(call) : host.result(await host.call(call))));
  }

  /** Every promise from outside is settled twice at once, and once more: only one of these was the first. */
  async function settle(promise: string, payload: string): Promise<void> {
    const id = promiseId(promise);
    await until(async () => (await shelf.observer.promise(id)) !== undefined);
    await pass(draw(40));
    const settleOnce = (text: string) => use((host) => host.settlePromise(id, "resolved", text));
    const first = await Promise.all([settleOnce(payload), settleOnce(payload)]);
    if (first.every(Boolean)) violated(`two have settled the promise ${promise} first`);
    if (await settleOnce('"too late"')) violated(`the promise ${promise} was settled again`);
  }

  /** A call that nothing else would end. */
  async function cancel(agent: string): Promise<void> {
    const id = agentId(agent);
    const find = async () => (await shelf.observer.invocations(id))[0];
    await until(async () => (await find()) !== undefined);
    await pass(draw(40));
    const { key } = (await find())!;
    await useAgain((host) => host.cancel({ agent: id, key }));
    await until(async () => (await find())!.state === "done");
  }

  async function fork(agent: string): Promise<void> {
    const id = agentId(agent);
    // It may have been deleted before it was seen.
    await until(async () => ((await shelf.observer.agent(id))?.length ?? 0) > 0, patienceMs);
    await pass(draw(40));
    const at = draw(2) === 0 ? undefined : 2 + draw(8);
    // It may be on its way to another node, or have no such entry.
    await use((host) => host.forkAgent(id, at)).catch(refusal);
  }

  async function remove(agent: string, tree: boolean): Promise<void> {
    const id = agentId(agent);
    await until(async () => (await shelf.observer.agent(id)) !== undefined);
    await pass(draw(60));
    await useAgain((host) => host.deleteAgent(id, { tree }));
    const left = [await shelf.observer.agent(id), ...(tree ? await shelf.observer.children(id) : [])];
    for (const row of left) if (row) violated(`${row.id} was deleted, and is there`);
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
        const outcome = await use((host) => host.execute(call));
        counts[name] = "value" in outcome ? (JSON.parse(outcome.value) as number) : NaN;
      }
      return counts;
    },
  };
}

function refusal(error: unknown): void {
  if (!isHostError(error) || !error.code.startsWith("agent/")) throw error;
}
