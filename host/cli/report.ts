import { formatTarget } from "../agent/target.ts";
import type { AgentId, Digest } from "../base/id.ts";
import type { AgentRow, AgentState, PromiseRow, Store } from "../store/store.ts";
import { formatTime } from "./table.ts";

/*
 * What commands print with `--json`: shapes that stay when rows of the store change. Instants are ISO 8601 in UTC.
 */

export interface AgentReport {
  id: AgentId;
  type: string;
  /** Null for the one call of a function. */
  params: unknown[] | null;
  state: AgentState;
  /** null until a node of its target has taken it up. */
  component: { digest: Digest; name: string } | null;
  /** Which nodes may run it; null: any. */
  target: string | null;
  /** The agent whose call brought it to life, or that forked it; null: somebody outside did. */
  createdBy: AgentId | null;
  /** How many entries its oplog has, inherited ones included. */
  entries: number;
  /** For a fork: of whom, and the index of the last inherited entry. */
  parent: { agent: AgentId; index: number } | null;
  createdAt: string;
  updatedAt: string;
  /** Why it failed. */
  error: unknown;
}

/** Makes reports of agents; reads the names of components once. */
export async function openReporter(store: Store): Promise<(row: AgentRow) => AgentReport> {
  const names = new Map((await store.components()).map(({ digest, name }) => [digest, name]));
  return ({ id, type, params, state, component: digest, target, createdBy, length, parent, ...row }) => ({
    id,
    type,
    params: parseOrNull(params) as unknown[] | null,
    state,
    component: digest && { digest, name: names.get(digest) ?? "" },
    target: target && formatTarget(target),
    createdBy,
    entries: length,
    parent: parent && { agent: parent.agent, index: parent.index },
    createdAt: formatTime(row.createdAt),
    updatedAt: formatTime(row.updatedAt),
    error: parseOrNull(row.error),
  });
}

export interface PromiseReport {
  id: string;
  state: PromiseRow["state"];
  /** What it was resolved with. */
  value?: unknown;
  /** What it was rejected with. */
  error?: unknown;
  createdBy: AgentId | null;
  createdAt: string;
  expiresAt: string | null;
  settledAt: string | null;
  settledBy: AgentId | null;
}

export function reportPromise(row: PromiseRow): PromiseReport {
  const { id, state, payload, createdBy, createdAt, expiresAt, settledAt, settledBy } = row;
  return {
    id,
    state,
    ...(state === "resolved" && { value: parseOrNull(payload) }),
    ...(state === "rejected" && { error: parseOrNull(payload) }),
    createdBy,
    createdAt: formatTime(createdAt),
    expiresAt: formatTimeOrNull(expiresAt),
    settledAt: formatTimeOrNull(settledAt),
    settledBy: settledBy?.agent ?? null,
  };
}

export const parseOrNull = (text: string | null): unknown => (text === null ? null : (JSON.parse(text) as unknown));
export const formatTimeOrNull = (at: number | null): string | null => (at === null ? null : formatTime(at));
