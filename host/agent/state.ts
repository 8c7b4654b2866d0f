import { invariant } from "../base/error.ts";
import {
  agentId,
  callKey,
  forkId,
  functionAgentId,
  invocationKey,
  type AgentId,
  type InvocationKey,
} from "../base/id.ts";
import type { Entry, EntryOf, Environment, Outcome } from "../oplog/entry.ts";
import { startsOperation, type OperationStart } from "../oplog/operation.ts";
import { canonicalAgentId } from "./agent-name.ts";

export interface Operation {
  /** Who started it: the agent itself, or the ancestor that it was forked from. */
  by: AgentId;
  /** When, in milliseconds since the epoch. */
  at: number;
  start: OperationStart;
  /** Known already and not yet delivered: of a run that finished, or of an operation that was canceled. */
  outcome?: Outcome;
}

export interface Invocation {
  number: number;
  key: InvocationKey;
  /** How the guest finished it. It stays the running one until the calls that it left open have ended. */
  outcome?: Outcome;
  /** Its guest was told that the caller has given it up. */
  cancelRequested?: true;
  /** Its guest is to be told to forget it, since a step of it was undone. */
  abandoning?: true;
}

/**
 * What the host knows of an agent beside its memory: the fold of its entries, and of nothing else.
 *
 * It is kept by the thread that runs the guest and by the one that schedules it; both apply the same entries.
 */
export interface AgentState {
  agent: AgentId;
  /** Entries applied so far. */
  length: number;
  /** The instant of the last step: a step never begins before it. */
  at: number;
  /** The number of the newest operation. */
  operations: number;
  /** Operations whose outcome is still to come, by number. */
  inFlight: Map<number, Operation>;
  /** The number of the newest invocation. */
  invocations: number;
  invocation: Invocation | null;
  steps: number;
  /** The operation of the parent that made this agent; 0: somebody outside did; null: it is no fork. */
  forkedBy: number | null;
  /** What it was given on its way; absent: nothing. */
  environment?: Environment;
}

export function makeState(agent: AgentId): AgentState {
  return {
    agent,
    length: 0,
    at: 0,
    operations: 0,
    inFlight: new Map(),
    invocations: 0,
    invocation: null,
    steps: 0,
    forkedBy: null,
  };
}

/** A copy that shares nothing that changes. */
export function copyState(state: AgentState): AgentState {
  const inFlight = new Map([...state.inFlight].map(([number, operation]) => [number, { ...operation }]));
  return { ...state, inFlight, invocation: state.invocation && { ...state.invocation } };
}

/** Applies one entry, in place. */
export function applyEntry(state: AgentState, entry: Entry): void {
  state.length += 1;
  switch (entry.kind) {
    case "created":
      state.agent = agentId(entry.agent);
      state.operations = entry.operations ?? 0;
      if (entry.environment) state.environment = entry.environment;
      return;
    case "forked":
      state.agent = agentId(entry.agent);
      state.forkedBy = entry.operation;
      return;
    case "stepped":
      state.at = entry.at;
      state.steps += 1;
      return;
    case "invoked":
      invariant(state.invocation === null, `${state.agent} is invoked while it runs an invocation`);
      state.invocations = entry.invocation;
      state.invocation = { number: entry.invocation, key: invocationKey(entry.key) };
      return;
    case "delivered":
      state.inFlight.delete(entry.operation);
      return;
    case "rpc-started":
    case "promise-created":
    case "delete-started":
    case "promise-awaited":
    case "promise-settled":
    case "fork-started":
    case "sleep-started":
    case "fetch-started":
    case "run-started":
      state.operations = entry.operation;
      if (startsOperation(entry)) state.inFlight.set(entry.operation, { by: state.agent, at: state.at, start: entry });
      return;
    case "run-finished":
      settleOperation(state, entry.operation, entry.outcome);
      return;
    case "operation-canceled":
      settleOperation(state, entry.operation, canceledOutcome);
      return;
    case "finished":
      if (state.invocation?.number === entry.invocation) state.invocation.outcome ??= entry.outcome;
      return;
    case "trapped":
      // The guest will be told to forget the invocation; nothing that it waited for is of use to it any more.
      state.inFlight.clear();
      if (state.invocation) {
        state.invocation.outcome ??= { error: entry.error };
        state.invocation.abandoning = true;
      }
      return;
    case "abandoned":
      if (state.invocation?.number === entry.invocation) delete state.invocation.abandoning;
      return;
    case "cancel-requested":
      if (state.invocation?.number === entry.invocation) state.invocation.cancelRequested = true;
      return;
    case "random-drawn":
    case "observed":
    case "logged":
      return;
  }
}

/** What an operation ends with when its guest gives it up. */
export const canceledOutcome: Outcome = {
  error: JSON.stringify({ name: "CanceledError", code: "operation/canceled", message: "The operation was canceled." }),
};

function settleOperation(state: AgentState, number: number, outcome: Outcome): void {
  const operation = state.inFlight.get(number);
  if (operation) operation.outcome ??= outcome;
}

/**
 * Takes the finished invocation off the state, if nothing is left of it: every call that it started and nobody
 * awaited has ended. To be called when a step's entries have been applied.
 */
export function takeFinished(state: AgentState): Required<Pick<Invocation, "number" | "key" | "outcome">> | null {
  const { invocation } = state;
  if (!invocation?.outcome || invocation.abandoning || openCalls(state).length > 0) return null;
  state.invocation = null;
  return { number: invocation.number, key: invocation.key, outcome: invocation.outcome };
}

/** The calls in flight that the running invocation has to wait for. */
export function openCalls(state: AgentState): Operation[] {
  return [...state.inFlight.values()].filter(({ start }) => start.kind === "rpc-started");
}

/** Which agent a call goes to, and under which key: the same for every member of a lineage that waits for it. */
export function calleeOf(by: AgentId, start: EntryOf<"rpc-started">): { agent: AgentId; key: InvocationKey } {
  const key = start.key === undefined ? callKey(by, start.operation) : invocationKey(start.key);
  return {
    key,
    agent:
      "function" in start.callee ? functionAgentId(start.callee.function, key) : canonicalAgentId(start.callee.agent),
  };
}

/** What an agent is told of a fork operation in flight: whether it is the copy that the operation made. */
export function forkOutcome(state: AgentState, number: number, operation: Operation): Outcome {
  const value =
    state.forkedBy === number
      ? { kind: "forked", id: state.agent, parent: operation.by }
      : { kind: "original", fork: forkId(operation.by, number) };
  return { value: JSON.stringify(value) };
}

/** A state as JSON text, for a snapshot. */
export function encodeState(state: AgentState): string {
  return JSON.stringify({ ...state, inFlight: [...state.inFlight] });
}

/** Reads what `encodeState` wrote; its integrity is the snapshot's digest. */
export function decodeState(text: string): AgentState {
  const state = JSON.parse(text) as Omit<AgentState, "inFlight"> & { inFlight: [number, Operation][] };
  return { ...state, inFlight: new Map(state.inFlight) };
}
