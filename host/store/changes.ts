import type { AgentId, InvocationKey } from "../base/id.ts";
import type { Changes } from "./store.ts";

export function emptyChanges(): Changes {
  return {
    components: [],
    agents: new Map(),
    steps: [],
    invocations: new Map(),
    promises: new Map(),
    operations: new Map(),
    snapshots: [],
    pages: [],
    requests: [],
  };
}

export function isEmpty(changes: Changes): boolean {
  return Object.values(changes).every((rows: readonly unknown[] | ReadonlyMap<unknown, unknown>) =>
    Array.isArray(rows) ? rows.length === 0 : (rows as ReadonlyMap<unknown, unknown>).size === 0,
  );
}

/** The key of an invocation among `Changes`: an agent's id never holds a line feed. */
export const invocationRowKey = (agent: AgentId, key: InvocationKey) => `${agent}\n${key}`;

/** The key of an operation among `Changes`. */
export const operationRowKey = (agent: AgentId, operation: number) => `${agent}\n${operation}`;

/** The two halves that `invocationRowKey` or `operationRowKey` joined. */
export function splitRowKey(joined: string): [agent: AgentId, rest: string] {
  const at = joined.indexOf("\n");
  return [joined.slice(0, at) as AgentId, joined.slice(at + 1)];
}
