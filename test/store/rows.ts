import { agentId, digestOf, invocationKey, nodeId, promiseId, type AgentId } from "../../host/base/id.ts";
import { emptyChanges, invocationRowKey, operationRowKey } from "../../host/store/changes.ts";
import type {
  AgentRow,
  Changes,
  InvocationRow,
  NodeRow,
  OperationRow,
  PageRow,
  PromiseRow,
  SnapshotRow,
  StepRow,
} from "../../host/store/store.ts";

export const component = digestOf(Buffer.from("component"));

export const makeAgent = (id: string, fields: Partial<AgentRow> = {}): AgentRow => ({
  id: agentId(id),
  component,
  type: "counter",
  params: '["c1"]',
  state: "idle",
  node: null,
  target: null,
  createdBy: null,
  parent: null,
  snapshot: null,
  length: 0,
  createdAt: 1,
  updatedAt: 1,
  error: null,
  ...fields,
});

/** A fork of `parent` at its entry `index`, with `own` entries of its own. */
export const makeFork = (id: string, parent: string, index: number, own = 1): AgentRow =>
  makeAgent(id, { parent: { agent: agentId(parent), index, operation: 1 }, length: index + 1 + own });

export const makeStep = (agent: string, first: number, count = 1): StepRow => ({
  agent: agentId(agent),
  first,
  count,
  entries: JSON.stringify(Array.from({ length: count }, (_, at) => ({ by: agent, index: first + at, text: "Grüße" }))),
});

export const makeInvocation = (agent: string, key: string, fields: Partial<InvocationRow> = {}): InvocationRow => ({
  agent: agentId(agent),
  key: invocationKey(key),
  seq: 0,
  state: "queued",
  method: "increment",
  args: "[1]",
  caller: { agent: agentId("caller()"), operation: 1 },
  attached: true,
  dueAt: null,
  cancelRequested: false,
  depth: 1,
  attempt: 1,
  retry: null,
  lastError: null,
  outcome: null,
  createdAt: 1,
  finishedAt: null,
  ...fields,
});

export const makePromise = (id: string, fields: Partial<PromiseRow> = {}): PromiseRow => ({
  id: promiseId(id),
  state: "pending",
  payload: null,
  createdBy: agentId("caller()"),
  createdAt: 1,
  expiresAt: null,
  settledAt: null,
  settledBy: null,
  ...fields,
});

export const makeOperation = (agent: string, operation: number, fields: Partial<OperationRow> = {}): OperationRow => ({
  agent: agentId(agent),
  operation,
  source: null,
  dueAt: null,
  attempt: 1,
  ...fields,
});

export const makeNode = (id: string, fields: Partial<NodeRow> = {}): NodeRow => ({
  id: nodeId(id),
  expiresAt: 1_000,
  pid: 1,
  machine: "m1 b1",
  startedAt: 1,
  group: null,
  name: "n1",
  slots: 0,
  full: false,
  ...fields,
});

export const makePage = (text: string): PageRow => ({
  digest: digestOf(Buffer.from(text)),
  data: new Uint8Array(Buffer.from(text)),
});

export const makeSnapshot = (text: string, pages: PageRow[]): SnapshotRow => ({
  id: digestOf(Buffer.from(text)),
  manifest: new Uint8Array(Buffer.from(text)),
  pages: pages.map(({ digest }) => digest),
});

export interface Rows {
  components?: Changes["components"];
  agents?: AgentRow[];
  deleted?: string[];
  steps?: StepRow[];
  invocations?: InvocationRow[];
  promises?: PromiseRow[];
  operations?: OperationRow[];
  ended?: [agent: AgentId, operation: number][];
  snapshots?: SnapshotRow[];
  pages?: PageRow[];
  requests?: Changes["requests"];
}

export function changesOf(rows: Rows): Changes {
  const { components = [], steps = [], snapshots = [], pages = [], requests = [] } = rows;
  const changes = { ...emptyChanges(), components, steps, snapshots, pages, requests };
  for (const row of rows.agents ?? []) changes.agents.set(row.id, row);
  for (const id of rows.deleted ?? []) changes.agents.set(agentId(id), null);
  for (const row of rows.invocations ?? []) changes.invocations.set(invocationRowKey(row.agent, row.key), row);
  for (const row of rows.promises ?? []) changes.promises.set(row.id, row);
  for (const row of rows.operations ?? []) changes.operations.set(operationRowKey(row.agent, row.operation), row);
  for (const [agent, operation] of rows.ended ?? []) changes.operations.set(operationRowKey(agent, operation), null);
  return changes;
}
