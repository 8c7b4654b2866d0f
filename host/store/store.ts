import type { AgentId, Digest, InvocationKey, NodeId, PromiseId } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { RetryPolicy } from "../oplog/retry.ts";

/** A component that agents of this store run, kept whole so that the store needs no other file. */
export interface ComponentRow {
  digest: Digest;
  /** Where it came from, for people. */
  name: string;
  bytes: Uint8Array;
  /** JSON text of the component's own description. */
  description: string;
  /** What its agents may do, as the operator said: JSON text. Opaque to the store. */
  settings: string;
  createdAt: number;
}

/**
 * running: something can go on; suspended: an invocation waits for operations; idle: nothing to do; ended: carried one
 * call of a function, or was a fork, and has finished it; failed: takes no more invocations.
 */
export type AgentState = "created" | "running" | "suspended" | "idle" | "ended" | "failed";

/** How long others leave an agent to the node that its target prefers, in milliseconds. */
export const preferenceMs = 250;
/** How long they leave one to the node in turn, which may have more to do than it gets on with, in milliseconds. */
export const turnMs = 5_000;

/** Which nodes may run an agent: those of a group. */
export interface Target {
  group: string;
  /** The name of the node that is preferred; null: all are alike. */
  node: string | null;
  /** Whether no other node will do. */
  only: boolean;
}

export interface AgentRow {
  id: AgentId;
  /** null for an agent with a target that nobody has taken up: the node that does chooses one. */
  component: Digest | null;
  /** The export that it is an agent or a call of. */
  type: string;
  /** JSON array text of its parameters; absent for the one call of a function. */
  params: string | null;
  state: AgentState;
  /** The live node that may write it; null: any node that its target admits may claim it. */
  node: NodeId | null;
  /** null: any node. */
  target: Target | null;
  /** The agent whose call brought it to life, or that forked it; null: somebody outside did. */
  createdBy: AgentId | null;
  /** For a fork: the parent, the index of the parent's last inherited entry, and the operation that forked. */
  parent: { agent: AgentId; index: number; operation: number } | null;
  /** The newest snapshot, and the number of entries that it stands for. */
  snapshot: { id: string; length: number } | null;
  /** Entries so far, inherited ones included: the index of the next one. */
  length: number;
  createdAt: number;
  updatedAt: number;
  /** Why it failed: JSON text of a failure. */
  error: string | null;
}

/** The entries of one step, or a lone `created` or `forked`. */
export interface StepRow {
  agent: AgentId;
  /** Index of the first entry. */
  first: number;
  count: number;
  /** JSON array text of the entries. */
  entries: string;
}

/**
 * queued: not begun; running: begun, not finished; done: `outcome` is set. A scheduled one is queued until `dueAt`, and
 * so is one that failed and is to be tried again.
 */
export interface InvocationRow {
  agent: AgentId;
  key: InvocationKey;
  /** Arrival order over all agents of the store. A new row has 0, and `commit` writes the number that it gave into it. */
  seq: number;
  state: "queued" | "running" | "done";
  method: string;
  /** JSON array text. */
  args: string;
  /** Who called; null: from outside. */
  caller: { agent: AgentId; operation: number } | null;
  /** Whether the caller waits for it. */
  attached: boolean;
  /** Not to be begun before this moment. */
  dueAt: number | null;
  cancelRequested: boolean;
  /** How many calls it lies within, itself included: 1 for one from outside. */
  depth: number;
  /** How often it was begun or is to be, this time included: 1 at first. */
  attempt: number;
  retry: RetryPolicy | null;
  /** Why the attempt before failed: JSON text of a failure. */
  lastError: string | null;
  outcome: Outcome | null;
  createdAt: number;
  finishedAt: number | null;
}

export interface PromiseRow {
  id: PromiseId;
  state: "pending" | "resolved" | "rejected" | "canceled" | "timed-out";
  /** The value, or the failure of a rejected one, as JSON text. */
  payload: string | null;
  createdBy: AgentId | null;
  createdAt: number;
  expiresAt: number | null;
  settledAt: number | null;
  /** The operation that settled it; null: from outside, by time, or not yet. */
  settledBy: { agent: AgentId; operation: number } | null;
}

/** An operation in flight whose end somebody else will bring: who waits for what. Gone once it is delivered. */
export interface OperationRow {
  agent: AgentId;
  operation: number;
  /** What it waits for, in the words of the functions below; null for a sleep. */
  source: string | null;
  /** The moment at which a sleep ends, a call times out, or a fetch is tried again. */
  dueAt: number | null;
  /** How often a fetch was sent or is to be, this time included: 1 at first. */
  attempt: number;
}

export const promiseSource = (id: PromiseId) => `promise ${id}`;
export const invocationSource = (agent: AgentId, key: InvocationKey) => `invocation ${agent} ${key}`;
/** Settled when there is no such agent. */
export const deletionSource = (agent: AgentId) => `deletion ${agent}`;
/** The node that owns the agent carries it out; one whose agent nobody owns is something to do. */
export const fetchSource = (agent: AgentId, operation: number) => `fetch ${agent}#${operation}`;

export interface SnapshotRow {
  /** SHA-256 of the manifest, hexadecimal. */
  id: string;
  /** What the host knew of the agent, and the memory's sizes, globals and page digests. Opaque to the store. */
  manifest: Uint8Array;
  /** The pages that the manifest refers to, by digest: what `collect` keeps as long as an agent's row names the snapshot. */
  pages: readonly string[];
}

export interface PageRow {
  /** SHA-256 of what is stored before it is compressed, hexadecimal. */
  digest: string;
  /** The page, compressed. */
  data: Uint8Array;
}

export interface NodeRow {
  id: NodeId;
  /** The lease: another node may take over after this moment. */
  expiresAt: number;
  pid: number;
  /** Machine and boot, so that a process that is gone can be told at once on the same machine. */
  machine: string;
  startedAt: number;
  /** The group whose calls it takes; null: none. */
  group: string | null;
  /** What it is called within its group. */
  name: string;
  /** How many agents of its group it runs at once: those that wait for something do not count. */
  slots: number;
  /** All of them have been taken for a while: nobody need leave it its turns. */
  full: boolean;
}

/** What is asked of an agent that another node owns, or nobody: its owner finds it in the store. */
export type AgentRequest =
  | { kind: "cancel"; agent: AgentId; key: InvocationKey }
  | ({ kind: "delete" } & DeletionRequest);

/** An agent that is to be deleted. One that several ask for, has a request of each. */
export interface DeletionRequest {
  agent: AgentId;
  /** The root of the tree with which it is to go, and its own tree with it; null: it is to go alone. */
  tree: AgentId | null;
}

/**
 * What one transaction changes. Rows replace rows of the same key; `null` deletes. How an agent came to be stays as its
 * first row says: type, parameters, target, creator, parent, moment of creation, and its component, once it has one;
 * likewise what call an invocation is: method, arguments, caller, depth, how it is tried again.
 *
 * `steps` are appended: one whose `first` is not the number of entries that the store holds of that agent is refused.
 * A page or snapshot that the store has is left alone.
 */
export interface Changes {
  components: ComponentRow[];
  agents: Map<AgentId, AgentRow | null>;
  steps: StepRow[];
  /** By agent and key, joined with a line feed. */
  invocations: Map<string, InvocationRow | null>;
  promises: Map<PromiseId, PromiseRow | null>;
  /** By agent and operation number, joined with a line feed. */
  operations: Map<string, OperationRow | null>;
  snapshots: SnapshotRow[];
  pages: PageRow[];
  /**
   * Whoever owns the agent. `cancel` sets `cancelRequested` of an invocation that is not done, and no later write of that
   * row takes it back; until one says `cancelRequested` itself, or is done, the owner does not know, and the agent is ready.
   * `delete` is kept until the agent is deleted. One of an agent that does not exist is nothing.
   */
  requests: AgentRequest[];
}

/** What a collection freed, and how many rows of all these kinds it left. */
export interface Collected {
  snapshots: number;
  pages: number;
  /** Of snapshots and pages. */
  sizeBytes: number;
  pastLengths: number;
  promises: number;
  kept: number;
}

/** What a commit takes for granted; if it does not hold, nothing is written and `store/conflict` is thrown. */
export interface Fence {
  /** The writing node must hold its lease; null: a writer from outside that touches no agent's steps. */
  node: NodeId | null;
  /** The lease is renewed to this moment. */
  expiresAt?: number;
}

/**
 * Where everything durable lives.
 *
 * Every method is atomic. `commit` throws `store/conflict`, and has written nothing, when
 * - a row of `agents` belongs to another node that is alive;
 * - a promise that it settles is settled already by another (a settled promise never changes), or an invocation that it
 *   finishes is done already with another outcome;
 * - steps come without their agent's row, do not follow on what is held, or leave the row's `length` wrong;
 * - an invocation or operation belongs to an agent that does not exist, or a new fork inherits entries that do not;
 * - a snapshot's pages, or the snapshot that an agent names, are not there (they were collected meanwhile).
 *
 * Deletions come last in a commit: the forks of a deleted agent get the entries that they inherit as their own, from 0
 * on. A node whose lease is over may commit as long as no other has taken over.
 * Errors: HostError `store/conflict`, `store/failed`, `store/full`, `store/read-only`, `store/busy`, `store/missing`,
 *         `store/corrupt`, `store/not-planaria`, `store/version`.
 */
export interface Store extends AsyncDisposable {
  /** The URL that opens it again, for messages. */
  readonly url: string;

  commit(changes: Changes, fence: Fence): Promise<void>;

  component(digest: Digest): Promise<ComponentRow | undefined>;
  /** All components without their bytes, newest first. */
  components(): Promise<Omit<ComponentRow, "bytes">[]>;

  agent(id: AgentId): Promise<AgentRow | undefined>;
  /** Agents in order of creation. */
  agents(filter?: { state?: AgentState; component?: Digest; limit?: number }): Promise<AgentRow[]>;
  /** The forks of an agent, in order of creation. */
  forks(parent: AgentId): Promise<AgentRow[]>;
  /** The agents that an agent brought to life, forks included, in order of creation. */
  children(agent: AgentId): Promise<AgentRow[]>;
  /**
   * Ended agents whose last change is not newer than `before`, with no unfinished invocation, and whose outcome no operation
   * in flight waits for, the longest ended first: only ones that `node` owns or that nobody does who is alive.
   */
  expired(node: NodeId, before: number, limit: number): Promise<AgentId[]>;

  /**
   * How many entries agents of this id had that were deleted; 0 if there was none, or if `collect` found that nothing refers
   * to their operations any more. Calls, promises and forks are known by their agent's id and a number, so one that comes
   * to life again counts on from there. Forks never do.
   */
  pastLength(id: AgentId): Promise<number>;

  /** An agent's own steps from the one that holds index `from`, in order; inherited ones belong to its parent. */
  steps(agent: AgentId, from: number): Promise<StepRow[]>;

  invocation(agent: AgentId, key: InvocationKey): Promise<InvocationRow | undefined>;
  /** Unfinished invocations of an agent in arrival order, the running one first. */
  queue(agent: AgentId): Promise<InvocationRow[]>;
  /** All invocations of an agent, newest last. */
  invocations(agent: AgentId): Promise<InvocationRow[]>;

  promise(id: PromiseId): Promise<PromiseRow | undefined>;
  promises(filter?: { state?: PromiseRow["state"]; limit?: number }): Promise<PromiseRow[]>;

  /** Operations in flight of an agent. */
  operations(agent: AgentId): Promise<OperationRow[]>;
  /** Who waits for a source. */
  waiters(source: string): Promise<OperationRow[]>;

  /** The earliest moment later than `after` at which a sleep, a promise's timeout or a scheduled invocation is due. */
  nextDue(after: number): Promise<number | undefined>;
  /** What is due by then: promises, and what is due of agents that `node` owns, or that nobody does and whose target admits it. */
  due(
    node: NodeId,
    at: number,
  ): Promise<{ operations: OperationRow[]; promises: PromiseRow[]; invocations: InvocationRow[] }>;
  /** Operations in flight of agents that `node` owns whose source has settled. */
  settled(node: NodeId): Promise<OperationRow[]>;

  /**
   * Agents with something to do: state `created` or `running`, or with a queued invocation that is due and none running,
   * or with an unfinished one that was requested to be canceled and whose owner does not know, or with an operation whose
   * source has settled, or, if nobody owns them, with a fetch in flight. Only ones that `node` owns, and ones without a
   * target that nobody does.
   */
  ready(node: NodeId, at: number): Promise<AgentId[]>;
  /**
   * Claims up to `limit` agents with something to do that nobody owns and whose target admits `node`, in order of creation.
   * `node` must hold its lease.
   *
   * A node that is preferred, and alive, has `preferenceMs` from the agent's last change on to take it before others may.
   * Where none is, the nodes of a group that are alive and not full take turns, each as often as it has slots; and anyone
   * may take what has waited for `turnMs`.
   */
  take(node: NodeId, limit: number, at: number): Promise<AgentId[]>;
  /** How many such agents wait for a node of a group, whichever of them their targets admit. */
  countWaiting(group: string, at: number): Promise<number>;
  /** What is asked of agents that `node` owns, or that nobody does who is alive, whatever their targets: oldest agents first. */
  deletionRequests(node: NodeId, limit: number): Promise<DeletionRequest[]>;
  /** Whether an agent that was asked to be deleted is there yet: with `tree` any of the tree of `root`, else `root` alone. */
  isDeletionPending(root: AgentId, options: { tree: boolean }): Promise<boolean>;

  snapshot(id: string): Promise<SnapshotRow | undefined>;
  pages(digests: readonly string[]): Promise<PageRow[]>;

  /** Starts a lease. */
  join(node: NodeRow): Promise<void>;
  /** Ends a lease and gives up its agents. */
  leave(node: NodeId): Promise<void>;
  /** Says how many agents of its group a node takes. Returns whether it holds its lease; if not, nothing is said. */
  offer(node: NodeId, offered: Pick<NodeRow, "slots" | "full">): Promise<boolean>;
  nodes(): Promise<NodeRow[]>;
  /**
   * Makes `node` the owner of agents that it owns already, or that nobody does who is alive and whose target admits it.
   * With `anyTarget`, whatever their target is: to delete or to copy them. Returns those that it now owns.
   */
  claim(node: NodeId, agents: readonly AgentId[], options?: { anyTarget?: boolean }): Promise<AgentId[]>;
  /** Ends the leases of nodes that are dead: nobody owns their agents any more. `node` must hold its own. */
  release(node: NodeId, dead: readonly NodeId[]): Promise<void>;

  /** How many agents of a component have not ended. It goes through all agents. */
  countAgents(component: Digest): Promise<number>;

  /** A number that changes when another connection has committed; cheap enough to ask every few milliseconds. */
  version(): Promise<number>;

  /**
   * Deletes what nobody needs: snapshots that no agent names and their pages; past lengths of agents that nothing names as
   * its creator or caller; and, unless `before` is null, promises settled by then whose creator is gone and for which
   * nobody waits. Returns what it freed, and how many rows it looked at and kept: what it costs.
   */
  collect(before: number | null): Promise<Collected>;
  /** Bytes held, by what for. */
  sizes(): Promise<{ oplogBytes: number; snapshotBytes: number; componentBytes: number; totalBytes: number }>;
}
