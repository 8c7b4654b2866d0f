import { calleeOf, type Operation } from "../agent/state.ts";
import type { AgentId, InvocationKey } from "../base/id.ts";
import { describeEntry } from "../oplog/describe.ts";
import { foldState, readOpening } from "../scheduler/live.ts";
import type { AgentRow, InvocationRow, Store } from "../store/store.ts";

/** An operation that an agent started and that has not ended, and what will end it. */
export type InFlight = { operation: number } & (
  | { kind: "promise"; promise: string }
  | { kind: "call"; agent: AgentId; method: string; key: InvocationKey; state: InvocationRow["state"] }
  | { kind: "sleep"; until: number }
  /** A function of its own that it runs. */
  | { kind: "run"; name: string }
  /** Something that a host does at once. */
  | { kind: "host"; what: string }
);

/** An agent's operations in flight, in the order in which it started them. */
export async function readInFlight(store: Store, row: AgentRow): Promise<InFlight[]> {
  const { inFlight } = foldState(await readOpening(store, row));
  return Promise.all(
    [...inFlight].map(async ([operation, started]) => ({ operation, ...(await readSource(store, started)) })),
  );
}

type Source = InFlight extends infer Kind ? (Kind extends InFlight ? Omit<Kind, "operation"> : never) : never;

async function readSource(store: Store, { by, at, start }: Operation): Promise<Source> {
  switch (start.kind) {
    case "promise-awaited":
      return { kind: "promise", promise: start.id };
    case "rpc-started": {
      const { agent, key } = calleeOf(by, start);
      const method = "function" in start.callee ? start.callee.function : start.callee.method;
      const invocation = await store.invocation(agent, key);
      return { kind: "call", agent, method, key, state: invocation?.state ?? "queued" };
    }
    case "sleep-started":
      return { kind: "sleep", until: at + start.spanMs };
    case "run-started":
      return { kind: "run", name: start.name };
    default:
      return { kind: "host", what: describeEntry(start) };
  }
}
