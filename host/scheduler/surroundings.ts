import type { NodeId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { NodeRow, Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Calls } from "./calls.ts";
import { stateOf, type Live } from "./live.ts";
import type { Promises } from "./promises.ts";
import type { Results } from "./results.ts";
import type { Steps } from "./steps.ts";
import type { Writer } from "./writer.ts";

export interface SurroundingsOptions {
  store: Store;
  clock: Clock;
  node: NodeId;
  results: Results;
  leaseMs: number;
  pollMs: number;
  isGone: (node: NodeRow) => boolean;
  /** Takes a turn. */
  background: (work: () => Promise<void>) => void;
  /** Takes a turn once everything written so far is durable. */
  later: (work: () => Promise<void>) => void;
}

/** What acts on the surroundings' word. */
interface Parts {
  agents: Agents;
  calls: Calls;
  promises: Promises;
  steps: Steps;
  writer: Writer;
}

/** What time and other processes bring: timers, leases, work that dead nodes have left, and rows that live ones wrote. */
export class Surroundings {
  readonly #options: SurroundingsOptions;
  readonly #parts: Parts;
  #wake: { at: number; timer: Disposable } | null = null;
  #poll: Disposable | null = null;
  #beatAt = 0;
  #version = 0;
  #closed = false;

  constructor(options: SurroundingsOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Takes over what dead nodes have left, and goes on with all that is unfinished. */
  async start(): Promise<void> {
    const { clock, leaseMs } = this.#options;
    this.#beatAt = clock.now() + leaseMs / 3;
    await this.#takeOver();
    await this.resume();
    this.#schedulePoll();
  }

  stop(): void {
    this.#closed = true;
    this.#poll?.[Symbol.dispose]();
    this.#wake?.timer[Symbol.dispose]();
  }

  /** Looks after what time and other processes have brought, soon after `at` at the latest. */
  wakeBy(at: number): void {
    if (this.#closed || (this.#wake && this.#wake.at <= at)) return;
    this.#wake?.timer[Symbol.dispose]();
    const { clock } = this.#options;
    const timer = clock.wakeAt(at, () => {
      this.#wake = null;
      // What is due is read from the store, so it must have all that is known here.
      this.#options.later(() => this.#ring());
    });
    this.#wake = { at, timer };
  }

  /** What is due gets its due. */
  async #ring(): Promise<void> {
    const { store, clock } = this.#options;
    const now = clock.now();
    const { operations, promises, invocations } = await store.due(now);
    for (const row of promises) await this.#parts.promises.expire(row);
    for (const { agent, operation } of operations) {
      const live = await this.#parts.agents.local(agent);
      if (live) await this.#parts.steps.arm(live, operation);
    }
    for (const { agent, key } of invocations) {
      const live = await this.#parts.agents.local(agent);
      if (live) await this.#parts.calls.due(live, key);
    }
    this.#options.later(async () => {
      const next = await store.nextDue();
      // What is due and stays so belongs to another node, or is on its way to its guest.
      if (next !== undefined) this.wakeBy(Math.max(next, now + 10));
    });
  }

  #schedulePoll(): void {
    if (this.#closed) return;
    const { clock, pollMs } = this.#options;
    this.#poll = clock.wakeAt(clock.now() + pollMs, () => {
      this.#options.background(() => this.#look());
      this.#schedulePoll();
    });
  }

  /** Looks for what other processes have written, and keeps the lease. */
  async #look(): Promise<void> {
    const { store, clock, leaseMs, results } = this.#options;
    if (clock.now() >= this.#beatAt) {
      this.#beatAt = clock.now() + leaseMs / 3;
      void this.#parts.writer.beat();
      await this.#takeOver();
      await this.resume();
    }
    const version = await store.version();
    if (version === this.#version) return;
    this.#version = version;
    await this.resume();
    for (const { agent, key } of results.awaited()) {
      const row = await this.#parts.writer.findInvocation(agent, key);
      if (row?.outcome) results.finished(row);
    }
  }

  /** Makes this node the owner of what dead nodes have left. */
  async #takeOver(): Promise<void> {
    const { store, clock, isGone } = this.#options;
    const nodes = await store.nodes();
    const dead = nodes.filter(
      (node) => node.id !== this.#options.node && (node.expiresAt <= clock.now() || isGone(node)),
    );
    if (dead.length > 0)
      await store.claim(
        this.#options.node,
        [],
        dead.map(({ id }) => id),
      );
  }

  /** Goes on with every agent that has something to do. */
  async resume(): Promise<void> {
    const { store, clock } = this.#options;
    for (const id of await store.ready(this.#options.node, clock.now())) {
      const live = await this.#parts.agents.local(id);
      if (!live) continue;
      await this.#readQueue(live);
      if (live.row.error !== null) {
        await this.#parts.steps.fail(live, live.row.error);
        continue;
      }
      await this.#parts.steps.armAll(live);
      await this.#parts.calls.pump(live);
      if (stateOf(live) === "running") await this.#parts.agents.open(live);
    }
    const next = await store.nextDue();
    if (next !== undefined) this.wakeBy(next);
  }

  /** Takes up invocations that other processes have queued. */
  async #readQueue(live: Live): Promise<void> {
    const known = new Set(live.queue.map(({ key }) => key));
    for (const row of await this.#options.store.queue(live.row.id)) {
      // One that is finished here may not be so in the store yet.
      const current = known.has(row.key) ? row : await this.#parts.writer.findInvocation(row.agent, row.key);
      if (current && !known.has(row.key) && current.state !== "done") live.queue.push(current);
    }
  }
}
