import { isPlaced } from "../agent/placed.ts";
import { calleeOf, type Operation } from "../agent/state.ts";
import type { AgentId, InvocationKey } from "../base/id.ts";
import { describeEntry } from "../oplog/describe.ts";
import { foldState, readOpening } from "../scheduler/live.ts";
import type { AgentRow, InvocationRow, OperationRow, Store } from "../store/store.ts";

/** An operation that an agent started and that has not ended, and what will end it. Instants are in milliseconds. */
export type InFlight = { operation: number } & (
  | { kind: "promise"; promise: string }
  | {
      kind: "call";
      agent: AgentId;
      method: string;
      key: InvocationKey;
      state: InvocationRow["state"];
      /** Where the agent is to live, if it comes to life by this call. */
      target: string | null;
      /** When it is given up. */
      timesOutAt: number | null;
    }
  | {
      kind: "fetch";
      method: string;
      url: string;
      startedAt: number;
      /** How often it was sent or is to be, this time included, and how often at most. */
      attempt: number;
      attempts: number;
      /** When it is sent again; null: it is under way. */
      dueAt: number | null;
    }
  | { kind: "sleep"; until: number }
  /** A function of its own that it runs. */
  | { kind: "run"; name: string }
  /** Something that a host does at once. */
  | { kind: "host"; what: string }
);

/** An agent's operations in flight, in the order in which it started them. */
export async function readInFlight(store: Store, row: AgentRow): Promise<InFlight[]> {
  if (!isPlaced(row)) return [];
  const { inFlight } = foldState(await readOpening(store, row));
  const rows = new Map((await store.operations(row.id)).map((each) => [each.operation, each]));
  return Promise.all(
    [...inFlight].map(async ([operation, started]) => ({
      operation,
      ...(await readSource(store, started, rows.get(operation))),
    })),
  );
}

type Source = InFlight extends infer Kind ? (Kind extends InFlight ? Omit<Kind, "operation"> : never) : never;

async function readSource(store: Store, { by, at, start }: Operation, row: OperationRow | undefined): Promise<Source> {
  const dueAt = row?.dueAt ?? null;
  switch (start.kind) {
    case "promise-awaited":
      return { kind: "promise", promise: start.id };
    case "rpc-started": {
      const { agent, key } = calleeOf(by, start);
      const method = "function" in start.callee ? start.callee.function : start.callee.method;
      const state = (await store.invocation(agent, key))?.state ?? "queued";
      return { kind: "call", agent, method, key, state, target: start.target ?? null, timesOutAt: dueAt };
    }
    case "fetch-started": {
      const { method, url, retry } = start;
      const [attempt, attempts] = [row?.attempt ?? 1, retry?.attempts ?? 1];
      return { kind: "fetch", method, url, startedAt: at, attempt, attempts, dueAt };
    }
    case "sleep-started":
      return { kind: "sleep", until: at + start.spanMs };
    case "run-started":
      return { kind: "run", name: start.name };
    default:
      return { kind: "host", what: describeEntry(start) };
  }
}
