import { formatAgentName, parseAgentName } from "../agent/agent-name.ts";
import type { Stepped } from "../agent/executor.ts";
import { copyState, openCalls, type Operation } from "../agent/state.ts";
import { HostError, isHostError } from "../base/error.ts";
import { forkId, invocationKey, promiseId, type AgentId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { Entry, EntryOf, Outcome } from "../oplog/entry.ts";
import { deletionSource, promiseSource, type InvocationRow } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Calls } from "./calls.ts";
import type { Deletions } from "./deletion.ts";
import { done, failed, failedWith } from "./failure.ts";
import type { Fetches } from "./fetches.ts";
import type { Invocations } from "./invocations.ts";
import { applyStep, sentOperations, type Live } from "./live.ts";
import type { Promises } from "./promises.ts";
import type { Waits } from "./waits.ts";
import type { Writer } from "./writer.ts";

export interface StepsOptions {
  agents: Agents;
  calls: Calls;
  invocations: Invocations;
  promises: Promises;
  fetches: Fetches;
  waits: Waits;
  writer: Writer;
  clock: Clock;
  wakeBy: (at: number) => void;
  /** A guest's message, to be shown once it is durable. */
  logged: (agent: AgentId, entry: EntryOf<"logged">, at: number) => void;
  deletions: Deletions;
}

/** What follows from a step: its entries are journaled, and what they ask for is done, in the same transaction. */
export class Steps {
  readonly #options: StepsOptions;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  async take(live: Live, stepped: Stepped): Promise<void> {
    const { agents, calls, invocations, writer } = this.#options;
    const entries = JSON.parse(stepped.entries) as Entry[];
    const callsBefore = stepped.closed ? openCalls(live.state) : [];
    if (entries.some(({ kind }) => kind === "delete-started")) writer.seal();
    writer.step({ agent: live.row.id, first: live.state.length, count: stepped.count, entries: stepped.entries });
    const finished = applyStep(live.state, entries);
    forgetPending(live);
    if (stepped.snapshot) {
      writer.snapshot(stepped.snapshot);
      live.row.snapshot = { id: stepped.snapshot.row.id, length: stepped.snapshot.length };
    }
    const canceled = new Set(
      entries.flatMap((entry) => (entry.kind === "operation-canceled" ? [entry.operation] : [])),
    );
    for (const entry of entries) if (!isGivenUp(entry, canceled)) await this.#follow(live, entry);
    for (const { operation } of entries.filter((entry) => entry.kind === "fork-started"))
      await this.#fork(live, operation, stepped);
    await this.#cancel(live, entries);
    if (stepped.closed) await this.#trapped(live, entries, callsBefore);
    if (live.state.invocation?.outcome && "error" in live.state.invocation.outcome) {
      const outcome = failed("operation/canceled", "The invocation that made this call has failed.", "CanceledError");
      await calls.cancelOpen(live, openCalls(live.state), outcome);
    }
    if (finished) await invocations.ended(live, finished.key, finished.outcome);
    // Last, for what was sent to it or taken off its queue counts; and not at all if it has deleted itself.
    if (agents.isCurrent(live)) agents.save(live);
  }

  /** Gives up the calls that the guest has no more use for. */
  async #cancel(live: Live, entries: readonly Entry[]): Promise<void> {
    const { calls } = this.#options;
    const others = new Set<number>();
    for (const entry of entries) {
      if (entry.kind !== "operation-canceled") continue;
      const operation = live.state.inFlight.get(entry.operation);
      if (operation) await calls.cancelOpen(live, [operation], null);
      else others.add(entry.operation);
    }
    if (others.size > 0) await calls.cancelTriggered(live, others);
  }

  /** What one entry asks for, once. */
  async #follow(live: Live, entry: Entry): Promise<void> {
    const { calls, invocations, promises, waits, logged } = this.#options;
    switch (entry.kind) {
      case "invoked":
        invocations.begun(live, invocationKey(entry.key));
        return;
      case "delivered":
        waits.remove(live, entry.operation);
        return;
      case "operation-canceled":
        waits.remove(live, entry.operation);
        return;
      case "promise-created":
        await promises.create(promiseId(entry.id), live.row.id, live.state.at, entry.timeoutMs);
        return;
      case "promise-settled":
        await promises.settleByGuest(live.row.id, entry);
        return this.arm(live, entry.operation);
      case "delete-started":
        return this.#delete(live, entry);
      case "rpc-started":
        if (entry.mode === "attached") return this.arm(live, entry.operation);
        // Whoever has deleted itself brings nobody to life any more.
        if (!this.#options.agents.isCurrent(live)) return;
        return calls.startByGuest(live, { by: live.row.id, at: live.state.at, start: entry });
      case "promise-awaited":
      case "sleep-started":
      case "fetch-started":
        return this.arm(live, entry.operation);
      case "logged":
        logged(live.row.id, entry, live.state.at);
        return;
      default:
        return;
    }
  }

  /** Deletes an agent in the transaction of the step that asked for it: else it would be done again after a restart, and by forks. */
  async #delete(live: Live, { agent, operation, tree }: EntryOf<"delete-started">): Promise<void> {
    const root = readName(agent);
    if (!(root instanceof HostError)) await this.#options.deletions.delete(root, { tree: tree === true });
    return this.arm(live, operation);
  }

  /** Its owner deletes an agent, or some of its tree, where that is another node. */
  async #awaitDeletion(live: Live, { agent, operation, tree }: EntryOf<"delete-started">): Promise<void> {
    const root = readName(agent);
    if (root instanceof HostError) return this.#deliver(live, operation, failedWith(root));
    if (!(await this.#options.deletions.isPending(root, { tree: tree === true })))
      return this.#deliver(live, operation, done(null));
    this.#options.waits.add(live, operation, { source: deletionSource(root), dueAt: null });
  }

  /**
   * Sees to it that an operation in flight gets its outcome: at once if it is known, or when somebody brings it.
   *
   * It may be asked for any number of times: after a restart, and for each fork that inherits the operation.
   */
  async arm(live: Live, number: number): Promise<void> {
    const { agents, calls, promises, fetches, waits, clock, wakeBy } = this.#options;
    const operation = live.state.inFlight.get(number);
    if (!operation || operation.outcome || !agents.isCurrent(live)) return;
    const { start, by } = operation;
    switch (start.kind) {
      case "rpc-started":
        return calls.startByGuest(live, { ...operation, start });
      case "promise-awaited": {
        const outcome = await promises.outcomeOf(start.id);
        if (outcome) return this.#deliver(live, number, outcome);
        return waits.add(live, number, { source: promiseSource(promiseId(start.id)), dueAt: null });
      }
      case "promise-settled":
        return this.#deliver(live, number, await promises.settledBy(start.id, by, number));
      case "delete-started":
        return this.#awaitDeletion(live, start);
      case "sleep-started": {
        const dueAt = operation.at + start.spanMs;
        if (dueAt <= clock.now()) return this.#deliver(live, number, done(null));
        waits.add(live, number, { source: null, dueAt });
        return wakeBy(dueAt);
      }
      case "fetch-started":
        return fetches.start(live, { ...operation, start });
      case "fork-started":
      case "run-started":
        // These end inside the guest's own thread.
        return;
    }
  }

  async armAll(live: Live): Promise<void> {
    await this.#options.invocations.tellCanceled(live);
    const sent = sentOperations(live);
    for (const number of live.state.inFlight.keys()) if (!sent.has(number)) await this.arm(live, number);
  }

  #deliver(live: Live, operation: number, outcome: Outcome): Promise<void> {
    return this.#options.agents.send(live, { kind: "delivered", operation, outcome });
  }

  async #fork(parent: Live, operation: number, { forks }: Stepped): Promise<void> {
    const id = forkId(parent.row.id, operation);
    // One that has deleted itself in this step has nothing to hand on.
    if (!this.#options.agents.isCurrent(parent)) return this.#options.agents.discard(id);
    const session = forks.includes(id) ? "open" : "closed";
    const fork = this.#options.agents.createFork(parent, {
      id,
      operation,
      session,
      state: copyState(parent.state),
      snapshot: parent.row.snapshot,
    });
    await this.inherit(fork, parent);
  }

  /** Gives a new fork what its parent has under way: the running invocation, and the outcomes of operations in flight. */
  async inherit(fork: Live, parent: Live): Promise<void> {
    const { agents, writer, clock } = this.#options;
    const key = fork.state.invocation?.key;
    const born =
      key === undefined
        ? undefined
        : (parent.queue.find((row) => row.key === key) ?? (await writer.findInvocation(parent.row.id, key)));
    if (born) {
      const agent = fork.row.id;
      const row: InvocationRow = {
        ...born,
        agent,
        seq: 0,
        state: "running",
        caller: null,
        attached: false,
        // A retry was asked for of the parent: begun anew, a fork would only do what that does.
        dueAt: null,
        cancelRequested: false,
        attempt: 1,
        retry: null,
        lastError: null,
        outcome: null,
        createdAt: clock.now(),
        finishedAt: null,
      };
      fork.queue.push(row);
      writer.invocation(row);
    }
    for (const [number, { start }] of fork.state.inFlight) {
      // What the parent has been sent and not taken yet, nobody will send again.
      const sent = parent.pending.find((input) => input.kind === "delivered" && input.operation === number);
      if (sent) await agents.send(fork, sent);
      else if (start.kind !== "fork-started") await this.arm(fork, number);
    }
    agents.save(fork);
  }

  /** The step was undone: the guest is opened anew, and told to forget the invocation. */
  async #trapped(live: Live, entries: readonly Entry[], callsBefore: readonly Operation[]): Promise<void> {
    const { agents, calls, waits } = this.#options;
    agents.closed(live);
    waits.removeAll(live);
    await calls.cancelOpen(live, callsBefore, null);
    const trap = entries.at(-1);
    if (entries.some(({ kind }) => kind === "abandoned") && trap?.kind === "trapped")
      return this.fail(live, trap.error);
    await agents.open(live);
  }

  /** The agent takes no more invocations; those that it has fail with `error`, JSON text of a failure. */
  async fail(live: Live, error: string): Promise<void> {
    const { agents, calls, invocations, waits } = this.#options;
    live.row.error = error;
    live.pending = [];
    waits.removeAll(live);
    agents.close(live);
    await invocations.refuse(live.queue.splice(0), { error });
    await calls.cancelOpen(live, openCalls(live.state), null);
    agents.save(live);
  }
}

/** The agent that a guest names, or why it names none. */
function readName(text: string): AgentId | HostError {
  try {
    return formatAgentName(parseAgentName(text));
  } catch (error) {
    if (isHostError(error, "agent/name")) return error;
    throw error;
  }
}

/** Whether the guest started something that it gave up in the same step, so that it never came about. */
function isGivenUp(entry: Entry, canceled: ReadonlySet<number>): boolean {
  return entry.kind === "rpc-started" && canceled.has(entry.operation);
}

/** Inputs that the guest has taken, or that no longer concern it, are pending no more. */
function forgetPending(live: Live): void {
  const { invocation, invocations } = live.state;
  live.pending = live.pending.filter((input) => {
    if (input.kind === "delivered") return live.state.inFlight.has(input.operation);
    if (input.invocation > invocations) return true;
    return (
      input.kind === "cancel-requested" &&
      invocation?.number === input.invocation &&
      !invocation.outcome &&
      !invocation.cancelRequested
    );
  });
}
