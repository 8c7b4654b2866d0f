import { calleeOf, openCalls, type Operation } from "../agent/state.ts";
import type { AgentId, Digest, InvocationKey } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { EntryOf, Outcome } from "../oplog/entry.ts";
import { invocationSource, type InvocationRow } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Components } from "./components.ts";
import { findCycle } from "./cycle.ts";
import { failed, failedWith } from "./failure.ts";
import { hasEnded, type Live } from "./live.ts";
import type { Waits } from "./waits.ts";
import type { Writer } from "./writer.ts";

export interface CallsOptions {
  agents: Agents;
  components: Components;
  waits: Waits;
  writer: Writer;
  clock: Clock;
  wakeBy: (at: number) => void;
  /** Told when an invocation has its outcome. */
  finished: (row: InvocationRow) => void;
}

/** A call that is to be made, by an agent or from outside. */
export interface Call {
  agent: AgentId;
  /** Where to look first for the type of an agent that does not exist; null: anywhere. */
  component: Digest | null;
  key: InvocationKey;
  method: string;
  args: string;
  caller: InvocationRow["caller"];
  attached: boolean;
  dueAt: number | null;
}

/** Invocations from their call to their outcome: queued, begun one at a time per agent, finished or canceled. */
export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Sees to it that an operation's call exists, once, and that its outcome comes: live, and again after a restart. */
  async startByGuest(caller: Live, { by, start }: Operation & { start: EntryOf<"rpc-started"> }): Promise<void> {
    const { agents, waits, writer } = this.#options;
    const { operation } = start;
    const answer = (outcome: Outcome) => agents.send(caller, { kind: "delivered", operation, outcome });
    const callee = calleeOf(by, start);
    const known = await writer.findInvocation(callee.agent, callee.key);
    if (start.mode === "triggered") {
      if (!known) await this.#refuse(caller, callee.agent, start);
      return;
    }
    if (known?.outcome) return answer(known.outcome);
    const isWaiting = caller.waiting.has(operation);
    // Made before, by this agent or by the one that it was forked from, it must not be made twice.
    if (!known && (isWaiting || by !== caller.row.id))
      return answer(failed("agent/deleted", `${callee.agent} was deleted.`));
    const cycle = isWaiting ? null : await findCycle(agents, caller, callee.agent);
    if (cycle) return answer(failed("rpc/cycle", cycleMessage(cycle)));
    const refusal = known ? null : await this.#refuse(caller, callee.agent, start);
    if (refusal) return answer(refusal);
    waits.add(caller, operation, { source: invocationSource(callee.agent, callee.key), dueAt: null });
  }

  /** Queues the call, unless there is nothing to call: then says why. */
  async #refuse(caller: Live, agent: AgentId, start: EntryOf<"rpc-started">): Promise<Outcome | null> {
    try {
      await this.enqueue({
        ...calleeOf(caller.row.id, start),
        agent,
        component: caller.row.component,
        method: "function" in start.callee ? start.callee.function : start.callee.method,
        args: start.args,
        caller: { agent: caller.row.id, operation: start.operation },
        attached: start.mode === "attached",
        dueAt: start.at ?? null,
      });
      return null;
    } catch (error) {
      return failedWith(error);
    }
  }

  /**
   * Queues an invocation, and creates its agent if there is none.
   *
   * The same key gives the same invocation. Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`, `rpc/unknown-method`.
   */
  async enqueue(call: Call): Promise<InvocationRow> {
    const { agents, components, writer, clock, wakeBy } = this.#options;
    const known = await writer.findInvocation(call.agent, call.key);
    if (known) return known;
    let live = await agents.local(call.agent);
    const elsewhere = live ? undefined : await writer.findAgent(call.agent);
    const component =
      live?.row.component ?? elsewhere?.component ?? (await components.serving(call.agent, call.component));
    components.checkMethod(component, call.agent, call.method);
    if (!live && !elsewhere) live = await agents.create(call.agent, component);
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
      outcome: null,
      createdAt: clock.now(),
      finishedAt: null,
    };
    writer.invocation(row);
    if (live?.row.error) await this.#finish(row, { error: live.row.error });
    else if (live) {
      live.queue.push(row);
      if (call.dueAt !== null && call.dueAt > clock.now()) wakeBy(call.dueAt);
      await this.pump(live);
      // It has something to do now, and whoever lists agents is to see it.
      agents.save(live);
    }
    return row;
  }

  /** Begins the next invocation of an agent that has none under way. */
  async pump(live: Live): Promise<void> {
    const { agents, clock } = this.#options;
    if (live.state.invocation || live.row.error !== null || live.pending.some(({ kind }) => kind === "invoked")) return;
    const next = live.queue.find(({ dueAt }) => dueAt === null || dueAt <= clock.now());
    if (!next) return;
    live.queue.splice(live.queue.indexOf(next), 1);
    if (next.cancelRequested) {
      // Its beginning was undone by a restart, and that it was given up was not.
      await this.#finish(next, canceledBefore(live.row.id));
      agents.save(live);
      return this.pump(live);
    }
    // The running one stands first.
    live.queue.unshift(next);
    await agents.send(live, {
      kind: "invoked",
      invocation: live.state.invocations + 1,
      key: next.key,
      method: next.method,
      args: next.args,
    });
  }

  /** A scheduled invocation waits no longer for its moment, but perhaps for others before it. */
  async due(live: Live, key: InvocationKey): Promise<void> {
    const row = live.queue.find((queued) => queued.key === key);
    if (row?.state !== "queued" || row.dueAt === null) return;
    row.dueAt = null;
    this.#options.writer.invocation(row);
    await this.pump(live);
  }

  /** The guest has begun it. */
  begun(live: Live, key: InvocationKey): void {
    const row = live.queue.find((queued) => queued.key === key);
    if (!row) return;
    row.state = "running";
    this.#options.writer.invocation(row);
  }

  /** The running invocation has come to its end; the next may begin. */
  async ended(live: Live, key: InvocationKey, outcome: Outcome): Promise<void> {
    const index = live.queue.findIndex((row) => row.key === key);
    const [row] = index === -1 ? [] : live.queue.splice(index, 1);
    if (row) await this.#finish(row, outcome);
    if (hasEnded(live)) {
      live.pending = [];
      this.#options.waits.removeAll(live);
      this.#options.agents.close(live);
    }
    await this.pump(live);
  }

  async #finish(row: InvocationRow, outcome: Outcome): Promise<void> {
    const { writer, clock } = this.#options;
    row.state = "done";
    row.outcome = outcome;
    row.finishedAt = clock.now();
    writer.invocation(row);
    await this.#publish(row);
  }

  async #publish(row: InvocationRow): Promise<void> {
    await this.#options.waits.settle(invocationSource(row.agent, row.key), row.outcome!);
    this.#options.finished(row);
  }

  /**
   * An agent has given a call up: a queued one never begins, a running one is told; unless others wait for it, such as
   * forks, or it was somebody else's call, whose key this one bore.
   */
  async cancel(caller: Live, by: AgentId, start: EntryOf<"rpc-started">): Promise<void> {
    const { agents, waits, writer } = this.#options;
    const { agent, key } = calleeOf(by, start);
    const live = await agents.local(agent);
    const row = live?.queue.find((queued) => queued.key === key);
    if (!live || !row || row.caller?.agent !== by || row.caller.operation !== start.operation) return;
    if (await waits.hasOthers(invocationSource(agent, key), caller)) return;
    const isSent = live.pending.some((input) => input.kind === "invoked" && input.key === key);
    if (row.state === "queued" && !isSent) {
      live.queue.splice(live.queue.indexOf(row), 1);
      await this.#finish(row, canceledBefore(agent));
      return;
    }
    row.cancelRequested = true;
    writer.invocation(row);
    const invocation = live.state.invocation?.number ?? live.state.invocations + 1;
    await agents.send(live, { kind: "cancel-requested", invocation });
    // It has something to do, after a restart, too.
    agents.save(live);
  }

  /** Tells a guest that its invocation was given up, if a restart came between that and the telling. */
  async tellCanceled(live: Live): Promise<void> {
    const { invocation } = live.state;
    const row = live.queue.find(({ key }) => key === invocation?.key);
    if (!invocation || invocation.outcome || invocation.cancelRequested || !row?.cancelRequested) return;
    await this.#options.agents.send(live, { kind: "cancel-requested", invocation: invocation.number });
  }

  /** The same for a call that nobody waits for: only the journal knows of it. */
  async cancelTriggered(caller: Live, operation: number): Promise<void> {
    const start = await this.#options.agents.findTriggered(caller, operation);
    if (start) await this.cancel(caller, caller.row.id, start);
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

  /** Ends all that is queued or running on an agent that takes no more. */
  async refuseAll(live: Live, outcome: Outcome): Promise<void> {
    for (const row of live.queue.splice(0)) await this.#finish(row, outcome);
    await this.cancelOpen(live, openCalls(live.state), null);
  }

  /** The same for one that is deleted, with its rows: only who waits is told. */
  async forgetAll(live: Live, outcome: Outcome): Promise<void> {
    for (const row of live.queue.splice(0)) await this.#publish({ ...row, state: "done", outcome });
    await this.cancelOpen(live, openCalls(live.state), null);
  }
}

function canceledBefore(agent: AgentId): Outcome {
  return failed("rpc/canceled", `The call of ${agent} was canceled before it began.`, "CanceledError");
}

function cycleMessage(cycle: readonly AgentId[]): string {
  return `${cycle.join(" → ")} → ${cycle[0]}: these agents would wait for each other for ever. Break the cycle with a trigger, which waits for nothing.`;
}
