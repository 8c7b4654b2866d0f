import type { NodeId } from "../../host/base/id.ts";
import { isHostError } from "../../host/base/error.ts";
import { replayOplog } from "../../host/executor/replay-oplog.ts";
import type { Store } from "../../host/store/store.ts";
import { letWork } from "../../host/testing/let-work.ts";
import { seededRandom } from "../../host/testing/seeded-random.ts";
import { VirtualClock } from "../../host/testing/virtual-clock.ts";
import { makeOutside } from "./outside.ts";
import { describeUnfinished, review } from "./review.ts";
import type { FaultKind, Scenario } from "./scenario.ts";
import { engine } from "../unit/scheduler/scene.ts";
import { Seat } from "./seat.ts";
import { Server } from "./server.ts";
import { openShelf } from "./shelf.ts";

/** A run takes no longer than so many rounds of the event loop, unless it hangs. */
const mostRounds = 60_000;
/** When nothing goes wrong any more, everything is over by then. */
const settleMs = 60_000;

// The first guest of a process takes its time, by which a scenario would go another way.
await replayOplog(engine.compiled, []);

/** What a run came to. */
export interface Played {
  /** What must not have happened; a run in which there is nothing of that has passed. */
  violations: string[];
  /** How often which faults came about. */
  struck: Partial<Record<FaultKind, number>>;
  /** How many hosts there were. */
  lives: number;
  /** What there was in the end, for telling whether two runs went the same way. */
  trace: string;
}

/** Plays a scenario in a world of its own: what happens is a function of the scenario. */
export async function play(scenario: Scenario): Promise<Played> {
  const { program, faults, seed, hurryMs, retentionMs } = scenario;
  const violations: string[] = [];
  const violated = (what: string) => void violations.push(what);
  const [clock, killed] = [new VirtualClock(), new Set<NodeId | null>()];
  await using shelf = await openShelf(scenario.store, () => clock.now());
  const struck: Played["struck"] = {};
  const strike = (fault: FaultKind) => void (struck[fault] = (struck[fault] ?? 0) + 1);
  const server = new Server(clock, faults, strike);
  const skips = faults.filter((fault) => fault.kind === "skip");
  let delayed = 0;
  const rounds = async (count: number) => {
    delayed += 1;
    for (let left = count; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
    delayed -= 1;
  };
  const random = seededRandom(seed);
  const cutPower = () => {
    for (const seat of seats) seat.kill();
  };
  const surroundings = { scenario, shelf, clock, random, server, killed, violated, rounds, strike, cutPower };
  const seats = scenario.seats.map((seating, index) => new Seat(surroundings, index, seating));

  const skip = (spanMs: number) => {
    strike("skip");
    clock.skip(spanMs);
  };
  let round = 0;
  const isBusy = () => {
    round += 1;
    if (round > mostRounds) throw new Unfinished("It takes too long");
    for (const fault of skips) if (fault.round === round) skip(fault.spanMs);
    return delayed > 0 || seats.some((seat) => seat.isBusy);
  };
  const stuck = () => new Unfinished("Nothing is going to happen any more");
  const run = <T>(wanted: Promise<T>) => letWork(wanted, { clock, isBusy, hurryMs, stuck });

  const outside = makeOutside({ seats, shelf, clock, seed, faults, strike, violated });
  const occupied = Promise.all(seats.map((seat) => seat.occupy()));
  // They are occupied until they are closed; or one of them fails in a way that none may.
  const failure = occupied.then(() => Promise.reject(new Error("All seats are closed.")));
  failure.catch(() => {});
  try {
    await run(Promise.race([outside.touch(program), failure]));
    const outcomes = await run(
      Promise.race([Promise.all([outside.ask(program), outside.ask(program), outside.act(program)]), failure]),
    );
    for (const outcome of outcomes.slice(0, 2)) {
      const wanted = JSON.stringify({ value: JSON.stringify(program.value) });
      if (JSON.stringify(outcome) !== wanted) violated(`the outcome is ${JSON.stringify(outcome)}, not ${wanted}`);
    }
    for (const seat of seats) seat.calm();
    skips.length = 0;
    const isOver = async () =>
      (await describeUnfinished(shelf.observer)).length === 0 &&
      (await shelf.observer.nodes()).every(({ id }) => !killed.has(id));
    await run(Promise.race([outside.until(isOver, settleMs), failure]));
    for (const left of await describeUnfinished(shelf.observer)) violated(`never finished: ${left}`);
    const counts = await run(Promise.race([outside.counts(Object.keys(program.counts)), failure]));
    if (JSON.stringify(counts) !== JSON.stringify(program.counts))
      violated(`the counters say ${JSON.stringify(counts)}, not ${JSON.stringify(program.counts)}`);
    await run(Promise.all(seats.map((seat) => seat.close())));
    for (const what of await review({
      store: shelf.observer,
      now: clock.now(),
      program,
      server,
      forgets: retentionMs !== null,
    }))
      violated(what);
  } catch (error) {
    const left = error instanceof Unfinished ? `; ${(await describeUnfinished(shelf.observer)).join("; ")}` : "";
    violated(isHostError(error) ? `${error.code}: ${error.message}` : `${String(error)}${left}`);
  }
  return {
    violations,
    struck,
    lives: seats.reduce((sum, { lives }) => sum + lives, 0),
    trace: [`${clock.now()} ${round}`, ...(await readTrace(shelf.observer))].join("\n"),
  };
}

/** It does not come to an end. */
class Unfinished extends Error {
  override readonly name = "Error";
}

async function readTrace(store: Store): Promise<string[]> {
  const agents = await store.agents();
  return Promise.all(agents.map(async ({ id }) => `${id} ${(await store.steps(id, 0)).map((step) => step.entries)}`));
}
