import { parseArgs } from "node:util";
import { faultKinds, type FaultKind } from "./scenario.ts";
import { batchRounds, simulateMany } from "./batches.ts";
import type { Counterexample, Simulated } from "./simulate.ts";

const usage = `npm run sim [-- --seed N] [--rounds M] [--faults KIND,…] [--path P] [--json]

  --seed N     what everything follows from (default: the time)
  --rounds M   how many programs are played (default: ${batchRounds}); more are played in several processes, whose seeds
               are N, N + 1 and so on
  --faults …   what may go wrong: ${faultKinds.join(", ")} (default: all of it; "" for nothing)
  --path P     with the seed of a failure, leads to it at once
  --json       prints the result as JSON, a counterexample whole: test/sim/regressions.test.ts takes it as it is
  Exits with 1 and prints what it found, as small as it could make it, if a round ends as none may.
`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string" },
      rounds: { type: "string" },
      faults: { type: "string" },
      path: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const { seed, rounds, faults, path, json = false } = values;
  const options = {
    seed: readCount("seed", seed) ?? Date.now() % 2 ** 31,
    rounds: readCount("rounds", rounds) ?? batchRounds,
    faults: readFaults(faults),
    ...(path !== undefined && { path }),
  };
  const result = await simulateMany(options, (batch) => {
    if (!batch.failed) process.stderr.write(`${show(batch)}\n`);
  });
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : show(result)}\n`);
  return result.failed ? 1 : 0;
}

function readCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,10}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new Error(`--${name} must be a whole number, not ${JSON.stringify(text)}.`);
}

function readFaults(text: string | undefined): FaultKind[] {
  if (text === undefined) return faultKinds;
  const names = text.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined) throw new Error(`There is no fault ${unknown}; there are ${faultKinds.join(", ")}.`);
  return faultKinds.filter((kind) => names.includes(kind));
}

function show({ seed, rounds, files, hosts, struck, failed }: Simulated): string {
  const faults = Object.entries(struck).map(([kind, count]) => `${kind} ${count}`);
  const played = `Seed ${seed}: ${rounds} rounds (${files} on files), ${hosts} hosts; ${faults.join(", ")}.`;
  return failed ? `${played}\n${showFailure(failed)}` : `${played} Each came to its end.`;
}

function showFailure({ seed, path, scenario, violations }: Counterexample): string {
  const { program, faults, ...rest } = scenario;
  return [
    ...violations.map((what) => `✗ ${what}`),
    `faults:\n${faults.map((fault) => `  ${JSON.stringify(fault)}`).join("\n") || "  none"}`,
    `nodes: ${JSON.stringify(rest)}`,
    `from outside: ${JSON.stringify(program.outside)}`,
    `program:\n  ${program.body}`,
    `again: npm run sim -- --seed ${seed} --path ${path}`,
  ].join("\n");
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}
