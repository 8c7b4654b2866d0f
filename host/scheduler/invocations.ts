import type { AgentId, InvocationKey } from "../base/id.ts";
import type { Clock, Random } from "../base/port.ts";
import type { Outcome } from "../oplog/entry.ts";
import { invocationSource, type InvocationRow, type Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import { canceledBefore, canceledWhile } from "./call-failure.ts";
import { hasEnded, type Live } from "./live.ts";
import { drawChance, shouldRetry, waitMs } from "./retry.ts";
import { isPatient, type Waits } from "./waits.ts";
import { leaveUnplaced, waitAgain } from "./unplaced.ts";
import type { Writer } from "./writer.ts";

export interface InvocationsOptions {
  agents: Agents;
  store: Store;
  waits: Waits;
  writer: Writer;
  clock: Clock;
  random: Random;
  wakeBy: (at: number) => void;
  /** Told when an invocation has its outcome. */
  finished: (row: InvocationRow) => void;
}

/** Invocations as their agents have them: queued, begun one at a time, tried again, finished or canceled. */
export class Invocations {
  readonly #options: InvocationsOptions;

  constructor(options: InvocationsOptions) {
    this.#options = options;
  }

  /** Takes a new one; `live` is its agent, if that is at hand. */
  async add(row: InvocationRow, live: Live | null): Promise<void> {
    const { agents, writer, clock, wakeBy } = this.#options;
    writer.invocation(row);
    if (!live) return;
    if (live.row.error) return this.#finish(row, { error: live.row.error });
    live.queue.push(row);
    if (row.dueAt !== null && row.dueAt > clock.now()) wakeBy(row.dueAt);
    await this.pump(live);
    // It has something to do now, and whoever lists agents is to see it.
    agents.save(live);
  }

  /** Begins the next invocation of an agent that has none under way. */
  async pump(live: Live): Promise<void> {
    const { agents, clock } = this.#options;
    if (live.state.invocation || live.row.error !== null || live.pending.some(({ kind }) => kind === "invoked")) return;
    // One that runs stands there still when its last step calls its own agent.
    const next = live.queue.find(({ state, dueAt }) => state === "queued" && (dueAt === null || dueAt <= clock.now()));
    if (!next) return;
    live.queue.splice(live.queue.indexOf(next), 1);
    if (next.cancelRequested) {
      // Its beginning was undone by a restart, and that it was given up was not.
      await this.#finish(next, canceledBefore(next));
      this.#settleDown(live);
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
    // One that waited for its time has something to do now, as others are to see.
    if (live.row.state === "idle") agents.save(live);
  }

  /** A scheduled invocation, or one that is to be tried again, waits no longer for its moment, but perhaps for others. */
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
    row.dueAt = null;
    this.#options.writer.invocation(row);
  }

  /** The running invocation has come to its end, or this attempt of it; the next may begin. */
  async ended(live: Live, key: InvocationKey, outcome: Outcome): Promise<void> {
    const row = live.queue.find((queued) => queued.key === key);
    if (row && "error" in outcome && !row.cancelRequested && shouldRetry(row.retry, row.attempt, outcome.error))
      this.#tryAgain(row, outcome.error);
    else if (row) {
      live.queue.splice(live.queue.indexOf(row), 1);
      await this.#finish(row, row.cancelRequested && "error" in outcome ? canceledWhile(row, outcome.error) : outcome);
    }
    this.#settleDown(live);
    await this.pump(live);
  }

  /** It keeps its place in the queue and its key, and others go on meanwhile. */
  #tryAgain(row: InvocationRow, error: string): void {
    const { clock, random, writer, wakeBy } = this.#options;
    row.dueAt = clock.now() + waitMs(row.retry!, row.attempt, drawChance(random));
    row.state = "queued";
    row.attempt += 1;
    row.lastError = error;
    writer.invocation(row);
    wakeBy(row.dueAt);
  }

  /** An agent whose one call is over has nothing to do any more. */
  #settleDown(live: Live): void {
    if (!hasEnded(live)) return;
    live.pending = [];
    this.#options.waits.removeAll(live);
    this.#options.agents.close(live);
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
    const { waits, clock, finished } = this.#options;
    // A call that took too long has failed with that, whoever comes first.
    await waits.settle(invocationSource(row.agent, row.key), row.outcome!, isPatient(clock.now()));
    finished(row);
  }

  /** Ends an invocation that is queued, and tells the guest of one that runs. Returns whether it had not ended yet. */
  async giveUp(agent: AgentId, key: InvocationKey): Promise<boolean> {
    const { agents, writer } = this.#options;
    const known = await writer.findInvocation(agent, key);
    if (!known || known.state === "done") return false;
    const live = await agents.local(agent);
    if (!live) {
      writer.request({ kind: "cancel", agent, key });
      return true;
    }
    const row = live.queue.find((queued) => queued.key === key) ?? known;
    const isSent = live.pending.some((input) => input.kind === "invoked" && input.key === key);
    if (row.state === "queued" && !isSent) {
      live.queue = live.queue.filter((queued) => queued !== row);
      await this.#finish(row, canceledBefore(row));
      this.#settleDown(live);
    } else {
      row.cancelRequested = true;
      writer.invocation(row);
      if (isSent) await agents.send(live, { kind: "cancel-requested", invocation: live.state.invocations + 1 });
      else await this.tellCanceled(live);
    }
    // It has something to do, after a restart, too; or nothing any more.
    agents.save(live);
    return true;
  }

  /**
   * Ends an invocation of an agent that waits for a node: who gives it up need not wait for that node, too. Returns whether
   * it did. It takes a transaction of its own, so a guest that gives up a thousand calls does without.
   */
  async endUnplaced(id: AgentId, key: InvocationKey): Promise<boolean> {
    const { agents, store, writer } = this.#options;
    const row = await writer.findInvocation(id, key);
    const agent = row && row.state !== "done" ? await agents.holdUnplaced(id) : null;
    if (!row || !agent) return false;
    await this.#finish(row, canceledBefore(row));
    const others = (await store.queue(id)).filter((queued) => queued.key !== key);
    if (others.length === 0) leaveUnplaced(this.#options, agent);
    else waitAgain(this.#options, { ...agent, node: null });
    return true;
  }

  /** Takes up what other processes have queued, and asked to be canceled. */
  async readQueue(live: Live): Promise<void> {
    const { store, writer } = this.#options;
    for (const row of await store.queue(live.row.id)) {
      const known = live.queue.find(({ key }) => key === row.key);
      // One that is finished here may not be so in the store yet.
      const current = known ?? (await writer.findInvocation(row.agent, row.key));
      if (!current || current.state === "done") continue;
      if (!known) live.queue.push(current);
      if (row.cancelRequested && !known?.cancelRequested) await this.giveUp(row.agent, row.key);
    }
  }

  /** Ends invocations that this node finds to be in vain. */
  async refuse(rows: readonly InvocationRow[], outcome: Outcome): Promise<void> {
    for (const row of rows) await this.#finish(row, outcome);
  }

  /** Tells a guest that its invocation was given up, once: also if a restart came between that and the telling. */
  async tellCanceled(live: Live): Promise<void> {
    const { invocation } = live.state;
    const row = live.queue.find(({ key }) => key === invocation?.key);
    if (!invocation || invocation.outcome || invocation.cancelRequested || !row?.cancelRequested) return;
    await this.#options.agents.send(live, { kind: "cancel-requested", invocation: invocation.number });
  }

  /** Invocations are gone with their agent: only who waits is told. */
  async forget(rows: readonly InvocationRow[], outcome: Outcome): Promise<void> {
    for (const row of rows) await this.#publish({ ...row, state: "done", outcome });
  }
}
