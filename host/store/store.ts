import type { AgentId, Digest, InvocationKey, NodeId, PromiseId } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";

/** A component that agents of this store run, kept whole so that the store needs no other file. */
export interface ComponentRow {
  digest: Digest;
  /** Where it came from, for people. */
  name: string;
  bytes: Uint8Array;
  /** JSON text of the component's own description. */
  description: string;
  createdAt: number;
}

/**
 * running: something can go on; suspended: an invocation waits for operations; idle: nothing to do; ended: carried one
 * call of a function, or was a fork, and has finished it; failed: takes no more invocations.
 */
export type AgentState = "created" | "running" | "suspended" | "idle" | "ended" | "failed";

export interface AgentRow {
  id: AgentId;
  component: Digest;
  /** The export that it is an agent or a call of. */
  type: string;
  /** JSON array text of its parameters; absent for the one call of a function. */
  params: string | null;
  state: AgentState;
  /** The live node that may write it; null: any node may claim it. */
  node: NodeId | null;
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
 * queued: not begun; running: begun, not finished; done: `outcome` is set. A scheduled one is queued until `dueAt`.
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
  /** What it waits for: `promise ID`, or `invocation AGENT KEY`; null for a sleep. */
  source: string | null;
  /** The moment at which a sleep ends. */
  dueAt: number | null;
}

export const promiseSource = (id: PromiseId) => `promise ${id}`;
export const invocationSource = (agent: AgentId, key: InvocationKey) => `invocation ${agent} ${key}`;

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
}

/**
 * What one transaction changes. Rows replace rows of the same key; `null` deletes.
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

  /**
   * How many entries agents of this id had that were deleted; 0 if there was none. Calls, promises and forks are known by
   * their agent's id and a number, so one that comes to life again counts on from there. Forks never do.
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

  /** The earliest moment at which a sleep, a promise's timeout or a scheduled invocation is due. */
  nextDue(): Promise<number | undefined>;
  /** What is due by then. */
  due(at: number): Promise<{ operations: OperationRow[]; promises: PromiseRow[]; invocations: InvocationRow[] }>;

  /**
   * Agents with something to do: state `created` or `running`, or with a queued invocation that is due and none
   * running, or with an operation whose source has settled. Only ones that `node` owns or that nobody does.
   */
  ready(node: NodeId, at: number): Promise<AgentId[]>;

  snapshot(id: string): Promise<SnapshotRow | undefined>;
  pages(digests: readonly string[]): Promise<PageRow[]>;

  /** Starts a lease. */
  join(node: NodeRow): Promise<void>;
  /** Ends a lease and gives up its agents. */
  leave(node: NodeId): Promise<void>;
  nodes(): Promise<NodeRow[]>;
  /** Makes `node` the owner of agents, and of all that belong to `dead`, whose leases end. Returns those it now owns of `agents`. */
  claim(node: NodeId, agents: readonly AgentId[], dead?: readonly NodeId[]): Promise<AgentId[]>;

  /** A number that changes when another connection has committed; cheap enough to ask every few milliseconds. */
  version(): Promise<number>;

  /** Deletes snapshots and pages that no agent needs. Returns what it freed. */
  collect(): Promise<{ snapshots: number; pages: number; sizeBytes: number }>;
  /** Bytes held, by what for. */
  sizes(): Promise<{ oplogBytes: number; snapshotBytes: number; componentBytes: number; totalBytes: number }>;
}
