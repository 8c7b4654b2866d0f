import type { Opening } from "../agent/executor.ts";
import { placed, type PlacedAgent } from "../agent/placed.ts";
import { splitManifest } from "../agent/saved.ts";
import { applyEntry, makeState, takeFinished, type AgentState, type Operation } from "../agent/state.ts";
import type { Input } from "../agent/step.ts";
import { HostError, isHostError } from "../base/error.ts";
import { decodeStep } from "../oplog/codec.ts";
import type { Entry } from "../oplog/entry.ts";
import type {
  AgentRow,
  AgentState as RowState,
  InvocationRow,
  OperationRow,
  SnapshotRow,
  StepRow,
  Store,
} from "../store/store.ts";

/** An agent that this node owns and has at hand. While it is live, this is the truth and the store follows. */
export interface Live {
  row: PlacedAgent;
  state: AgentState;
  /** Unfinished invocations in order of arrival; the first one is the running one, if one runs. */
  queue: InvocationRow[];
  /** Sent to the guest, or to be sent, and not journaled yet. */
  pending: Input[];
  /** Operations that have a row in the store, by number: somebody else will end them. */
  waiting: Map<number, Wait>;
  session: "open" | "opening" | "closed";
}

/** What an operation's row says. */
export type Wait = Pick<OperationRow, "source" | "dueAt" | "attempt">;

/** Applies the entries of one step, as every reader of an oplog does. Returns the invocation that it finished. */
export function applyStep(state: AgentState, entries: readonly Entry[]): ReturnType<typeof takeFinished> {
  for (const entry of entries) applyEntry(state, entry);
  return entries[0]?.kind === "stepped" ? takeFinished(state) : null;
}

/**
 * An agent's steps from the entry `from` on, the ones that it inherited included.
 *
 * Errors: HostError `store/corrupt` if some are missing.
 */
export async function readSteps(store: Store, row: AgentRow, from: number): Promise<StepRow[]> {
  const own = await store.steps(row.id, from);
  const ownFrom = own[0]?.first ?? row.length;
  if (ownFrom <= from) return own;
  if (!row.parent) throw missing(row, from);
  const parent = await store.agent(row.parent.agent);
  if (!parent) throw missing(row, from);
  const inherited = (await readSteps(store, parent, from)).filter(({ first }) => first < ownFrom);
  return [...inherited, ...own];
}

function missing(row: AgentRow, from: number): HostError {
  return new HostError(
    "store/corrupt",
    `The store has lost entries of ${row.id} from ${from} on. Restore the file from a backup.`,
  );
}

/** What brings an agent's memory back: the newest snapshot, and the steps since. */
export async function readOpening(store: Store, row: PlacedAgent): Promise<Opening> {
  const snapshot = row.snapshot ? await readSnapshot(store, row.snapshot.id, row) : null;
  const steps = await readSteps(store, row, row.snapshot?.length ?? 0);
  return { agent: row.id, component: row.component, snapshot, steps };
}

async function readSnapshot(store: Store, id: string, row: AgentRow): Promise<Opening["snapshot"]> {
  const snapshot = await readSnapshotRow(store, id, row);
  return { row: snapshot, pages: await store.pages(snapshot.pages) };
}

async function readSnapshotRow(store: Store, id: string, row: AgentRow): Promise<SnapshotRow> {
  const snapshot = await store.snapshot(id);
  if (!snapshot)
    throw new HostError(
      "store/corrupt",
      `The store has lost the snapshot ${id.slice(0, 8)} of ${row.id}. Restore the file from a backup.`,
    );
  return snapshot;
}

/** What the host knew of an agent, from what brings it back. Errors: HostError `oplog/corrupt` and those of the codec. */
export function foldState({ agent, snapshot, steps }: Opening): AgentState {
  const state = snapshot ? splitManifest(snapshot.row).state : makeState(agent);
  for (const { first, entries } of steps) {
    const decoded = decodeStep(entries, { agent, first });
    try {
      applyStep(state, decoded);
    } catch (cause) {
      if (!isHostError(cause, "base/invariant")) throw cause;
      const message = `The oplog of ${agent} is damaged at entry ${first}: what stands there can't follow what is before it.`;
      throw new HostError("oplog/corrupt", message, { cause });
    }
  }
  return state;
}

/**
 * What the host knew of an agent behind the step that holds the entry `at`, and the newest snapshot up to there; by
 * default, behind the last one in the store. What a snapshot stands for is not read, however long it is.
 *
 * Errors: HostError `agent/no-entry`, `store/corrupt`, `oplog/corrupt`.
 */
export async function readPast(
  store: Store,
  row: AgentRow,
  at: number | undefined,
): Promise<{ snapshot: AgentRow["snapshot"]; state: AgentState }> {
  const { component } = placed(row);
  const snapshot = row.snapshot && row.snapshot.length <= (at ?? Infinity) + 1 ? row.snapshot : null;
  const from = snapshot?.length ?? 0;
  const steps = await readSteps(store, row, from);
  const upTo =
    at === undefined ? steps.length - 1 : steps.findIndex(({ first, count }) => first <= at && at < first + count);
  const isWithin = at === undefined ? row.length > 0 : upTo !== -1 || at === from - 1;
  if (!isWithin) {
    const message = `${row.id} has no entry ${at}; its entries are 0 to ${row.length - 1}.`;
    throw new HostError("agent/no-entry", message);
  }
  const saved = snapshot && { row: await readSnapshotRow(store, snapshot.id, row), pages: [] };
  const state = foldState({ agent: row.id, component, snapshot: saved, steps: steps.slice(0, upTo + 1) });
  return { snapshot, state };
}

/** Whether an agent's whole life is one invocation: the call of a function, or a fork. */
function isEphemeral(row: AgentRow): boolean {
  return row.params === null || row.parent !== null;
}

/** The operations whose outcomes an agent was sent, and has not taken yet. */
export function sentOperations({ pending }: Live): Set<number> {
  return new Set(pending.flatMap((input) => (input.kind === "delivered" ? [input.operation] : [])));
}

/**
 * Whether the one invocation of an ephemeral agent is over; not if it is to be tried again. That of a function may be so
 * before it began. What its guest left in flight then concerns nobody.
 */
export function hasEnded({ row, state, queue }: Live): boolean {
  const hasBegun = state.invocations > 0 || row.params === null;
  return isEphemeral(row) && hasBegun && state.invocation === null && queue.length === 0;
}

export function stateOf(live: Live): RowState {
  if (live.row.error !== null) return "failed";
  if (hasEnded(live)) return "ended";
  const { state, pending, queue } = live;
  const isLocal = ({ outcome, start }: Operation) =>
    outcome ||
    start.kind === "fork-started" ||
    // One that concerns another node's agent waits for that node.
    (start.kind === "delete-started" && !live.waiting.has(start.operation));
  if (pending.length > 0 || state.invocation?.abandoning || [...state.inFlight.values()].some(isLocal))
    return "running";
  if (state.invocation) return "suspended";
  // One that is scheduled, or that is to be tried again, waits for its time.
  return queue.some(({ dueAt }) => dueAt === null) ? "running" : "idle";
}
