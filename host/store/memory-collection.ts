import type { AgentId } from "../base/id.ts";
import type { MemoryState } from "./memory-state.ts";
import { promiseSource, type Collected } from "./store.ts";

/** Carries out `Store.collect`. */
export function collect(state: MemoryState, before: number | null): Collected {
  const { agents, promises, pastLengths, snapshots, pages } = state;
  const freed = {
    promises: deleteIf(
      promises,
      ({ id, state: is, settledAt, createdBy }) =>
        is !== "pending" &&
        isOld(settledAt, before) &&
        (createdBy === null || !agents.has(createdBy)) &&
        !state.operationsBySource.has(promiseSource(id)),
    ).length,
    pastLengths: forgetPast(state, before),
  };
  const named = new Set([...agents.values()].map(({ row }) => row.snapshot?.id));
  const manifests = deleteIf(snapshots, ({ id }) => !named.has(id)).map(({ manifest }) => manifest);
  const needed = new Set([...snapshots.values()].flatMap((snapshot) => snapshot.pages));
  const data = deleteIf(pages, ({ digest }) => !needed.has(digest)).map((page) => page.data);
  const sizeBytes = [...manifests, ...data].reduce((sum, { length }) => sum + length, 0);
  const invocationCount = [...agents.values()].reduce((sum, { invocations }) => sum + invocations.size, 0);
  const kept = [agents, promises, pastLengths, snapshots, pages].reduce((sum, { size }) => sum + size, invocationCount);
  return { ...freed, snapshots: manifests.length, pages: data.length, sizeBytes, kept };
}

/** Forgets the lengths of deleted agents to whose operations nothing refers any more. Returns how many. */
function forgetPast({ agents, promises, pastLengths }: MemoryState, before: number | null): number {
  const held = [...agents.values()];
  const needed = new Set<AgentId | null | undefined>([
    ...held.map(({ row }) => row.createdBy),
    ...held.flatMap(({ invocations }) => [...invocations.values()].map(({ caller }) => caller?.agent)),
    ...[...promises.values()].flatMap(({ createdBy, settledBy }) => [createdBy, settledBy?.agent]),
  ]);
  // A set that grows is gone through to its new end.
  for (const id of needed) if (id) needed.add(pastLengths.get(id)?.parent);
  return deleteIf(pastLengths, ({ deletedAt }, id) => isOld(deletedAt, before) && !needed.has(id) && !agents.has(id))
    .length;
}

function isOld(at: number | null, before: number | null): boolean {
  return at !== null && before !== null && at <= before;
}

/** Returns the rows that it deleted. */
function deleteIf<Id, Row>(rows: Map<Id, Row>, isDead: (row: Row, id: Id) => boolean): Row[] {
  const found = [...rows].filter(([id, row]) => isDead(row, id));
  for (const [id] of found) rows.delete(id);
  return found.map(([, row]) => row);
}
