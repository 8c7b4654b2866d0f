import { hash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { isHostError } from "../../host/base/error.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type { AgentRow, Store } from "../../host/store/store.ts";
import type { Ended, Running, Workplace } from "./planaria.ts";

const seed = Number(process.env["PLANARIA_SEED"] ?? Date.now());

/** Repeats a run, as far as its kills depend on the seed: to be printed by what fails. */
export const reproduce = `PLANARIA_SEED=${seed}`;

/** A number below a limit, always the same one for a text. */
export const draw = (limit: number, text: string): number =>
  Number.parseInt(hash("sha256", `${seed} ${text}`).slice(0, 8), 16) % limit;

/** How many entries the agents of a place have written, as seen from outside. */
export class Progress implements AsyncDisposable {
  readonly #file: string;
  /** Of agents that are deleted, too: what was written stays written. */
  readonly #lengths = new Map<string, number>();
  #store: Store | undefined;

  constructor(place: Workplace) {
    this.#file = place.file(".planaria/planaria.db");
  }

  async count(): Promise<number> {
    for (const { id, length } of await this.#agents()) this.#lengths.set(id, length);
    return [...this.#lengths.values()].reduce((sum, length) => sum + length, 0);
  }

  async #agents(): Promise<AgentRow[]> {
    try {
      this.#store ??= await openSqliteStore({ file: this.#file, readOnly: true, now: Date.now });
      return await this.#store.agents();
    } catch (error) {
      // Somebody is just making it.
      if (isHostError(error)) return [];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store?.[Symbol.asyncDispose]();
  }
}

/** Kills a process when `isTime`, or some milliseconds later; it may end by itself before. */
export async function killWhen(
  running: Running,
  isTime: () => boolean | Promise<boolean>,
  text: string,
): Promise<Ended> {
  const { process } = running;
  while (process.exitCode === null && process.signalCode === null && !(await isTime())) await delay(2);
  await delay(draw(2, `${text} whether later`) * draw(25, `${text} ms`));
  return running.kill();
}

/**
 * Runs a command that is killed up to five times while it writes so many entries, until it ends by itself.
 *
 * One kill comes by the clock, which falls anywhere; the others behind a commit, or as it takes effect.
 */
export async function runKilled(
  place: Workplace,
  args: readonly string[],
  entries: number,
  text: string,
): Promise<Ended> {
  await using progress = new Progress(place);
  const end = (await progress.count()) + entries;
  const byClock = 1 + draw(5, `${text} clock`);
  for (let left = 5; left > 0; left -= 1) {
    const begin = await progress.count();
    // So that all kills find a place: each falls, on average, into the middle of its share of what is left.
    const enough = begin + draw(Math.max(1, Math.ceil((2 * (end - begin)) / left)), `${text} ${left}`);
    const at = Date.now() + 100 + draw(400, `${text} at`);
    const isTime = async () => (left === byClock ? Date.now() >= at : (await progress.count()) > enough);
    const ended = await killWhen(place.start(args), isTime, `${text} ${left}`);
    if (ended.signal === null) return ended;
  }
  return place.start(args).ended;
}
