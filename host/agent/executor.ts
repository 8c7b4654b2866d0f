import type { AgentId, Digest } from "../base/id.ts";
import type { CompiledComponent } from "../component/compile.ts";
import type { PageRow, SnapshotRow } from "../store/store.ts";
import type { Input } from "./step.ts";

/** All that is needed to bring an agent's memory back: the newest snapshot, and what was journaled since. */
export interface Opening {
  agent: AgentId;
  component: Digest;
  snapshot: { row: SnapshotRow; pages: PageRow[] } | null;
  /** Entries since the snapshot, or since the beginning, step by step, as JSON text. */
  steps: { first: number; entries: string }[];
}

/** A step that an agent made. */
export interface Stepped {
  agent: AgentId;
  /** Its entries as JSON array text, and how many. */
  entries: string;
  count: number;
  /** Forks that it made, whose sessions are open. */
  forks: AgentId[];
  /** It trapped, and its session is closed. */
  closed: boolean;
  /** The memory behind it, if it was time for a snapshot; it stands for `length` entries. */
  snapshot?: { row: SnapshotRow; pages: PageRow[]; length: number };
}

/** What a step may do at most. One that does more is undone, and its invocation fails. */
export interface StepLimits {
  /** Operations that the agent has in flight: `guest/too-many-operations`. */
  inFlight: number;
  /** What it hands over in one call of an import, in bytes: `guest/payload-too-large`. */
  payloadBytes: number;
  /** What it journals, in bytes: `guest/step-too-large`. */
  stepBytes: number;
  /** Whether it may fork: `rpc/too-many-agents`. */
  forks: boolean;
}

export const unlimited: StepLimits = { inFlight: Infinity, payloadBytes: Infinity, stepBytes: Infinity, forks: true };

export interface ExecutorListener {
  stepped(step: Stepped): void;
  /** The agent's memory could not be brought back: its session is closed. */
  failed(agent: AgentId, error: unknown): void;
  /**
   * A thread has ended with all its sessions; what it had not reported did not happen. `culprit` is the agent that it
   * was running, and why it ended, as JSON text of a failure.
   */
  lost(agents: AgentId[], culprit: { agent: AgentId; error: string } | null): void;
}

/**
 * Where guests run. An agent has a *session* while its memory is at hand; a session is nothing but a cache of what the
 * store can bring back.
 *
 * A step that forks opens the sessions of the forks by itself. A step that traps closes its session.
 */
export interface Executor extends AsyncDisposable {
  start(listener: ExecutorListener): void;
  /** Makes a component known before the first agent of it is opened. */
  load(component: CompiledComponent): void;
  /** Sets what the steps of a component's agents may do, from the next one on; before that, there is no limit. */
  limit(component: Digest, limits: StepLimits): void;
  /** An open session is opened anew. */
  open(opening: Opening): void;
  /** Inputs are taken in order, one step after the other; one for an operation that is not in flight is passed over. */
  send(agent: AgentId, inputs: Input[]): void;
  /** Whether the agent has a session. */
  has(agent: AgentId): boolean;
  /** What the agent was about to do is not reported any more. */
  close(agent: AgentId): void;
  /** Closes all sessions: what was reported of late has not come to the store, pages of snapshots included. */
  reset(): void;
  /** Begins no step any more. Resolves when those under way have been reported; all that is left to do is to dispose of it. */
  drain(): Promise<void>;
}
