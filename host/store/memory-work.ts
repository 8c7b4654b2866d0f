import type { AgentId, NodeId } from "../base/id.ts";
import type { MemoryAgent, MemoryState } from "./memory-state.ts";
import { concerns } from "./placement.ts";
import { invocationSource, type AgentRow, type DeletionRequest, type OperationRow, type Store } from "./store.ts";

/*
 * What there is to do, and for whom: `Store.ready` and its like. Rows are the state's own.
 */

/** All agents with something to do, in order of creation. */
export function findWork({ agents }: MemoryState, at: number): MemoryAgent[] {
  return [...agents.values()].filter((agent) => hasWork(agent, at));
}

function hasWork({ row, invocations, operations, givenUp }: MemoryAgent, at: number): boolean {
  if (row.state === "created" || row.state === "running" || givenUp.size > 0) return true;
  const rows = [...invocations.values()];
  const mayBegin =
    rows.some(({ state, dueAt }) => state === "queued" && (dueAt === null || dueAt <= at)) &&
    rows.every(({ state }) => state !== "running");
  // An agent's node carries its fetches out.
  const isOrphaned = ({ source }: OperationRow) => row.node === null && source !== null && source.startsWith("fetch ");
  return mayBegin || [...operations.values()].some((each) => each.isSettled || isOrphaned(each.row));
}

export function findSettled({ agents }: MemoryState, node: NodeId): OperationRow[] {
  const ours = [...agents.values()].filter(({ row }) => row.node === node);
  return ours.flatMap(({ operations }) => {
    const rows = [...operations.values()].filter(({ isSettled }) => isSettled).map(({ row }) => row);
    return rows.toSorted((left, right) => left.operation - right.operation);
  });
}

export function findNextDue(state: MemoryState, after: number): number | undefined {
  const { operations, promises, invocations } = findTimed(state);
  const moments = [...operations, ...promises, ...invocations].map(({ at }) => at).filter((at) => at > after);
  return moments.length === 0 ? undefined : Math.min(...moments);
}

export function findDue(state: MemoryState, node: NodeId, at: number): Awaited<ReturnType<Store["due"]>> {
  const { operations, promises, invocations } = findTimed(state);
  const row = state.nodes.get(node) ?? { id: node, group: null, name: "" };
  const isOurs = ({ agent }: { agent: AgentId }) => concerns(state.agents.get(agent)!.row, row);
  return {
    operations: takeDue(operations, at).filter(isOurs),
    promises: takeDue(promises, at),
    invocations: takeDue(invocations, at).filter(isOurs),
  };
}

interface Timed<Row> {
  row: Row;
  at: number;
}

/** What is due at some moment. */
function findTimed(state: MemoryState) {
  const agents = [...state.agents.values()];
  const operations = agents.flatMap((agent) => [...agent.operations.values()].map(({ row }) => row));
  const promises = [...state.promises.values()].filter((row) => row.state === "pending");
  const invocations = agents.flatMap((agent) => [...agent.invocations.values()]);
  return {
    operations: timed(operations, ({ dueAt }) => dueAt),
    promises: timed(promises, ({ expiresAt }) => expiresAt),
    invocations: timed(
      invocations.filter((row) => row.state === "queued"),
      ({ dueAt }) => dueAt,
    ),
  };
}

/** The earliest first, without those that are never due. */
function timed<Row>(rows: readonly Row[], dueAtOf: (row: Row) => number | null): Timed<Row>[] {
  return rows
    .map((row) => ({ row, at: dueAtOf(row) }))
    .filter((each): each is Timed<Row> => each.at !== null)
    .toSorted((left, right) => left.at - right.at);
}

function takeDue<Row>(rows: readonly Timed<Row>[], at: number): Row[] {
  return rows.filter((each) => each.at <= at).map(({ row }) => row);
}

export function findExpired(state: MemoryState, node: NodeId, before: number, now: number): AgentId[] {
  const isOver = ({ row, invocations }: MemoryAgent) =>
    row.state === "ended" &&
    row.updatedAt <= before &&
    isInReach(state, row, node, now) &&
    [...invocations.values()].every(
      ({ key, ...each }) => each.state === "done" && !state.operationsBySource.has(invocationSource(row.id, key)),
    );
  const rows = [...state.agents.values()].filter(isOver).map(({ row }) => row);
  return rows.toSorted((left, right) => left.updatedAt - right.updatedAt).map(({ id }) => id);
}

export function findDeletionRequests(state: MemoryState, node: NodeId, now: number): DeletionRequest[] {
  const agents = [...state.agents.values()].filter(({ row }) => isInReach(state, row, node, now));
  return agents.flatMap(({ row, deletions }) => {
    const trees = [...deletions].toSorted((left, right) => ((left ?? "") < (right ?? "") ? -1 : 1));
    return trees.map((tree) => ({ agent: row.id, tree }));
  });
}

/** Whether an agent belongs to a node, or to nobody who is alive. */
function isInReach(state: MemoryState, row: AgentRow, node: NodeId, now: number): boolean {
  return row.node === null || row.node === node || !state.isAlive(row.node, now);
}
