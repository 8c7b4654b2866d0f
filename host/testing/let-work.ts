import type { VirtualClock } from "./virtual-clock.ts";

export interface WorkOptions {
  clock: VirtualClock;
  /** Whether anybody goes on by himself. */
  isBusy: () => boolean;
  /** Whether it is over, though what is wanted is not there. */
  isOver?: () => boolean;
  /** How far time is hurried while there is work to do; 0: it stands still. */
  hurryMs: number;
  /** Farther ahead lies nothing that is worth waiting for. */
  horizonMs?: number;
  /** What is said when nothing is going to happen any more. */
  stuck: () => Error;
}

/** Rounds of nothing after which nobody has anything to do: what goes on behind a turn or a commit is not seen. */
const quietRounds = 8;

/**
 * Lets hosts work on a virtual clock until `wanted` is there: time jumps to the next timer when nobody has anything to do.
 *
 * Errors: what `stuck` makes, if there is no timer left.
 */
export async function letWork<T>(
  wanted: Promise<T>,
  { clock, isBusy, isOver = () => false, hurryMs, horizonMs = Infinity, stuck }: WorkOptions,
): Promise<T> {
  let isHere = false;
  const arrive = () => (isHere = true);
  wanted.then(arrive, arrive);
  const goesOn = () => !isHere && !isOver();
  for (let quiet = 0; goesOn();) {
    await new Promise((resolve) => setImmediate(resolve));
    const isHurried = hurryMs > 0 && clock.next(hurryMs);
    quiet = isBusy() || isHurried ? 0 : quiet + 1;
    if (quiet > quietRounds && goesOn() && !clock.next(horizonMs)) throw stuck();
  }
  return wanted;
}
