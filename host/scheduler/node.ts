import type { Executor, Stepped } from "../agent/executor.ts";
import { placed } from "../agent/placed.ts";
import { HostError, isHostError } from "../base/error.ts";
import { nodeId, type AgentId } from "../base/id.ts";
import type { Clock, Http, Random } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { environmentOf } from "../component/settings.ts";
import { encodeStep } from "../oplog/codec.ts";
import type { Entry } from "../oplog/entry.ts";
import { checkLease } from "../store/conflict.ts";
import type { AgentRow, InvocationRow, NodeRow, Store } from "../store/store.ts";
import { Agents } from "./agents.ts";
import { Calls } from "./calls.ts";
import { Components } from "./components.ts";
import { Deletions } from "./deletion.ts";
import { Fetches } from "./fetches.ts";
import { checkMembership, Group, type Membership } from "./group.ts";
import { Invocations } from "./invocations.ts";
import { stateOf, type Live } from "./live.ts";
import { Placing } from "./placing.ts";
import { Promises } from "./promises.ts";
import { Results } from "./results.ts";
import { Retention } from "./retention.ts";
import { Steps } from "./steps.ts";
import { Surroundings } from "./surroundings.ts";
import { Turns } from "./turns.ts";
import { Waits } from "./waits.ts";
import { Writer } from "./writer.ts";

const dayMs = 86_400_000;

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
  http: Http;
  /** Makes a component ready to run; `adapters` are the modules that stand for its imports, as text, by interface. */
  compile: (bytes: Uint8Array, adapters: Record<string, string>) => Promise<CompiledComponent>;
  /** The version that new agents note. */
  version: string;
  log?: (line: LogLine) => void;
  /** Who this node is, for other nodes of the store. */
  process?: { pid: number; machine: string };
  /** The group whose calls this node takes, once it serves; null: none. */
  group?: Membership | null;
  /** Whether a node is known to be gone, whatever its lease says. */
  isGone?: (node: NodeRow) => boolean;
  /** Another node may take over what this one has, when it has not been heard of for so long. */
  leaseMs?: number;
  /** How long ended agents and settled promises of agents that are gone are kept: a day by default; null: for ever. */
  retentionMs?: number | null;
  /** How often other processes' doings are looked for. */
  pollMs?: number;
  /** Sessions open at once. */
  sessions?: number;
  /** Requests of `fetch` under way at once. */
  requests?: number;
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
  readonly invocations: Invocations;
  readonly deletions: Deletions;
  readonly retention: Retention;
  readonly steps: Steps;
  readonly fetches: Fetches;
  readonly results: Results;
  readonly turns = new Turns();
  readonly #options: HostOptions;
  readonly #node;
  readonly #row: Omit<NodeRow, "expiresAt" | "slots" | "full">;
  readonly #surroundings: Surroundings;
  #logs: LogLine[] = [];
  readonly #ended = Promise.withResolvers<never>();
  #failure: unknown = null;
  #closed = false;

  constructor(options: HostOptions) {
    this.#options = options;
    const { store, executor, clock, random, http, compile, version, sessions = 512, requests = 64 } = options;
    const node = nodeId(Buffer.from(random.bytes(16)).toString("hex"));
    this.#node = node;
    const { leaseMs = 10_000, pollMs = 20, isGone = () => false, group = null } = options;
    if (group) checkMembership(group);
    const seat = { group: group?.name ?? null, name: group?.node ?? node.slice(0, 8) };
    this.#row = { id: node, ...(options.process ?? { pid: 0, machine: "" }), startedAt: clock.now(), ...seat };
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
      seat,
      version,
      sessions,
      later,
      census: components.census,
      loadComponent: (digest) => components.load(digest),
      environmentOf: (digest) => environmentOf(components.knownSettingsOf(digest)),
      broken: (id, error) => this.#ofSession(id, (live) => this.#sessionFailed(live, error)),
      loaded: (live) => {
        this.waits.loaded(live);
        this.fetches.loaded(live);
        this.#surroundings.loaded(live);
      },
      unloaded: (live) => this.waits.unloaded(live),
    });
    const left = (source: string, live: Live) => this.fetches.left(source, live);
    const waits = new Waits({ agents, store, writer, left });
    const fetches = new Fetches({
      agents,
      components,
      waits,
      store,
      http,
      clock,
      random,
      limit: requests,
      wakeBy,
      background,
      later,
    });
    const promises = new Promises({ writer, waits, clock, wakeBy });
    const results = new Results(() => writer.durable());
    const finished = (row: InvocationRow) => results.finished(row);
    const invocations = new Invocations({ agents, store, waits, writer, clock, random, wakeBy, finished });
    const queuedElsewhere = (agent: AgentId) => this.#surroundings.queuedElsewhere(agent);
    const calls = new Calls({
      agents,
      components,
      invocations,
      store,
      waits,
      writer,
      clock,
      wakeBy,
      later,
      queuedElsewhere,
    });
    const deletions = new Deletions({
      agents,
      calls,
      invocations,
      waits,
      writer,
      store,
      node,
      later,
      census: components.census,
    });
    const { retentionMs = dayMs } = options;
    const retention = new Retention({ store, writer, deletions, clock, random, node, retentionMs, later });
    const steps = new Steps({
      agents,
      calls,
      invocations,
      promises,
      fetches,
      waits,
      writer,
      clock,
      wakeBy,
      logged: (agent, { level, message }, at) => this.#logs.push({ agent, level, message, at }),
      deletions,
    });
    this.writer = writer;
    this.components = components;
    this.agents = agents;
    this.waits = waits;
    this.fetches = fetches;
    this.promises = promises;
    this.calls = calls;
    this.invocations = invocations;
    this.deletions = deletions;
    this.retention = retention;
    this.steps = steps;
    // Not everybody asks.
    this.#ended.promise.catch(() => {});
    const placing = new Placing({ store, clock, node, seat, writer, agents, invocations, components });
    const parts = { agents, invocations, components, deletions, placing, promises, retention, steps, writer };
    this.results = results;
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

  /** From now on, takes the calls of its group. */
  async serve(): Promise<void> {
    const { store, clock, group } = this.#options;
    if (!group) return;
    const goOn = (id: AgentId) => this.#surroundings.goOn(id);
    const { name, slots } = group;
    const serving = new Group({ store, clock, node: this.#node, group: name, agents: this.agents, goOn });
    await this.durably(async () => {
      this.agents.slots = slots;
      // To join again would hide that the lease was lost meanwhile, and with it what is at hand.
      checkLease(this.#node, await store.offer(this.#node, { slots, full: false }));
      await this.#surroundings.serve(serving);
    });
  }

  #join(): Promise<void> {
    const { store, clock, leaseMs = 10_000 } = this.#options;
    return store.join({ ...this.#row, expiresAt: clock.now() + leaseMs, slots: this.agents.slots, full: false });
  }

  /** Rejects when the node can't go on, with the reason. */
  get ended(): Promise<never> {
    return this.#ended.promise;
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

  /**
   * Takes a turn, and waits until what it did is durable. If another node was in the way, it is done again on what that left.
   *
   * Whether it is durable is asked within the turn: behind it, a conflict may have come and be forgotten, and its work with it.
   */
  async durably<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { result, durable } = await this.turn(async () => {
          const done = { result: await work(), durable: this.writer.durable() };
          done.durable.catch(() => {});
          return done;
        });
        await durable;
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

  /** Errors: HostError `agent/unknown`, `agent/waiting`, `agent/elsewhere`. */
  async mustBeAtHand(id: AgentId): Promise<Live> {
    placed(await this.mustExist(id));
    // Its node may have died just now.
    if (!this.agents.live(id)) await this.#surroundings.takeOver();
    const live = (await this.agents.local(id)) ?? (await this.agents.borrowed(id));
    if (live) return live;
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
    await this.#surroundings.refill();
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
    const { executor } = this.#options;
    // Until now some have been opened anew: what such a session has reported meanwhile has yet to be taken.
    const lost = agents.flatMap((id) => (executor.has(id) ? [] : (this.agents.live(id) ?? [])));
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
      if (this.#closed) return;
      const fetches = this.fetches.stop();
      this.agents.reset();
      this.waits.reset();
      this.writer.reset();
      this.retention.reset();
      this.results.reset();
      this.#logs = [];
      await this.#join();
      await this.#surroundings.restart();
      await this.fetches.resume(fetches);
    });
  }

  /** The host can't go on. What is on disk stays as it is, and everyone who waits is told. */
  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#ended.reject(error);
    // For those who wait for turns to end.
    void this.turns.take(async () => {});
    this.results.refuse(error);
    this.deletions.refuse(error);
    void this.#stop();
  }

  async #stop(): Promise<void> {
    this.#closed = true;
    this.#surroundings.stop();
    this.fetches.stop();
    await this.#options.executor[Symbol.asyncDispose]();
  }

  /** Begins no step any more. Resolves when those under way are durable. */
  async drain(): Promise<void> {
    await this.#options.executor.drain();
    await this.turns.take(async () => {});
    await this.writer.durable();
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
    // A turn that is under way may be joining again after a conflict.
    await this.turns.take(async () => {});
    await this.retention.leave();
    await store.leave(this.#node).catch(() => {});
  }
}
