import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { openBlocking } from "./blocking.ts";
import { openCalls } from "./calls.ts";
import { openCommits } from "./commits.ts";
import { describeEnvironment } from "./environment.ts";
import { openFloors } from "./floors.ts";
import { openForks } from "./forks.ts";
import { openGroups } from "./groups.ts";
import type { Bench, Sample, Setup } from "./measure.ts";
import { openRecovery } from "./recovery.ts";
import { readFormer, resultsFile } from "./results-file.ts";
import { formatEnvironment, formatResults, type Results } from "./results.ts";
import { buildComponent } from "./scene.ts";
import { summarize, summarizeFlatness } from "./summary.ts";
import { openSuspended } from "./suspended.ts";
import { formatFlatness, formatSummaries } from "./table.ts";

const usage = `npm run bench [-- --quick] [--only NAME] [--json]

  --quick      one small round of each: shows that all of it works, and no more
  --only NAME  blocking, calls, forks, groups, recovery, suspended or store, with the floors
  --json       prints everything as JSON
  Without --quick and --only, RESULTS.md is written.
`;

const openers: Record<string, (setup: Setup) => Promise<Bench>> = {
  blocking: openBlocking,
  calls: openCalls,
  forks: openForks,
  groups: openGroups,
  recovery: openRecovery,
  suspended: openSuspended,
  store: openCommits,
};

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: "boolean" }, only: { type: "string" }, json: { type: "boolean" } },
  });
  const { quick = false, only, json = false } = values;
  if (only !== undefined && !(only in openers)) throw new Error(`There is no bench ${JSON.stringify(only)}.`);
  const environment = await describeEnvironment(new Date());
  const setup: Setup = { component: await buildComponent(), scale: quick ? 0.05 : 1 };
  const names = only === undefined ? Object.keys(openers) : [only];
  const benches: Bench[] = [];
  try {
    for (const open of [openFloors, ...names.map((name) => openers[name]!)]) benches.push(await open(setup));
    const results = { environment, ...(await ask(benches, quick ? 1 : 7)) };
    process.stdout.write(json ? `${JSON.stringify(results, null, 2)}\n` : show(results));
    if (!quick && only === undefined) await writeFile(resultsFile, formatResults(results, await readFormer()));
  } finally {
    for (const bench of benches) await bench.close?.();
  }
}

/** Rounds of all benches take turns, so that a slow minute of the machine hits all alike. */
async function ask(benches: readonly Bench[], rounds: number): Promise<Omit<Results, "environment">> {
  const samples: Sample[] = [];
  for (let index = 0; index < rounds; index += 1) {
    for (const bench of benches) samples.push(...(await bench.round(index)));
  }
  const summaries = summarize(benches, samples);
  return { summaries, flatness: summarizeFlatness(benches, summaries) };
}

function show(results: Results): string {
  const { summaries, flatness } = results;
  return [formatSummaries(summaries), ...flatness.map(formatFlatness), formatEnvironment(results), ""].join("\n");
}

main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`${error.stack}\n\n${usage}`);
  process.exitCode = 1;
});
