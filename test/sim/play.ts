import type { NodeId } from "../../host/base/id.ts";
import { isHostError } from "../../host/base/error.ts";
import { replayOplog } from "../../host/executor/replay-oplog.ts";
import { MemoryState } from "../../host/store/memory-state.ts";
import { letWork } from "../../host/testing/let-work.ts";
import { seededRandom } from "../../host/testing/seeded-random.ts";
import { VirtualClock } from "../../host/testing/virtual-clock.ts";
import { makeOutside } from "./outside.ts";
import { describeUnfinished, review } from "./review.ts";
import type { Scenario } from "./scenario.ts";
import { engine } from "../unit/scheduler/scene.ts";
import { Seat } from "./seat.ts";
import { Server } from "./server.ts";

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
  /** How many hosts there were. */
  lives: number;
  /** What there was in the end, for telling whether two runs went the same way. */
  trace: string;
}

/** Plays a scenario in a world of its own: what happens is a function of the scenario. */
export async function play(scenario: Scenario): Promise<Played> {
  const { program, faults, seed, hurryMs } = scenario;
  const violations: string[] = [];
  const violated = (what: string) => void violations.push(what);
  const [state, clock, killed] = [new MemoryState(), new VirtualClock(), new Set<NodeId | null>()];
  const server = new Server(clock, faults);
  const skips = faults.filter((fault) => fault.kind === "skip");
  let delayed = 0;
  const rounds = async (count: number) => {
    delayed += 1;
    for (let left = count; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
    delayed -= 1;
  };
  const random = seededRandom(seed);
  const surroundings = { scenario, state, clock, random, server, killed, violated, rounds };
  const seats = scenario.seats.map((seating, index) => new Seat(surroundings, index, seating));

  let round = 0;
  const isBusy = () => {
    round += 1;
    if (round > mostRounds) throw new Error(`It takes too long; ${describeUnfinished(state).join("; ")}`);
    for (const fault of skips) if (fault.round === round) clock.skip(fault.spanMs);
    return delayed > 0 || seats.some((seat) => seat.isBusy);
  };
  const stuck = () => new Error(`Nothing is going to happen any more; ${describeUnfinished(state).join("; ")}`);
  const run = <T>(wanted: Promise<T>) => letWork(wanted, { clock, isBusy, hurryMs, stuck });

  const outside = makeOutside({ seats, state, clock, seed, violated });
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
    const isOver = () =>
      describeUnfinished(state).length === 0 && [...state.nodes.keys()].every((id) => !killed.has(id));
    await run(Promise.race([outside.until(isOver, settleMs), failure]));
    for (const left of describeUnfinished(state)) violated(`never finished: ${left}`);
    const counts = await run(Promise.race([outside.counts(Object.keys(program.counts)), failure]));
    if (JSON.stringify(counts) !== JSON.stringify(program.counts))
      violated(`the counters say ${JSON.stringify(counts)}, not ${JSON.stringify(program.counts)}`);
    await run(Promise.all(seats.map((seat) => seat.close())));
    for (const what of await review({ state, program, server })) violated(what);
  } catch (error) {
    violated(isHostError(error) ? `${error.code}: ${error.message}` : String(error));
  }
  return {
    violations,
    lives: seats.reduce((sum, { lives }) => sum + lives, 0),
    trace: traceOf(state, clock, round),
  };
}

function traceOf(state: MemoryState, clock: VirtualClock, round: number): string {
  const agents = [...state.agents.values()].map(({ row, steps }) => `${row.id} ${steps.map((each) => each.entries)}`);
  return [`${clock.now()} ${round}`, ...agents].join("\n");
}
