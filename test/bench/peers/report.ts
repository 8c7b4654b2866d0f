import type { Environment } from "../environment.ts";
import { formatQuantity, formatTable } from "../table.ts";
import type { Failure, Summary } from "./figures.ts";
import type { Peer } from "./peers.ts";
import { suspendingMs } from "./subject.ts";
import type { Workload } from "./workloads.ts";

/** All that a run found. Peers and workloads are those that were asked for. */
export interface Report {
  environment: Environment;
  peers: readonly Peer[];
  workloads: readonly Workload[];
  summaries: readonly Summary[];
  failures: readonly Failure[];
}

/** The lines of the section; `chart` is the file of the chart, if there is one. */
export function formatReport(report: Report, chart?: string): string {
  const { environment, summaries } = report;
  const { processor, cores, memoryBytes, load, versions, date, temporaryFolder } = environment;
  const where =
    temporaryFolder === "disk" ? "data on the disk of the temporary folder" : "DATA IN MEMORY: no flush costs anything";
  const rounds = Math.max(0, ...summaries.map((each) => each.rounds));
  return [
    "Written by `npm run bench:peers`. The same work for all, one after the other, in turns; each by itself, with its own servers on loopback and its client in its worker's process.",
    `${date}; ${cores} × ${processor}, ${Math.round(memoryBytes / 2 ** 30)} GiB; node ${versions["node"]}; ${where}. ${rounds} ${rounds === 1 ? "round" : "rounds"}; load before ${load.toFixed(1)}.`,
    ...(chart === undefined ? [] : [`![How many times as fast as the best durable peer](${chart})`]),
    "How many times as fast as the best durable peer of the same run:",
    tabulate(report, ({ ratio }) => (ratio === null ? "" : formatRatio(ratio)), isTimed),
    "Medians (least to most of the rounds). W1 calls a function of the same process and journals its result; W1b calls another agent, service or workflow. W6 is of the same clients for the same time. All of these but W5 are done twice, and measured the second time: engines have then compiled what is used much. W7 to W9 are asked for in one round, of a peer that has just been started. W7 is done from outside: the copy is of one that has come to its end, as it was before its last step, and goes on from there. W8 counts from when the new process is ready.",
    tabulate(report, formatSpread, isTimed),
    "What an operation costs: CPU time of all processes of a peer, bytes written, flushes of the disk.",
    tabulate(report, formatCosts, ({ unit }) => unit !== null),
    ...formatRest(report),
    ...formatRoom(report),
    ...formatPeers(report),
  ].join("\n\n");
}

type Cell = (summary: Summary, workload: Workload) => string;

/** A row for each workload, a column for each peer. A cell without a figure is a dash. */
function tabulate(
  { peers, workloads, summaries }: Report,
  cell: Cell,
  isShown: (workload: Workload) => boolean = () => true,
): string {
  const rows = workloads.filter(isShown).map((workload) => [
    `${workload.name} ${workload.title(workload.size)}`,
    ...peers.map(({ name }) => {
      const summary = summaries.find((each) => each.peer === name && each.workload === workload.name);
      return summary === undefined ? "–" : cell(summary, workload);
    }),
  ]);
  return formatTable(["", ...peers.map(titleOf)], rows);
}

const titleOf = ({ title, isDurable }: Peer) => (isDurable ? title : `${title}, memory only`);

export function formatRatio(ratio: number): string {
  return `${ratio < 0.1 ? ratio.toPrecision(1) : ratio < 10 ? ratio.toPrecision(2) : ratio.toFixed(0)}×`;
}

/** Rates are told as such: the least of them is of the longest time. */
function formatSpread({ median, least, most }: Summary, { told }: Workload): string {
  if (told !== "rate") {
    const [middle, low, high] = [median, least, most].map((ms) => formatQuantity(ms * 1_000, "µs"));
    return `${middle} (${low} to ${high})`;
  }
  const [middle, low, high] = [median, most, least].map((ms) => formatRate(1_000 / ms));
  return `${middle}/s (${low} to ${high})`;
}

const formatRate = (rate: number) =>
  rate.toLocaleString("en", rate < 100 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 });

function formatCosts({ usage }: Summary): string {
  if (usage === null) return "–";
  const { cpuMs, writtenBytes, flushes } = usage;
  return [
    formatQuantity(cpuMs * 1_000, "µs"),
    formatQuantity(writtenBytes, "bytes"),
    `${flushes.toLocaleString("en", { maximumFractionDigits: flushes < 0.1 ? 3 : 1 })} fl.`,
  ].join(", ");
}

const isTimed = ({ told }: Workload) => told !== "room";

/** What those take up that wait. */
function formatRoom(report: Report): string[] {
  const isShown = (workload: Workload) => !isTimed(workload);
  if (!report.workloads.some(isShown)) return [];
  return [
    `What one that waits takes up, when so many do: on disk, logs and all, and in memory, of all processes; each less what there was before. They were started for ${suspendingMs / 1_000} s at the most: where fewer came to wait by then, it is said how many. Taken in one round.`,
    tabulate(report, formatRoomOf, isShown),
  ];
}

function formatRoomOf({ room }: Summary, { size }: Workload): string {
  if (room === null) return "–";
  const [disk, memory] = [room.diskBytes, room.memoryBytes].map((bytes) => formatQuantity(Math.max(0, bytes), "bytes"));
  const reached = room.count < size ? `, of ${room.count.toLocaleString("en")}` : "";
  return `${disk}, ${memory}${reached}`;
}

/** Memory, and what became of effects: a row each, if it was measured. */
function formatRest({ peers, summaries }: Report): string[] {
  const row = (title: string, text: (summary: Summary) => string | undefined) => [
    title,
    ...peers.map(({ name }) => {
      const texts = summaries.filter(({ peer }) => peer === name).flatMap((summary) => text(summary) ?? []);
      return texts[0] ?? "–";
    }),
  ];
  const rows = [
    row("memory behind W2, all processes", ({ memoryBytes }) =>
      memoryBytes === null ? undefined : `${Math.round(memoryBytes / 2 ** 20)} MiB`,
    ),
    row("W5: effects repeated, lost, in all rounds", ({ effects, rounds }) =>
      effects === null ? undefined : `${effects.repeated}, ${effects.lost} of ${rounds} kills`,
    ),
  ].filter(([, ...cells]) => cells.some((cell) => cell !== "–"));
  if (rows.length === 0) return [];
  return [formatTable(["", ...peers.map(titleOf)], rows)];
}

function formatPeers({ peers, failures }: Report): string[] {
  const lines = peers.map(({ title, versions, durability, note, name }) => {
    const missing = Map.groupBy(
      failures.filter(({ peer }) => peer === name),
      ({ reason }) => reason,
    );
    const reasons = [...missing].map(
      ([reason, all]) => `No ${all.map(({ workload }) => workload).join(", ")}: ${reason}`,
    );
    return `* **${title}** ${versions()}. Durable: ${[durability, note, ...reasons].filter(Boolean).join(". ")}.`;
  });
  return [lines.join("\n")];
}
