import type { AgentId, InvocationKey } from "../base/id.ts";
import type { AgentRow, InvocationRow, Store } from "../store/store.ts";
import { readInFlight, type InFlight } from "./in-flight.ts";
import { formatTimeOrNull, openReporter, type AgentReport } from "./report.ts";
import { formatTime } from "./table.ts";

/** All that the store knows of one agent, as `planaria inspect --json` prints it. */
export interface Inspection extends AgentReport {
  oplog: { entries: number; inheritedEntries: number; sizeBytes: number };
  /** The newest one. It stands for the first so many entries. */
  snapshot: { entries: number; pages: number; sizeBytes: number } | null;
  /** The process that has it now. */
  process: { pid: number; machine: string } | null;
  /** Operations in flight: what it waits for. */
  operations: OperationReport[];
  /** The running invocation, then the queued ones. */
  invocations: InvocationReport[];
  forks: AgentId[];
}

type OperationReport = Exclude<InFlight, { kind: "sleep" }> | { operation: number; kind: "sleep"; until: string };

export interface InvocationReport {
  state: InvocationRow["state"];
  method: string;
  args: unknown[];
  key: InvocationKey;
  /** Who called; null: somebody outside. */
  caller: { agent: AgentId; operation: number } | null;
  /** It does not begin before. */
  dueAt: string | null;
  createdAt: string;
}

/** Reads what there is to know of an agent. */
export async function inspectAgent(store: Store, row: AgentRow): Promise<Inspection> {
  const report = await openReporter(store);
  const [own, queue, forks, nodes, inFlight, snapshot] = await Promise.all([
    store.steps(row.id, 0),
    store.queue(row.id),
    store.forks(row.id),
    store.nodes(),
    readInFlight(store, row),
    readSnapshotSize(store, row),
  ]);
  const owner = nodes.find(({ id }) => id === row.node);
  return {
    ...report(row),
    oplog: {
      entries: row.length,
      inheritedEntries: row.parent ? row.parent.index + 1 : 0,
      sizeBytes: own.reduce((sum, { entries }) => sum + Buffer.byteLength(entries), 0),
    },
    snapshot,
    process: owner ? { pid: owner.pid, machine: owner.machine } : null,
    operations: inFlight.map((each) => (each.kind === "sleep" ? { ...each, until: formatTime(each.until) } : each)),
    invocations: queue.map(reportInvocation),
    forks: forks.map(({ id }) => id),
  };
}

async function readSnapshotSize(store: Store, row: AgentRow): Promise<Inspection["snapshot"]> {
  const snapshot = row.snapshot && (await store.snapshot(row.snapshot.id));
  if (!snapshot) return null;
  const pages = await store.pages(snapshot.pages);
  const sizeBytes = pages.reduce((sum, { data }) => sum + data.length, snapshot.manifest.length);
  return { entries: row.snapshot!.length, pages: pages.length, sizeBytes };
}

function reportInvocation({ state, method, args, key, caller, dueAt, createdAt }: InvocationRow): InvocationReport {
  return {
    state,
    method,
    args: JSON.parse(args) as unknown[],
    key,
    caller,
    dueAt: formatTimeOrNull(dueAt),
    createdAt: formatTime(createdAt),
  };
}
