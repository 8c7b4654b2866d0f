import type { AgentId, NodeId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { NodeRow, Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Components } from "./components.ts";
import type { Deletions } from "./deletion.ts";
import { agentDeleted } from "./failure.ts";
import type { Group } from "./group.ts";
import type { Invocations } from "./invocations.ts";
import { sentOperations, stateOf, type Live } from "./live.ts";
import type { Placing } from "./placing.ts";
import type { Promises } from "./promises.ts";
import type { Results } from "./results.ts";
import type { Retention } from "./retention.ts";
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
  invocations: Invocations;
  components: Components;
  deletions: Deletions;
  placing: Placing;
  promises: Promises;
  retention: Retention;
  steps: Steps;
  writer: Writer;
}

/** Whether processes are gone is looked for less often than what they have written: every so many times. */
const looksPerWatch = 10;

/** What time and other processes bring: timers, leases, work that dead nodes have left, and rows that live ones wrote. */
export class Surroundings {
  readonly #options: SurroundingsOptions;
  readonly #parts: Parts;
  #wake: { at: number; timer: Disposable } | null = null;
  #poll: Disposable | null = null;
  #isLooking = false;
  #beatAt = 0;
  #watchAt = 0;
  #version = 0;
  /** How many commits of this node's own it takes until the store has met all that others had written; null: it has. */
  #unmet: number | null = null;
  /** Agents that were called and were not at hand. */
  readonly #called = new Set<AgentId>();
  /** Agents that were loaded while something was due to them that nobody has brought them yet. */
  readonly #unarmed = new WeakSet<Live>();
  #group: Group | null = null;
  #closed = false;

  constructor(options: SurroundingsOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Takes over what dead nodes have left, and goes on with all that is unfinished. */
  async start(): Promise<void> {
    const { clock, leaseMs } = this.#options;
    this.#beatAt = clock.now() + leaseMs / 3;
    await this.takeOver();
    await this.resume();
    this.#parts.retention.look();
    this.#schedulePoll();
  }

  /** From now on, takes what waits for a group. */
  async serve(group: Group): Promise<void> {
    this.#group = group;
    await group.look();
  }

  /** Forgets what it knew, after a conflict, and goes on with what the store holds. */
  async restart(): Promise<void> {
    const { writer } = this.#parts;
    this.#called.clear();
    this.#unmet = writer.written;
    await this.resume();
    await this.#group?.look();
  }

  /** Takes more of what waits for this node's group, if slots have come free. */
  async refill(): Promise<void> {
    await this.#group?.refill();
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
    const { store, clock, node, pollMs } = this.#options;
    const { agents, steps } = this.#parts;
    const now = clock.now();
    const { operations, promises, invocations } = await store.due(node, now);
    // To look at one is to see that it is over.
    for (const { id } of promises) await this.#parts.promises.find(id);
    let isLeft = false;
    const find = async (id: AgentId) => {
      // Thousands may be due at once, of which a node that is full takes none.
      const live = agents.live(id) ?? (isLeft && agents.isFull ? null : await agents.local(id));
      if (!live) isLeft = true;
      return live;
    };
    for (const { agent, operation } of operations) {
      const live = await find(agent);
      if (live) await steps.arm(live, operation);
    }
    for (const { agent, key } of invocations) {
      const live = await find(agent);
      if (live) await this.#parts.invocations.due(live, key);
    }
    const next = await store.nextDue(now);
    if (next !== undefined) this.wakeBy(next);
    if (isLeft) this.wakeBy(now + looksPerWatch * pollMs);
  }

  #schedulePoll(): void {
    if (this.#closed) return;
    const { clock, pollMs } = this.#options;
    this.#poll = clock.wakeAt(clock.now() + pollMs, () => {
      this.#lookSoon();
      this.#schedulePoll();
    });
  }

  /** Takes a turn to look, unless one is on its way: turns may take longer than the time between looks. */
  #lookSoon(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#options.background(async () => {
      this.#isLooking = false;
      await this.#look();
    });
  }

  /** Looks for what other processes have written, and keeps the lease. */
  async #look(): Promise<void> {
    const { store } = this.#options;
    const { writer } = this.#parts;
    const isBeat = await this.#beat();
    const hasDied = await this.#watch();
    const version = await store.version();
    if (isBeat || hasDied || version !== this.#version) {
      this.#version = version;
      this.#unmet = writer.written;
      await this.resume();
      await this.#readResults();
      await this.#group?.look();
    } else {
      // What others had settled may have met an operation only when that was committed.
      if (this.#unmet !== null && writer.commits >= this.#unmet) {
        this.#unmet = null;
        await this.#bringSettled();
      }
      if (this.#group?.isDue) await this.#group.look();
    }
  }

  /** Keeps the lease, and does what is to be done now and then. Returns whether it was time. */
  async #beat(): Promise<boolean> {
    const { clock, leaseMs } = this.#options;
    if (clock.now() < this.#beatAt) return false;
    this.#beatAt = clock.now() + leaseMs / 3;
    void this.#parts.writer.beat();
    await this.#parts.components.learn();
    await this.#parts.components.census.refresh();
    this.#parts.retention.look();
    return true;
  }

  async #watch(): Promise<boolean> {
    const { clock, pollMs } = this.#options;
    if (clock.now() < this.#watchAt) return false;
    this.#watchAt = clock.now() + looksPerWatch * pollMs;
    return this.takeOver();
  }

  /** What dead nodes have left is anybody's from now on. Returns whether there is such a node. */
  async takeOver(): Promise<boolean> {
    const { store, clock, node, isGone } = this.#options;
    const others = (await store.nodes()).filter(({ id }) => id !== node);
    const dead = others.filter((other) => other.expiresAt <= clock.now() || isGone(other)).map(({ id }) => id);
    if (dead.length > 0) await store.release(node, dead);
    return dead.length > 0;
  }

  /** Goes on with every agent that has something to do. */
  async resume(): Promise<void> {
    const { store, clock, node } = this.#options;
    const { agents, deletions } = this.#parts;
    // First: what is to go need not go on.
    await deletions.look();
    const ready = await store.ready(node, clock.now());
    const strangers = ready.filter((id) => !agents.live(id));
    if (strangers.length > 0) await store.claim(node, strangers);
    for (const id of ready) await this.goOn(id);
    await this.#bringSettled();
    await this.#ring();
  }

  /** An agent has come to hand. If it was running, what it had been sent was in the memory of a host that is gone. */
  loaded(live: Live): void {
    if (live.row.state !== "running") return;
    this.#unarmed.add(live);
    this.#options.background(async () => {
      if (this.#unarmed.has(live) && this.#parts.agents.isCurrent(live)) await this.goOn(live.row.id);
    });
  }

  /** Goes on with an agent that this node owns, or may claim. */
  async goOn(id: AgentId): Promise<void> {
    const { agents, invocations, placing, steps } = this.#parts;
    const known = agents.live(id);
    const live = known ?? (await placing.place(id)) ?? (await agents.local(id));
    if (!live) return;
    if (known) await invocations.readQueue(live);
    if (live.row.error !== null) return steps.fail(live, live.row.error);
    // What one at hand waits for, it is brought; there may be thousands.
    if (this.#unarmed.delete(live) || !known) await steps.armAll(live);
    await invocations.pump(live);
    if (stateOf(live) === "running") await agents.open(live);
  }

  /** Outcomes that other processes have written for operations of agents at hand. */
  async #bringSettled(): Promise<void> {
    const { store, node } = this.#options;
    for (const [agent, rows] of Map.groupBy(await store.settled(node), (row) => row.agent)) {
      const live = this.#parts.agents.live(agent);
      if (!live) continue;
      const sent = sentOperations(live);
      for (const { operation } of rows) if (!sent.has(operation)) await this.#parts.steps.arm(live, operation);
    }
  }

  /** Outcomes that somebody in this process waits for. */
  async #readResults(): Promise<void> {
    const { results } = this.#options;
    for (const { agent, key } of results.awaited()) {
      const row = await this.#parts.writer.findInvocation(agent, key);
      // One that was durable and is there no more was deleted with its agent, by whoever owned that.
      results.finished(row ?? { agent, key, outcome: agentDeleted(agent) });
    }
  }

  /** An agent that is not at hand was called: it may come to hand before the call is durable, or wait for this node. */
  queuedElsewhere(agent: AgentId): void {
    this.#called.add(agent);
    if (this.#called.size > 1) return;
    this.#options.later(async () => {
      const called = [...this.#called];
      this.#called.clear();
      for (const id of called) if (this.#parts.agents.live(id)) await this.goOn(id);
      await this.#group?.look();
    });
  }
}
