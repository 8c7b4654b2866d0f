import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { addCount, simulate, type SimulateOptions, type Simulated } from "./simulate.ts";

/** How many rounds a process plays at most: it grows with them. */
export const batchRounds = 250;

/**
 * Plays many rounds in processes of their own, one for each core at a time. Each has its own seed: the one that was
 * asked for, the next one, and so on. Ends with the first that fails, or when all have come to their end.
 */
export async function simulateMany(
  options: SimulateOptions,
  told: (batch: Simulated) => void,
  most = batchRounds,
): Promise<Simulated> {
  const { seed, rounds, path } = options;
  if (path !== undefined || rounds <= most) return simulate(options);
  const count = Math.ceil(rounds / most);
  const all: Simulated = { seed, rounds: 0, hosts: 0, files: 0, struck: {}, failed: null };
  const stop = new AbortController();
  let next = 0;
  const play = async () => {
    while (next < count && !all.failed) {
      const index = next;
      next += 1;
      const left = Math.min(most, rounds - index * most);
      const batch = await simulateApart({ ...options, seed: seed + index, rounds: left }, stop.signal);
      if (!batch) return;
      told(batch);
      addCount(all, batch);
      if (!batch.failed) continue;
      all.failed ??= batch.failed;
      stop.abort();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, play));
  return all;
}

/** Plays one batch in another process; null if that was stopped. */
async function simulateApart(
  { seed, rounds, faults }: SimulateOptions,
  signal: AbortSignal,
): Promise<Simulated | null> {
  const args = ["--seed", `${seed}`, "--rounds", `${rounds}`, "--faults", faults.join(","), "--json"];
  const main = join(import.meta.dirname, "main.ts");
  try {
    const run = promisify(execFile)(process.execPath, ["--conditions", "planaria-source", main, ...args], { signal });
    return JSON.parse((await run).stdout) as Simulated;
  } catch (error) {
    if (signal.aborted) return null;
    const { code, stdout } = error as { code?: unknown; stdout?: string };
    // 1: it found something, and says what.
    if (code === 1 && stdout) return JSON.parse(stdout) as Simulated;
    throw error;
  }
}
