import type { AgentId, InvocationKey } from "../base/id.ts";
import type { AgentRow, InvocationRow, Store } from "../store/store.ts";
import { readInFlight, type InFlight } from "./in-flight.ts";
import { formatTimeOrNull, openReporter, parseOrNull, type AgentReport } from "./report.ts";
import { formatTime } from "./table.ts";

/** All that the store knows of one agent, as `planaria inspect --json` prints it. */
export interface Inspection extends AgentReport {
  oplog: { entries: number; inheritedEntries: number; sizeBytes: number };
  /** The newest one. It stands for the first so many entries. */
  snapshot: { entries: number; pages: number; sizeBytes: number } | null;
  /** The process that has it now, and what that is called within its group. */
  process: { pid: number; machine: string; group: string | null; name: string } | null;
  /** Operations in flight: what it waits for. */
  operations: OperationReport[];
  /** The running invocation, then the queued ones. */
  invocations: InvocationReport[];
  forks: AgentId[];
  /** The agents that its calls brought to life, and its forks. */
  children: AgentId[];
}

/** As `InFlight` has them, with instants as people write them. */
type OperationReport = InFlight extends infer Kind
  ? { [Field in keyof Kind]: Field extends Instant ? string | Extract<Kind[Field], null> : Kind[Field] }
  : never;
type Instant = "until" | "startedAt" | "dueAt" | "timesOutAt";

export interface InvocationReport {
  state: InvocationRow["state"];
  method: string;
  args: unknown[];
  key: InvocationKey;
  /** Who called; null: somebody outside. */
  caller: { agent: AgentId; operation: number } | null;
  /** It does not begin before. */
  dueAt: string | null;
  /** The caller has given it up, and it has not ended yet. */
  cancelRequested: boolean;
  /** How many calls it lies within, itself included. */
  depth: number;
  /** How often it was begun or is to be, this time included, and how often at most. */
  attempt: number;
  attempts: number;
  /** Why the attempt before failed: what the guest threw. */
  lastError: unknown;
  createdAt: string;
}

/** Reads what there is to know of an agent. */
export async function inspectAgent(store: Store, row: AgentRow): Promise<Inspection> {
  const report = await openReporter(store);
  const [own, queue, forks, children, nodes, inFlight, snapshot] = await Promise.all([
    store.steps(row.id, 0),
    store.queue(row.id),
    store.forks(row.id),
    store.children(row.id),
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
    process: owner ? { pid: owner.pid, machine: owner.machine, group: owner.group, name: owner.name } : null,
    operations: inFlight.map(reportOperation),
    invocations: queue.map(reportInvocation),
    forks: forks.map(({ id }) => id),
    children: children.map(({ id }) => id),
  };
}

async function readSnapshotSize(store: Store, row: AgentRow): Promise<Inspection["snapshot"]> {
  const snapshot = row.snapshot && (await store.snapshot(row.snapshot.id));
  if (!snapshot) return null;
  const pages = await store.pages(snapshot.pages);
  const sizeBytes = pages.reduce((sum, { data }) => sum + data.length, snapshot.manifest.length);
  return { entries: row.snapshot!.length, pages: pages.length, sizeBytes };
}

function reportOperation(operation: InFlight): OperationReport {
  switch (operation.kind) {
    case "sleep":
      return { ...operation, until: formatTime(operation.until) };
    case "fetch":
      return {
        ...operation,
        startedAt: formatTime(operation.startedAt),
        dueAt: formatTimeOrNull(operation.dueAt),
      };
    case "call":
      return { ...operation, timesOutAt: formatTimeOrNull(operation.timesOutAt) };
    default:
      return operation;
  }
}

function reportInvocation(row: InvocationRow): InvocationReport {
  const { state, method, args, key, caller, dueAt, cancelRequested, depth, attempt, retry, lastError, createdAt } = row;
  return {
    state,
    method,
    args: JSON.parse(args) as unknown[],
    key,
    caller,
    dueAt: formatTimeOrNull(dueAt),
    cancelRequested,
    depth,
    attempt,
    attempts: retry?.attempts ?? 1,
    lastError: parseOrNull(lastError),
    createdAt: formatTime(createdAt),
  };
}
