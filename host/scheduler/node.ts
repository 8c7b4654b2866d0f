import type { Executor, Stepped } from "../agent/executor.ts";
import { HostError, isHostError } from "../base/error.ts";
import { nodeId, type AgentId } from "../base/id.ts";
import type { Clock, Random } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { encodeStep } from "../oplog/codec.ts";
import type { Entry } from "../oplog/entry.ts";
import type { AgentRow, NodeRow, Store } from "../store/store.ts";
import { Agents } from "./agents.ts";
import { Calls } from "./calls.ts";
import { Components } from "./components.ts";
import { failed } from "./failure.ts";
import { stateOf, type Live } from "./live.ts";
import { Promises } from "./promises.ts";
import { Results } from "./results.ts";
import { Steps } from "./steps.ts";
import { Surroundings } from "./surroundings.ts";
import { Turns } from "./turns.ts";
import { Waits } from "./waits.ts";
import { Writer } from "./writer.ts";

/** After how many snapshots the ones that nobody needs any more are thrown away when the node leaves. */
const collectAfter = 64;

/** How often something is tried that other nodes got in the way of. */
const attemptLimit = 5;

/** A guest's message to people. */
export interface LogLine {
  agent: AgentId;
  level: "debug" | "info" | "warn" | "error";
  message: string;
  /** The instant of the step, in milliseconds since the epoch. */
  at: number;
}

export interface HostOptions {
  store: Store;
  executor: Executor;
  clock: Clock;
  random: Random;
  /** Makes a component ready to run. */
  compile: (bytes: Uint8Array) => Promise<CompiledComponent>;
  /** The version that new agents note. */
  version: string;
  log?: (line: LogLine) => void;
  /** Who this node is, for other nodes of the store. */
  process?: { pid: number; machine: string };
  /** Whether a node is known to be gone, whatever its lease says. */
  isGone?: (node: NodeRow) => boolean;
  /** Another node may take over what this one has, when it has not been heard of for so long. */
  leaseMs?: number;
  /** How often other processes' doings are looked for. */
  pollMs?: number;
  /** Sessions open at once. */
  sessions?: number;
}

/**
 * Everything durable that this process does.
 *
 * All events (steps, calls, timers, what other processes wrote) are taken in turn, one after the other.
 */
export class Node implements AsyncDisposable {
  readonly writer: Writer;
  readonly agents: Agents;
  readonly components: Components;
  readonly waits: Waits;
  readonly promises: Promises;
  readonly calls: Calls;
  readonly steps: Steps;
  readonly results = new Results();
  readonly turns = new Turns();
  readonly #options: HostOptions;
  readonly #node;
  readonly #surroundings: Surroundings;
  #logs: LogLine[] = [];
  #failure: unknown = null;
  #closed = false;

  constructor(options: HostOptions) {
    this.#options = options;
    const { store, executor, clock, random, compile, version, sessions = 512 } = options;
    const node = nodeId(Buffer.from(random.bytes(16)).toString("hex"));
    this.#node = node;
    const { leaseMs = 10_000, pollMs = 20, isGone = () => false } = options;
    const wakeBy = (at: number) => this.#surroundings.wakeBy(at);
    const background = (work: () => Promise<void>) => this.#background(work);
    const later = (work: () => Promise<void>) => this.#later(work);
    const writer = new Writer({
      store,
      clock,
      node,
      leaseMs,
      failed: (error) => this.#commitFailed(error),
      atBoundary: (work) => this.turns.take(async () => work()),
    });
    const components = new Components({ store, writer, executor, clock, compile });
    const agents = new Agents({
      store,
      writer,
      executor,
      clock,
      node,
      version,
      sessions,
      later,
      loadComponent: (digest) => components.load(digest),
      broken: (id, error) => this.#ofSession(id, (live) => this.#sessionFailed(live, error)),
      loaded: (live) => this.waits.loaded(live),
      unloaded: (live) => this.waits.unloaded(live),
    });
    const waits = new Waits({ agents, store, writer });
    const promises = new Promises({ writer, waits, clock, wakeBy });
    const calls = new Calls({
      agents,
      components,
      waits,
      writer,
      clock,
      wakeBy,
      finished: (row) => this.results.finished(row),
    });
    const steps = new Steps({
      agents,
      calls,
      promises,
      waits,
      writer,
      clock,
      wakeBy,
      logged: (agent, { level, message }, at) => this.#logs.push({ agent, level, message, at }),
      deleteAgent: (id) => this.deleteAgent(id).then(() => {}),
    });
    this.writer = writer;
    this.components = components;
    this.agents = agents;
    this.waits = waits;
    this.promises = promises;
    this.calls = calls;
    this.steps = steps;
    const parts = { agents, calls, promises, steps, writer };
    const { results } = this;
    this.#surroundings = new Surroundings(
      { store, clock, node, results, leaseMs, pollMs, isGone, background, later },
      parts,
    );
  }

  /** Joins the store, and goes on with what is unfinished there. */
  async start(): Promise<void> {
    const { executor } = this.#options;
    await this.#join();
    await this.components.learn();
    executor.start({
      stepped: (step) => this.#ofSession(step.agent, (live) => this.#stepped(live, step)),
      failed: (agent, error) => this.#ofSession(agent, (live) => this.#sessionFailed(live, error)),
      lost: (agents, culprit) => this.#background(() => this.#threadLost(agents, culprit)),
    });
    try {
      await this.#takeTurn(() => this.#surroundings.start());
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #join(): Promise<void> {
    const { store, clock, leaseMs = 10_000, process = { pid: 0, machine: "" } } = this.#options;
    const startedAt = clock.now();
    return store.join({ id: this.#node, expiresAt: startedAt + leaseMs, ...process, startedAt });
  }

  /** Takes a turn. A refusal leaves the node as it was; a failure of the store ends it. */
  turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    return this.#takeTurn(work).catch((error: unknown) => {
      // Others are refusals: nothing had been done.
      if (!isHostError(error) || /^(?:store|base)\//.test(error.code)) this.#broken(error);
      throw error;
    });
  }

  /** Takes a turn, and waits until what it did is durable. If another node was in the way, it is done again on what that left. */
  async durably<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await this.turn(work);
        await this.writer.durable();
        return result;
      } catch (error) {
        if (!isHostError(error, "store/conflict") || attempt === attemptLimit) throw error;
      }
    }
  }

  /** Takes a turn once everything written so far is durable. */
  #later(work: () => Promise<void>): void {
    this.writer.durable().then(
      () => this.#background(work),
      () => {
        // The commit failed, and whoever sees to that forgets this work, too.
      },
    );
  }

  /** Whatever happens to a turn that nobody waits for, happens to the host. */
  #background(work: () => Promise<void>): void {
    if (this.#closed) return;
    this.#takeTurn(work).catch((error: unknown) => this.#broken(error));
  }

  #takeTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.take(() => {
      this.writer.beginTurn();
      return work();
    });
  }

  /** A turn that ends in the midst may have done half of what it was to do: none of it may reach the disk. */
  #broken(error: unknown): void {
    if (isHostError(error, "store/conflict")) this.writer.fail(error);
    else this.#fail(error);
  }

  /** Errors: HostError `agent/unknown`, `agent/elsewhere`. */
  async mustBeLocal(id: AgentId): Promise<Live> {
    const live = await this.agents.local(id);
    if (live) return live;
    await this.mustExist(id);
    throw new HostError(
      "agent/elsewhere",
      `${id} belongs to another process that is running. End that process, or do this from there.`,
    );
  }

  /** Errors: HostError `agent/unknown`. */
  async mustExist(id: AgentId): Promise<AgentRow> {
    const row = await this.#options.store.agent(id);
    if (!row)
      throw new HostError("agent/unknown", `There is no agent ${id}. \`planaria agents\` lists those that there are.`);
    return row;
  }

  /** Deletes an agent within a turn. Returns whether there was one. Errors: HostError `agent/elsewhere`. */
  async deleteAgent(id: AgentId): Promise<boolean> {
    if (!(await this.writer.findAgent(id))) return false;
    const live = await this.mustBeLocal(id);
    this.waits.removeAll(live);
    const outcome = failed("agent/deleted", `${id} was deleted.`);
    this.writer.deleteAgent(id, live.state.length);
    await this.calls.forgetAll(live, outcome);
    this.agents.forget(live);
    return true;
  }

  /** Takes a turn for what a session reports, if the agent is not deleted until then, nor dropped with what was not committed. */
  #ofSession(agent: AgentId, work: (live: Live | undefined) => Promise<void>): void {
    // A fork may report before its parent's step has made it known here.
    const reported = this.agents.live(agent);
    this.#background(async () => {
      const live = this.agents.live(agent);
      await work(reported === undefined || reported === live ? live : undefined);
    });
  }

  async #stepped(live: Live | undefined, step: Stepped): Promise<void> {
    if (!live) {
      for (const fork of step.forks) if (!this.agents.live(fork)) this.#options.executor.close(fork);
      return;
    }
    await this.steps.take(live, step);
    this.agents.evict();
    if (this.#logs.length > 0) this.#showLogs();
  }

  #showLogs(): void {
    const lines = this.#logs.splice(0);
    const { log } = this.#options;
    if (log)
      void this.writer.durable().then(
        () => lines.forEach(log),
        () => {},
      );
  }

  async #sessionFailed(live: Live | undefined, error: unknown): Promise<void> {
    if (!live) return;
    this.agents.closed(live);
    // Nothing is wrong with the agent: a host that grants it more memory can bring it back.
    if (isHostError(error, "snapshot/memory-cap"))
      throw new HostError(error.code, `${live.row.id} can't go on: ${error.message}`, { cause: error });
    const { code, message } = isHostError(error) ? error : { code: "agent/failed", message: String(error) };
    await this.steps.fail(live, JSON.stringify({ name: "AgentError", code, message }));
  }

  /** The sessions of a thread are gone. The agent that it ran is told that its step was undone; the others are opened again. */
  async #threadLost(agents: AgentId[], culprit: { agent: AgentId; error: string } | null): Promise<void> {
    const lost = agents.map((id) => this.agents.live(id)).filter((live) => live !== undefined);
    for (const live of lost) this.agents.closed(live);
    for (const live of lost) {
      if (live.row.id === culprit?.agent) await this.#blame(live, culprit.error);
      else if (live.pending.length > 0 || stateOf(live) === "running") await this.agents.open(live);
    }
  }

  /** Journals the step that never ended, as one that was undone. */
  async #blame(live: Live, error: string): Promise<void> {
    const entries: Entry[] = [
      { kind: "stepped", at: Math.max(this.#options.clock.now(), live.state.at) },
      ...live.pending,
      { kind: "trapped", error },
    ];
    await this.steps.take(live, {
      agent: live.row.id,
      entries: encodeStep(entries),
      count: entries.length,
      forks: [],
      closed: true,
    });
  }

  /** Another node has changed what this one took for granted: nothing of it has left the node, so it is as if it had not been. */
  #commitFailed(error: unknown): void {
    if (!isHostError(error, "store/conflict")) return this.#fail(error);
    this.#background(async () => {
      this.agents.reset();
      this.writer.reset();
      this.#logs = [];
      await this.#join();
      await this.#surroundings.resume();
    });
  }

  /** The host can't go on. What is on disk stays as it is, and everyone who waits is told. */
  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = error;
    // For those who wait for turns to end.
    void this.turns.take(async () => {});
    this.results.refuse(error);
    void this.#stop();
  }

  async #stop(): Promise<void> {
    this.#closed = true;
    this.#surroundings.stop();
    await this.#options.executor[Symbol.asyncDispose]();
  }

  /** Leaves the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) {
      await this.turns.take(async () => {});
      await this.writer.durable().catch(() => {});
    }
    this.#fail(
      new HostError("host/closed", "The host was closed. What is unfinished goes on when its store is opened again."),
    );
    await this.#stop();
    const { store } = this.#options;
    // Replaced snapshots are worth a look at all others only now and then.
    if (this.writer.snapshots >= collectAfter) await store.collect().catch(() => {});
    await store.leave(this.#node).catch(() => {});
  }
}
