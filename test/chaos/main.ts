import { parseArgs } from "node:util";
import { chaos, type Chaos } from "./chaos.ts";

const usage = `npm run chaos [-- --minutes N] [--seed N] [--json]

  --minutes N  how long processes are killed (default: 10)
  --seed N     the moments, as far as the machine lets them be repeated (default: the time)
  --json       prints the summary as JSON
  Exits with 1 if a call was lost, or happened twice, or an agent does not replay.
`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { minutes: { type: "string" }, seed: { type: "string" }, json: { type: "boolean" } },
  });
  const { minutes = "10", seed = String(Date.now() % 2 ** 31), json = false } = values;
  if (!(Number(minutes) > 0 && Number.isSafeInteger(Number(seed))))
    throw new Error("--minutes and --seed are numbers.");
  const result = await chaos({ spanMs: Number(minutes) * 60_000, seed: Number(seed) });
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : show(result)}\n`);
  return result.violations.length > 0 ? 1 : 0;
}

function show({ seed, calls, commands, kills, stops, givenUp, requests, agents, entries, violations }: Chaos): string {
  return [
    `Seed ${seed}: killed ${kills.nodes} nodes and ${kills.commands} commands, and stopped ${stops} nodes for longer than a lease; ${givenUp} processes gave up on the file's lock meanwhile.`,
    `${calls} calls by ${commands} commands, ${requests} requests; left ${agents} agents with ${entries} entries.`,
    "Checked: outcomes, what the tallies and the server counted, replays, what is left to do, leases, the file.",
    ...(violations.length > 0 ? violations.map((what) => `✗ ${what}`) : ["Each call happened once."]),
  ].join("\n");
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n\n${usage}`);
  process.exitCode = 2;
}
