import { HostError } from "../base/error.ts";
import type { AgentId, NodeId } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { AgentRow, Changes, Fence, InvocationRow, PromiseRow } from "./store.ts";

/*
 * What a commit is refused for: the same rules and the same words in every store. A check that passes returns nothing,
 * one that does not throws `store/conflict`.
 */

/** What the rules need to know of an agent that the store holds. */
export type HeldAgent = Pick<AgentRow, "node" | "length">;

/** What the rules need to know of an invocation that the store holds. */
export type HeldInvocation = Pick<InvocationRow, "seq" | "state" | "method" | "args" | "caller" | "outcome">;

function conflict(message: string, data: Record<string, unknown>): HostError {
  return new HostError("store/conflict", `${message} Nothing was written; read again what the store holds.`, { data });
}

/** Refuses a node that has no lease any more. */
export function checkLease(node: NodeId, holdsLease: boolean): void {
  if (!holdsLease) {
    throw conflict(`Node ${node} holds no lease: it has left, or another node has taken over its agents.`, { node });
  }
}

/** Refuses to touch an agent that belongs to another node that is alive. */
export function checkOwner(id: AgentId, held: HeldAgent, fence: Fence, isAlive: (node: NodeId) => boolean): void {
  if (held.node === null || held.node === fence.node || !isAlive(held.node)) return;
  throw conflict(`${id} belongs to node ${held.node}, and ${fence.node ?? "a writer from outside"} would write it.`, {
    agent: id,
    owner: held.node,
    writer: fence.node,
  });
}

/**
 * Refuses steps that do not follow on what the store holds, and agents whose `length` is not what it will then hold.
 *
 * `held` knows the agents that exist, those of `changes` at least; steps of one that is deleted and does not exist are
 * nobody's. Also refuses a new fork whose inherited entries are nowhere.
 */
export function checkEntries(changes: Changes, fence: Fence, held: (id: AgentId) => HeldAgent | undefined): void {
  if (fence.node === null && changes.steps.length > 0) {
    throw conflict(`A writer from outside would append entries to ${changes.steps[0]!.agent}.`, {});
  }
  const lengths = new Map<AgentId, number>();
  const lengthOf = (id: AgentId) =>
    lengths.get(id) ?? held(id)?.length ?? (changes.agents.get(id)?.parent?.index ?? -1) + 1;
  for (const { agent, first, count } of changes.steps) {
    const row = changes.agents.get(agent);
    if (row === null && !held(agent)) continue;
    if (row === undefined) throw conflict(`Entries of ${agent} come without its row.`, { agent, first });
    const length = lengthOf(agent);
    if (first !== length || count < 1) {
      throw conflict(`A step of ${agent} has ${count} entries from ${first} on, and the store holds ${length}.`, {
        agent,
        first,
        length,
      });
    }
    lengths.set(agent, first + count);
  }
  for (const [agent, row] of changes.agents) {
    const length = lengthOf(agent);
    if (row !== null && row.length !== length) {
      throw conflict(`The row of ${agent} counts ${row.length} entries, and the store will hold ${length}.`, {
        agent,
        length,
      });
    }
    if (row?.parent && !held(agent)) checkFork(row.id, row.parent, lengthOf(row.parent.agent));
  }
}

function checkFork(id: AgentId, parent: NonNullable<AgentRow["parent"]>, length: number): void {
  if (length > parent.index) return;
  throw conflict(
    `${id} inherits the entries of ${parent.agent} up to ${parent.index}, and the store holds ${length}.`,
    {
      agent: id,
      parent: parent.agent,
    },
  );
}

/** Refuses an invocation, or an operation, of an agent that is not there. */
export function checkExists(id: AgentId, exists: boolean, what: string): void {
  if (!exists) throw conflict(`${what} belongs to ${id}, which does not exist.`, { agent: id });
}

/** Refuses a snapshot whose pages are not all there, and an agent whose snapshot is not. */
export function checkSnapshot(id: string, isWhole: boolean, what: string): void {
  if (!isWhole) throw conflict(`${what} the snapshot ${id.slice(0, 8)}, which the store does not hold whole.`, { id });
}

const progress = { queued: 0, running: 1, done: 2 };

/**
 * Refuses an invocation that contradicts the one that the store holds under its key. One whose `seq` is 0 is new, and
 * may meet itself only: the same call, not further on.
 */
export function checkInvocation(row: InvocationRow, held: HeldInvocation | undefined): void {
  const what = `The invocation ${JSON.stringify(row.key)} of ${row.agent}`;
  const data = { agent: row.agent, key: row.key };
  if (held === undefined) {
    if (row.seq !== 0) throw conflict(`${what} has number ${row.seq}, and was deleted.`, data);
    return;
  }
  if (row.seq !== 0 && row.seq !== held.seq) {
    throw conflict(`${what} has number ${row.seq}, and the store's has ${held.seq}.`, data);
  }
  if (held.state === "done" && !(row.state === "done" && sameOutcome(row.outcome, held.outcome))) {
    throw conflict(`${what} is done already, with another outcome.`, data);
  }
  if (row.seq !== 0) return;
  const isSameCall =
    row.method === held.method &&
    row.args === held.args &&
    row.caller?.agent === held.caller?.agent &&
    row.caller?.operation === held.caller?.operation;
  if (!isSameCall) throw conflict(`${what} is new, and another call has taken its key.`, data);
  if (progress[row.state] < progress[held.state]) {
    throw conflict(`${what} is new and ${row.state}, and the store's is ${held.state}.`, data);
  }
}

function sameOutcome(left: Outcome | null, right: Outcome | null): boolean {
  if (left === null || right === null) return left === right;
  if ("value" in left) return "value" in right && left.value === right.value;
  return "error" in right && left.error === right.error;
}

/** Refuses to change a promise that is settled. */
export function checkPromise(row: PromiseRow, held: PromiseRow | undefined): void {
  if (held === undefined || held.state === "pending") return;
  // Two from outside who settle it alike are two all the same: only one of them was the first.
  const isKnown = row.settledBy !== null || row.state === "timed-out";
  const isSame =
    isKnown &&
    row.state === held.state &&
    row.payload === held.payload &&
    row.settledBy?.agent === held.settledBy?.agent &&
    row.settledBy?.operation === held.settledBy?.operation;
  if (isSame) return;
  throw conflict(`The promise ${JSON.stringify(row.id)} is ${held.state} already, and would become ${row.state}.`, {
    promise: row.id,
    held: held.state,
  });
}
