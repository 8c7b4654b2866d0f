import { calleeOf, type Operation } from "../agent/state.ts";
import { parseTarget } from "../agent/target.ts";
import type { AgentId, Digest, InvocationKey } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { EntryOf, Outcome } from "../oplog/entry.ts";
import type { RetryPolicy } from "../oplog/retry.ts";
import { invocationSource, type InvocationRow, type Store, type Target } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import { cycle, timedOut, tooDeep } from "./call-failure.ts";
import type { Components } from "./components.ts";
import { findCycle } from "./cycle.ts";
import { agentDeleted, failedWith } from "./failure.ts";
import type { Invocations } from "./invocations.ts";
import { sentOperations, type Live } from "./live.ts";
import { isPatient, type Waits } from "./waits.ts";
import { findTriggered } from "./triggered.ts";
import { createUnplaced, waitAgain } from "./unplaced.ts";
import type { Writer } from "./writer.ts";

export interface CallsOptions {
  agents: Agents;
  components: Components;
  invocations: Invocations;
  store: Store;
  waits: Waits;
  writer: Writer;
  clock: Clock;
  wakeBy: (at: number) => void;
  /** Takes a turn once everything written so far is durable. */
  later: (work: () => Promise<void>) => void;
  /** Told when an agent that is not at hand was called. */
  queuedElsewhere: (agent: AgentId) => void;
}

/** A call that is to be made, by an agent or from outside. */
export interface Call {
  agent: AgentId;
  /** Where to look first for the type of an agent that does not exist; null: anywhere. */
  component: Digest | null;
  /** Where an agent that does not exist is to live; null: here. */
  target: Target | null;
  key: InvocationKey;
  method: string;
  args: string;
  caller: InvocationRow["caller"];
  attached: boolean;
  dueAt: number | null;
  depth: number;
  retry: RetryPolicy | null;
}

/** Calls as who makes them sees them: made once, given up in time, or not made at all. */
export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Sees to it that an operation's call exists, once, and that its outcome comes: live, and again after a restart. */
  async startByGuest(caller: Live, operation: Operation & { start: EntryOf<"rpc-started"> }): Promise<void> {
    const { agents, waits, writer, clock, wakeBy, later } = this.#options;
    const { by, start } = operation;
    const answer = (outcome: Outcome) =>
      agents.send(caller, { kind: "delivered", operation: start.operation, outcome });
    const callee = calleeOf(by, start);
    const known = await writer.findInvocation(callee.agent, callee.key);
    if (start.mode === "triggered") {
      if (!known) await this.#refuse(caller, callee.agent, start);
      return;
    }
    const deadline = deadlineOf(operation);
    const endedAt = known?.outcome ? known.finishedAt! : clock.now();
    if (deadline !== null && (endedAt >= deadline || waits.isGivenUp(caller, start.operation))) {
      waits.giveUp(caller, start.operation, invocationSource(callee.agent, callee.key));
      await answer(timedOut(callee.agent, start));
      return this.cancel(caller, by, start);
    }
    if (known?.outcome) return answer(known.outcome);
    const isWaiting = caller.waiting.has(start.operation);
    // Made before, by this agent or by the one that it was forked from, it must not be made twice.
    if (!known && (isWaiting || by !== caller.row.id)) return answer(agentDeleted(callee.agent));
    const circle = isWaiting ? null : await findCycle(this.#options, caller, callee.agent);
    if (circle) return answer(cycle(circle));
    const refusal = known ? null : await this.#refuse(caller, callee.agent, start);
    if (refusal) return answer(refusal);
    waits.add(caller, start.operation, { source: invocationSource(callee.agent, callee.key), dueAt: deadline });
    if (deadline !== null) wakeBy(deadline);
    // Another node may be closing the other half of a cycle just now. Whoever calls this very agent first, sees this wait.
    if (!agents.live(callee.agent) && !writer.isWriting(callee.agent)) later(() => this.#lookAgain(caller, operation));
  }

  /** Gives a call of another node's agent up if it turns out to close a cycle. */
  async #lookAgain(caller: Live, { by, start }: Operation & { start: EntryOf<"rpc-started"> }): Promise<void> {
    const { operation } = start;
    if (!this.#options.agents.isCurrent(caller) || !caller.waiting.has(operation)) return;
    if (sentOperations(caller).has(operation)) return;
    const circle = await findCycle(this.#options, caller, calleeOf(by, start).agent);
    if (!circle) return;
    await this.#options.agents.send(caller, { kind: "delivered", operation, outcome: cycle(circle) });
    await this.cancel(caller, by, start);
  }

  /** Queues the call, unless there is nothing to call: then says why. */
  async #refuse(caller: Live, agent: AgentId, start: EntryOf<"rpc-started">): Promise<Outcome | null> {
    const isAttached = start.mode === "attached";
    const running = caller.queue.find(({ state }) => state === "running");
    // A triggered call lies within none: an agent may go on triggering itself for ever.
    const depth = isAttached ? (running?.depth ?? 0) + 1 : 1;
    const { depthLimit } = this.#options.components.knownSettingsOf(caller.row.component);
    if (isAttached && depth > depthLimit) return tooDeep(agent, depthLimit);
    try {
      await this.enqueue({
        ...calleeOf(caller.row.id, start),
        agent,
        component: caller.row.component,
        target: start.target === undefined ? null : parseTarget(start.target),
        method: "function" in start.callee ? start.callee.function : start.callee.method,
        args: start.args,
        caller: { agent: caller.row.id, operation: start.operation },
        attached: isAttached,
        dueAt: start.at ?? null,
        depth,
        retry: start.retry ?? null,
      });
      return null;
    } catch (error) {
      return failedWith(error);
    }
  }

  /**
   * Queues an invocation, and creates its agent if there is none.
   *
   * The same key gives the same invocation. Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`, `rpc/unknown-method`,
   * `rpc/too-many-agents`.
   */
  async enqueue(call: Call): Promise<InvocationRow> {
    const { invocations, writer, clock, queuedElsewhere } = this.#options;
    const known = await writer.findInvocation(call.agent, call.key);
    if (known) return known;
    const live = await this.#callee(call);
    const row: InvocationRow = {
      agent: call.agent,
      key: call.key,
      seq: 0,
      state: "queued",
      method: call.method,
      args: call.args,
      caller: call.caller,
      attached: call.attached,
      dueAt: call.dueAt,
      cancelRequested: false,
      depth: call.depth,
      attempt: 1,
      retry: call.retry,
      lastError: null,
      outcome: null,
      createdAt: clock.now(),
      finishedAt: null,
    };
    await invocations.add(row, live);
    if (!live) queuedElsewhere(call.agent);
    return row;
  }

  /** The agent of a call, created if there is none; null if another node runs it, or is to. */
  async #callee({ agent, component, target, method, caller }: Call): Promise<Live | null> {
    const { agents, components, writer } = this.#options;
    const live = await agents.local(agent);
    const row = live?.row ?? (await writer.findAgent(agent));
    if (row) {
      if (row.component) components.checkMethod(row.component, agent, method);
      else if (row.state !== "created") waitAgain(this.#options, row);
      return live;
    }
    const createdBy = caller?.agent ?? null;
    if (target) {
      if (component) await components.census.check(component);
      // What it runs, and whether that has the method, the node will find that takes it up.
      createUnplaced(this.#options, agent, target, createdBy);
      return null;
    }
    const digest = await components.serving(agent, component);
    components.checkMethod(digest, agent, method);
    await components.census.check(digest);
    return agents.create(agent, digest, createdBy);
  }

  /**
   * An agent has given a call up: a queued one never begins, a running one is told; unless others wait for it, such as
   * forks, or it was somebody else's call, whose key this one bore.
   */
  async cancel(caller: Live, by: AgentId, start: EntryOf<"rpc-started">): Promise<void> {
    const { invocations, waits, writer, clock } = this.#options;
    const { agent, key } = calleeOf(by, start);
    const row = await writer.findInvocation(agent, key);
    if (row?.caller?.agent !== by || row.caller.operation !== start.operation) return;
    const isWanted = await waits.hasOthers(invocationSource(agent, key), caller, isPatient(clock.now()));
    if (!isWanted) await invocations.giveUp(agent, key);
  }

  /** The same for calls that nobody waits for: only the journal knows of them. */
  async cancelTriggered(caller: Live, operations: ReadonlySet<number>): Promise<void> {
    for (const start of await findTriggered(this.#options, caller, operations))
      await this.cancel(caller, caller.row.id, start);
  }

  /** Cancels the calls that an agent has in flight; with `answer`, it is told so at once. */
  async cancelOpen(live: Live, operations: readonly Operation[], answer: Outcome | null): Promise<void> {
    for (const { by, start } of operations) {
      if (start.kind !== "rpc-started") continue;
      if (answer)
        await this.#options.agents.send(live, { kind: "delivered", operation: start.operation, outcome: answer });
      await this.cancel(live, by, start);
    }
  }
}

/** The moment at which a call is given up; it is counted from its start, or from the moment for which it is scheduled. */
function deadlineOf({ at, start }: Operation & { start: EntryOf<"rpc-started"> }): number | null {
  return start.timeoutMs === undefined ? null : Math.max(at, start.at ?? at) + start.timeoutMs;
}
