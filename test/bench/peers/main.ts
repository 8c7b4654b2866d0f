import { writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { describeEnvironment } from "../environment.ts";
import { readFormer, resultsFile } from "../results-file.ts";
import { peersTitle, replaceSection } from "../sections.ts";
import { parseArguments, usage, UsageError } from "./arguments.ts";
import { drawChart } from "./chart.ts";
import { summarize, type Failure, type Sample } from "./figures.ts";
import { build, install } from "./install.ts";
import { own, peers, type Peer } from "./peers.ts";
import { endAll } from "./processes.ts";
import { formatReport } from "./report.ts";
import { Session } from "./session.ts";
import { workloads, type Workload } from "./workloads.ts";

const chartFile = "peers.svg";

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

let stoppedBy: (typeof stopSignals)[number] | undefined;

async function main(args: string[]): Promise<void> {
  const {
    only,
    workloads: names,
    rounds,
    quick,
    json,
    isWhole,
  } = parseArguments(
    args,
    peers.map(({ name }) => name),
  );
  const askedPeers = peers.filter(({ name }) => name === own || only === null || only.includes(name));
  const askedWorkloads = workloads
    .filter(({ name }) => names.includes(name))
    .map((workload) => (quick ? { ...workload, size: workload.quickSize } : workload));
  const environment = await describeEnvironment(new Date());
  if (process.platform !== "linux") throw new Error("bench:peers runs on Linux only: it reads /proc.");
  await build();
  if (askedPeers.some(({ name }) => name !== own)) await install();
  const { samples, failures } = await askAll(askedPeers, askedWorkloads, rounds);
  const report = {
    environment,
    peers: askedPeers,
    workloads: askedWorkloads,
    summaries: summarize(askedPeers, askedWorkloads, samples, own),
    failures,
  };
  process.stdout.write(json ? `${JSON.stringify({ ...report, samples }, null, 2)}\n` : `${formatReport(report)}\n`);
  if (!isWhole) return;
  await writeFile(join(import.meta.dirname, "..", chartFile), drawChart(report));
  await writeFile(resultsFile, replaceSection(await readFormer(), peersTitle, formatReport(report, chartFile)));
}

interface Outcomes {
  samples: Sample[];
  failures: Failure[];
}

/** Peers take turns, so that a slow minute of the machine hits all alike. What failed once is not asked for again. */
async function askAll(asked: readonly Peer[], all: readonly Workload[], rounds: number): Promise<Outcomes> {
  const outcomes: Outcomes = { samples: [], failures: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of asked) {
      const failed = outcomes.failures.filter((each) => each.peer === peer.name).map(({ workload }) => workload);
      process.stderr.write(`Round ${round} of ${rounds}: ${peer.title}\n`);
      const left = all.filter(({ name, once }) => !failed.includes(name) && (round === 1 || !once));
      await askPeer(
        peer,
        left.filter(({ once }) => !once),
        outcomes,
      );
      for (const workload of left.filter(({ once }) => once)) await askPeer(peer, [workload], outcomes);
      if (stoppedBy !== undefined) throw new Error(`Stopped by ${stoppedBy}.`);
    }
  }
  return outcomes;
}

/** Asks for all workloads up to the first that fails: nobody knows what that one has left behind. */
async function askPeer(peer: Peer, asked: readonly Workload[], { samples, failures }: Outcomes): Promise<void> {
  const fail = (workload: Workload, reason: string) =>
    failures.push({ peer: peer.name, workload: workload.name, reason });
  const lackOf = ({ job, name }: Workload) => peer.lacks?.[job] ?? peer.lacks?.[name];
  for (const workload of asked) {
    const lack = lackOf(workload);
    if (lack !== undefined) fail(workload, lack);
  }
  // Those that kill their worker come last: they leave a cold one.
  const kills = ({ job }: Workload) => Number(job === "effects" || job === "resume");
  const possible = asked.filter((each) => lackOf(each) === undefined).toSorted((a, b) => kills(a) - kills(b));
  if (possible.length === 0) return;
  let failed = possible;
  try {
    await using session = await Session.open(peer);
    for (const workload of possible) {
      failed = [workload];
      samples.push({ peer: peer.name, workload: workload.name, ...(await session.ask(workload)) });
    }
  } catch (error) {
    if (stoppedBy !== undefined) return;
    const { message, stack } = error as Error;
    const lines = message.split("\n");
    process.stderr.write(`${peer.title} ${failed.map(({ name }) => name).join(", ")}: ${stack}\n`);
    for (const workload of failed) fail(workload, lines.find((line) => line.includes("Error")) ?? lines[0]!);
  }
}

for (const signal of stopSignals) {
  process.once(signal, () => {
    stoppedBy = signal;
    void endAll();
  });
}

main(process.argv.slice(2))
  .catch((error: Error) => {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n\n${usage}` : `${error.message}\n`);
    process.exitCode = stoppedBy === undefined ? 1 : 128 + constants.signals[stoppedBy];
  })
  .finally(endAll);
