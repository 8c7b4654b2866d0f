import { formatAgentName, parseAgentName } from "../agent/agent-name.ts";
import type { Executor, Stepped } from "../agent/executor.ts";
import { HostError, isHostError } from "../base/error.ts";
import {
  functionAgentId,
  invocationKey,
  nodeId,
  promiseId,
  shortDigest,
  uuidV5,
  type AgentId,
  type Digest,
  type InvocationKey,
  type PromiseId,
} from "../base/id.ts";
import type { Clock, Random } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import type { Description } from "../component/description.ts";
import { encodeStep } from "../oplog/codec.ts";
import type { Entry, Outcome } from "../oplog/entry.ts";
import { invocationRowKey, splitRowKey } from "../store/changes.ts";
import type { AgentRow, InvocationRow, NodeRow, OperationRow, PromiseRow, StepRow, Store } from "../store/store.ts";
import { Agents } from "./agents.ts";
import { Calls } from "./calls.ts";
import { Components } from "./components.ts";
import { failed } from "./failure.ts";
import { foldState, readSteps, stateOf, type Live } from "./live.ts";
import { Promises } from "./promises.ts";
import { Steps } from "./steps.ts";
import { Turns } from "./turns.ts";
import { Waits } from "./waits.ts";
import { Writer } from "./writer.ts";

/** After how many snapshots the ones that nobody needs any more are thrown away when the host is closed. */
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

export interface CallRequest {
  /** The agent's method that is called, or the function. */
  callee: { agent: string; method: string } | { function: string };
  /** JSON array text. */
  args: string;
  /** The same key gives the same invocation; without one, every call is a new one. */
  key?: string;
  /** Where to look first for the type of an agent that does not exist. */
  component?: Digest;
}

/** What names an invocation: its outcome can be asked for by it at any time. */
export interface InvocationRef {
  agent: AgentId;
  key: InvocationKey;
}

/** What is known of an agent at one moment. */
export interface Inspection {
  agent: AgentRow;
  queue: InvocationRow[];
  operations: OperationRow[];
  forks: AgentRow[];
}

/**
 * One node: everything durable that this process does.
 *
 * All events (steps, calls, timers, what other processes wrote) are taken in turn, one after the other.
 */
export class Host implements AsyncDisposable {
  readonly #options: HostOptions;
  readonly #node;
  readonly #turns = new Turns();
  readonly #writer: Writer;
  readonly #agents: Agents;
  readonly #components: Components;
  readonly #waits: Waits;
  readonly #promises: Promises;
  readonly #calls: Calls;
  readonly #steps: Steps;
  /** Who waits here for an invocation's outcome, by agent and key. */
  readonly #results = new Map<string, Set<PromiseWithResolvers<Outcome>>>();
  #wake: { at: number; timer: Disposable } | null = null;
  #poll: Disposable | null = null;
  #beatAt = 0;
  #version = 0;
  #logs: LogLine[] = [];
  #failure: unknown = null;
  #closed = false;

  private constructor(options: HostOptions) {
    this.#options = options;
    const { store, executor, clock, random, compile, version, leaseMs = 10_000, sessions = 512 } = options;
    const node = nodeId(Buffer.from(random.bytes(16)).toString("hex"));
    this.#node = node;
    const wakeBy = (at: number) => this.#wakeBy(at);
    const later = (work: () => Promise<void>) => this.#later(work);
    const writer = new Writer({
      store,
      clock,
      node,
      leaseMs,
      failed: (error) => this.#commitFailed(error),
      atBoundary: (work) => this.#turns.take(async () => work()),
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
      loaded: (live) => this.#waits.loaded(live),
      unloaded: (live) => this.#waits.unloaded(live),
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
      finished: (row) => this.#finished(row),
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
      deleteAgent: (id) => this.#deleteNow(id).then(() => {}),
    });
    this.#writer = writer;
    this.#components = components;
    this.#agents = agents;
    this.#waits = waits;
    this.#promises = promises;
    this.#calls = calls;
    this.#steps = steps;
  }

  /** Joins the store as a node, and goes on with what is unfinished there. */
  static async open(options: HostOptions): Promise<Host> {
    const host = new Host(options);
    await host.#start();
    return host;
  }

  async #start(): Promise<void> {
    const { store, executor, clock, leaseMs = 10_000, process = { pid: 0, machine: "" } } = this.#options;
    const now = clock.now();
    await store.join({
      id: this.#node,
      expiresAt: now + leaseMs,
      pid: process.pid,
      machine: process.machine,
      startedAt: now,
    });
    this.#beatAt = now + leaseMs / 3;
    await this.#components.learn();
    executor.start({
      stepped: (step) => this.#ofSession(step.agent, (live) => this.#stepped(live, step)),
      failed: (agent, error) => this.#ofSession(agent, (live) => this.#sessionFailed(live, error)),
      lost: (agents, culprit) => this.#background(() => this.#threadLost(agents, culprit)),
    });
    try {
      await this.#takeTurn(async () => {
        await this.#takeOver();
        await this.#resume();
      });
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    this.#schedulePoll();
  }

  /** Adds a component: its agents can be called from then on. Resolves when it is durable. */
  async addComponent(bytes: Uint8Array, name: string): Promise<{ digest: Digest; description: Description }> {
    // Not in a turn: compiling takes its time.
    await this.#components.prepare(bytes);
    return this.#durably(() => this.#components.add(bytes, name));
  }

  /**
   * Calls a method or a function. Resolves when the call is durable; `result` waits for its outcome.
   *
   * Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`, `rpc/unknown-method`, `agent/name`.
   */
  async call(request: CallRequest): Promise<InvocationRef> {
    const key = invocationKey(request.key ?? Buffer.from(this.#options.random.bytes(16)).toString("hex"));
    return this.#durably(async () => {
      const { callee } = request;
      const agent =
        "function" in callee ? functionAgentId(callee.function, key) : formatAgentName(parseAgentName(callee.agent));
      const method = "function" in callee ? callee.function : callee.method;
      const component = request.component ?? null;
      await this.#calls.enqueue({
        agent,
        component,
        key,
        method,
        args: request.args,
        caller: null,
        attached: false,
        dueAt: null,
      });
      return { agent, key };
    });
  }

  /**
   * The outcome of an invocation, once it is durable.
   *
   * Errors: HostError `invocation/unknown`; `host/closed` if the host is closed before.
   */
  async result({ agent, key }: InvocationRef): Promise<Outcome> {
    for (;;) {
      const waiter = Promise.withResolvers<Outcome>();
      // The host may fail before anybody waits for it.
      waiter.promise.catch(() => {});
      const known = await this.#durably(async () => {
        const row = await this.#writer.findInvocation(agent, key);
        if (!row)
          throw new HostError("invocation/unknown", `${agent} has no invocation with the key ${JSON.stringify(key)}.`);
        if (row.outcome) return row.outcome;
        const name = invocationRowKey(agent, key);
        this.#results.set(name, (this.#results.get(name) ?? new Set()).add(waiter));
        return null;
      });
      if (known) return known;
      const outcome = await waiter.promise;
      try {
        await this.#writer.durable();
        return outcome;
      } catch (error) {
        // It was undone before it was durable, and will come again.
        if (!isHostError(error, "store/conflict")) throw error;
      }
    }
  }

  /** How many agents can go on without the time passing or somebody outside acting. */
  get busyCount(): number {
    return [...this.#agents.all()].filter((live) => stateOf(live) === "running" || live.row.state === "created").length;
  }

  /** Resolves when nothing can go on without the time passing or somebody outside acting, and all is durable. */
  async settled(): Promise<void> {
    for (;;) {
      const busyCount = await this.#turn(async () => this.busyCount);
      if (busyCount === 0 && this.#turns.isIdle) break;
      await this.#turns.ended();
    }
    await this.#writer.durable();
  }

  promise(id: string): Promise<PromiseRow | undefined> {
    return this.#turn(() => this.#promises.find(promiseId(id)));
  }

  /**
   * Settles a promise from outside. Resolves when that is durable, to whether it was this that settled it.
   *
   * Shape:  `payload` is JSON text: the value, or the failure of a rejected one.
   * Errors: HostError `promise/unknown`.
   */
  async settlePromise(
    id: PromiseId,
    state: "resolved" | "rejected" | "canceled",
    payload: string | null,
  ): Promise<boolean> {
    const settled = await this.#durably(() => this.#promises.settle(id, { state, payload, settledBy: null }));
    if (settled === undefined) throw new HostError("promise/unknown", `There is no promise ${JSON.stringify(id)}.`);
    return settled;
  }

  /** Errors: HostError `agent/unknown`. */
  async inspect(id: AgentId): Promise<Inspection> {
    await this.#writer.durable();
    const { store } = this.#options;
    const agent = await this.#mustExist(id);
    return {
      agent,
      queue: await store.queue(id),
      operations: await store.operations(id),
      forks: await store.forks(id),
    };
  }

  /** The bytes of a component that the store holds. Errors: HostError `component/unknown`. */
  async component(digest: Digest): Promise<Uint8Array> {
    await this.#writer.durable();
    const row = await this.#options.store.component(digest);
    if (!row) throw new HostError("component/unknown", `There is no component ${shortDigest(digest)} in the store.`);
    return row.bytes;
  }

  /** All entries of an agent from index `from` on, the inherited ones included, step by step. */
  async oplog(id: AgentId, from = 0): Promise<StepRow[]> {
    await this.#writer.durable();
    return readSteps(this.#options.store, await this.#mustExist(id), from);
  }

  async #mustBeLocal(id: AgentId): Promise<Live> {
    const live = await this.#agents.local(id);
    if (live) return live;
    await this.#mustExist(id);
    throw new HostError(
      "agent/elsewhere",
      `${id} belongs to another process that is running. End that process, or do this from there.`,
    );
  }

  async #mustExist(id: AgentId): Promise<AgentRow> {
    const row = await this.#options.store.agent(id);
    if (!row)
      throw new HostError("agent/unknown", `There is no agent ${id}. \`planaria agents\` lists those that there are.`);
    return row;
  }

  /**
   * Makes a copy of an agent as it was behind the step that holds the entry `at`; by default, as it is now.
   *
   * The copy goes on from there by itself: what was in flight has ended meanwhile or will end, and it finishes the
   * invocation that was running under the same key. Resolves, once that is durable, to the copy's id.
   * Errors: HostError `agent/unknown`, `agent/elsewhere`, `agent/no-entry`.
   */
  async forkAgent(id: AgentId, at?: number): Promise<AgentId> {
    await this.#writer.durable();
    return this.#durably(async () => {
      const parent = await this.#mustBeLocal(id);
      const { store, random } = this.#options;
      const steps = await readSteps(store, parent.row, 0);
      const length = at === undefined ? (steps.at(-1)?.first ?? 0) + (steps.at(-1)?.count ?? 0) : at + 1;
      const upTo = steps.findIndex(({ first, count }) => first < length && length <= first + count);
      if (upTo === -1)
        throw new HostError(
          "agent/no-entry",
          `${id} has no entry ${at}; its entries are 0 to ${parent.row.length - 1}.`,
        );
      const state = foldState({
        agent: id,
        component: parent.row.component,
        snapshot: null,
        steps: steps.slice(0, upTo + 1),
      });
      const name = parseAgentName(id);
      const phantom = uuidV5(Buffer.from(random.bytes(16)).toString("hex"));
      const { snapshot } = parent.row;
      const live = this.#agents.createFork(parent, {
        id: formatAgentName({ ...name, phantom }),
        operation: 0,
        session: "closed",
        state,
        snapshot: snapshot && snapshot.length <= state.length ? snapshot : null,
      });
      await this.#steps.inherit(live, parent);
      if (stateOf(live) === "running") await this.#agents.open(live);
      return live.row.id;
    });
  }

  /**
   * Deletes an agent with its journal and memory. Resolves, once that is durable, to whether there was one.
   *
   * Errors: HostError `agent/elsewhere` if another node that is alive owns it.
   */
  deleteAgent(id: AgentId): Promise<boolean> {
    return this.#durably(() => {
      this.#writer.seal();
      return this.#deleteNow(id);
    });
  }

  async #deleteNow(id: AgentId): Promise<boolean> {
    if (!(await this.#writer.findAgent(id))) return false;
    const live = await this.#mustBeLocal(id);
    this.#waits.removeAll(live);
    const outcome = failed("agent/deleted", `${id} was deleted.`);
    this.#writer.deleteAgent(id, live.state.length);
    await this.#calls.forgetAll(live, outcome);
    this.#agents.forget(live);
    return true;
  }

  /** Whatever happens to a turn that nobody waits for, happens to the host. */
  #background(work: () => Promise<void>): void {
    if (this.#closed) return;
    this.#takeTurn(work).catch((error: unknown) => this.#broken(error));
  }

  /** A turn that ends in the midst may have done half of what it was to do: none of it may reach the disk. */
  #broken(error: unknown): void {
    if (isHostError(error, "store/conflict")) this.#writer.fail(error);
    else this.#fail(error);
  }

  #takeTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(() => {
      this.#writer.beginTurn();
      return work();
    });
  }

  /** Takes a turn once everything written so far is durable. */
  #later(work: () => Promise<void>): void {
    this.#writer.durable().then(
      () => this.#background(work),
      () => {
        // The commit failed, and whoever sees to that forgets this work, too.
      },
    );
  }

  #turn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    return this.#takeTurn(work).catch((error: unknown) => {
      // Others are refusals: nothing had been done.
      if (!isHostError(error) || /^(?:store|base)\//.test(error.code)) this.#broken(error);
      throw error;
    });
  }

  /** Takes a turn, and waits until what it did is durable. If another node was in the way, it is done again on what that left. */
  async #durably<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await this.#turn(work);
        await this.#writer.durable();
        return result;
      } catch (error) {
        if (!isHostError(error, "store/conflict") || attempt === attemptLimit) throw error;
      }
    }
  }

  /** Takes a turn for what a session reports, if the agent is not deleted until then, nor dropped with what was not committed. */
  #ofSession(agent: AgentId, work: (live: Live | undefined) => Promise<void>): void {
    // A fork may report before its parent's step has made it known here.
    const reported = this.#agents.live(agent);
    this.#background(async () => {
      const live = this.#agents.live(agent);
      await work(reported === undefined || reported === live ? live : undefined);
    });
  }

  async #stepped(live: Live | undefined, step: Stepped): Promise<void> {
    if (!live) {
      for (const fork of step.forks) if (!this.#agents.live(fork)) this.#options.executor.close(fork);
      return;
    }
    await this.#steps.take(live, step);
    this.#agents.evict();
    if (this.#logs.length > 0) this.#showLogs();
  }

  #showLogs(): void {
    const lines = this.#logs.splice(0);
    const { log } = this.#options;
    if (log)
      void this.#writer.durable().then(
        () => lines.forEach(log),
        () => {},
      );
  }

  async #sessionFailed(live: Live | undefined, error: unknown): Promise<void> {
    if (!live) return;
    this.#agents.closed(live);
    // Nothing is wrong with the agent: a host that grants it more memory can bring it back.
    if (isHostError(error, "snapshot/memory-cap"))
      throw new HostError(error.code, `${live.row.id} can't go on: ${error.message}`, { cause: error });
    const { code, message } = isHostError(error) ? error : { code: "agent/failed", message: String(error) };
    await this.#steps.fail(live, JSON.stringify({ name: "AgentError", code, message }));
  }

  /** The sessions of a thread are gone. The agent that it ran is told that its step was undone; the others are opened again. */
  async #threadLost(agents: AgentId[], culprit: { agent: AgentId; error: string } | null): Promise<void> {
    const lost = agents.map((id) => this.#agents.live(id)).filter((live) => live !== undefined);
    for (const live of lost) this.#agents.closed(live);
    for (const live of lost) {
      if (live.row.id === culprit?.agent) await this.#blame(live, culprit.error);
      else if (live.pending.length > 0 || stateOf(live) === "running") await this.#agents.open(live);
    }
  }

  /** Journals the step that never ended, as one that was undone. */
  async #blame(live: Live, error: string): Promise<void> {
    const entries: Entry[] = [
      { kind: "stepped", at: Math.max(this.#options.clock.now(), live.state.at) },
      ...live.pending,
      { kind: "trapped", error },
    ];
    await this.#steps.take(live, {
      agent: live.row.id,
      entries: encodeStep(entries),
      count: entries.length,
      forks: [],
      closed: true,
    });
  }

  #finished(row: InvocationRow): void {
    const name = invocationRowKey(row.agent, row.key);
    const waiters = this.#results.get(name);
    if (!waiters) return;
    this.#results.delete(name);
    for (const waiter of waiters) waiter.resolve(row.outcome!);
  }

  /** Looks after what time and other processes have brought, soon after `at` at the latest. */
  #wakeBy(at: number): void {
    if (this.#closed || (this.#wake && this.#wake.at <= at)) return;
    this.#wake?.timer[Symbol.dispose]();
    const { clock } = this.#options;
    const timer = clock.wakeAt(at, () => {
      this.#wake = null;
      // What is due is read from the store, so it must have all that is known here.
      this.#later(() => this.#ring());
    });
    this.#wake = { at, timer };
  }

  /** What is due gets its due. */
  async #ring(): Promise<void> {
    const { store, clock } = this.#options;
    const now = clock.now();
    const { operations, promises, invocations } = await store.due(now);
    for (const row of promises) await this.#promises.expire(row);
    for (const { agent, operation } of operations) {
      const live = await this.#agents.local(agent);
      if (live) await this.#steps.arm(live, operation);
    }
    for (const { agent, key } of invocations) {
      const live = await this.#agents.local(agent);
      if (live) await this.#calls.due(live, key);
    }
    this.#later(async () => {
      const next = await store.nextDue();
      // What is due and stays so belongs to another node, or is on its way to its guest.
      if (next !== undefined) this.#wakeBy(Math.max(next, now + 10));
    });
  }

  #schedulePoll(): void {
    if (this.#closed) return;
    const { clock, pollMs = 20 } = this.#options;
    this.#poll = clock.wakeAt(clock.now() + pollMs, () => {
      this.#background(() => this.#look());
      this.#schedulePoll();
    });
  }

  /** Looks for what other processes have written, and keeps the lease. */
  async #look(): Promise<void> {
    const { store, clock, leaseMs = 10_000 } = this.#options;
    if (clock.now() >= this.#beatAt) {
      this.#beatAt = clock.now() + leaseMs / 3;
      void this.#writer.beat();
      await this.#takeOver();
      await this.#resume();
    }
    const version = await store.version();
    if (version === this.#version) return;
    this.#version = version;
    await this.#resume();
    for (const name of this.#results.keys()) {
      const [agent, key] = splitRowKey(name);
      const row = await this.#writer.findInvocation(agent, invocationKey(key));
      if (row?.outcome) this.#finished(row);
    }
  }

  /** Makes this node the owner of what dead nodes have left. */
  async #takeOver(): Promise<void> {
    const { store, clock, isGone = () => false } = this.#options;
    const nodes = await store.nodes();
    const dead = nodes.filter((node) => node.id !== this.#node && (node.expiresAt <= clock.now() || isGone(node)));
    if (dead.length > 0)
      await store.claim(
        this.#node,
        [],
        dead.map(({ id }) => id),
      );
  }

  /** Goes on with every agent that has something to do. */
  async #resume(): Promise<void> {
    const { store, clock } = this.#options;
    for (const id of await store.ready(this.#node, clock.now())) {
      const live = await this.#agents.local(id);
      if (!live) continue;
      await this.#readQueue(live);
      if (live.row.error !== null) {
        await this.#steps.fail(live, live.row.error);
        continue;
      }
      await this.#steps.armAll(live);
      await this.#calls.pump(live);
      if (stateOf(live) === "running") await this.#agents.open(live);
    }
    const next = await store.nextDue();
    if (next !== undefined) this.#wakeBy(next);
  }

  /** Takes up invocations that other processes have queued. */
  async #readQueue(live: Live): Promise<void> {
    const known = new Set(live.queue.map(({ key }) => key));
    for (const row of await this.#options.store.queue(live.row.id)) {
      // One that is finished here may not be so in the store yet.
      const current = known.has(row.key) ? row : await this.#writer.findInvocation(row.agent, row.key);
      if (current && !known.has(row.key) && current.state !== "done") live.queue.push(current);
    }
  }

  /** Another node has changed what this one took for granted: nothing of it has left the node, so it is as if it had not been. */
  #commitFailed(error: unknown): void {
    if (!isHostError(error, "store/conflict")) return this.#fail(error);
    this.#background(async () => {
      this.#agents.reset();
      this.#writer.reset();
      this.#logs = [];
      await this.#options.store.join({
        id: this.#node,
        expiresAt: this.#options.clock.now() + (this.#options.leaseMs ?? 10_000),
        pid: this.#options.process?.pid ?? 0,
        machine: this.#options.process?.machine ?? "",
        startedAt: this.#options.clock.now(),
      });
      await this.#resume();
    });
  }

  /** The host can't go on. What is on disk stays as it is, and everyone who waits is told. */
  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = error;
    // For those who wait for turns to end.
    void this.#turns.take(async () => {});
    for (const waiters of this.#results.values()) for (const waiter of waiters) waiter.reject(error);
    this.#results.clear();
    void this.#stop();
  }

  async #stop(): Promise<void> {
    this.#closed = true;
    this.#poll?.[Symbol.dispose]();
    this.#wake?.timer[Symbol.dispose]();
    await this.#options.executor[Symbol.asyncDispose]();
  }

  /** Leaves the store: what is unfinished goes on when the next node opens it. Who waits here gets `host/closed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) {
      await this.#turns.take(async () => {});
      await this.#writer.durable().catch(() => {});
    }
    this.#fail(
      new HostError("host/closed", "The host was closed. What is unfinished goes on when its store is opened again."),
    );
    await this.#stop();
    const { store } = this.#options;
    // Replaced snapshots are worth a look at all others only now and then.
    if (this.#writer.snapshots >= collectAfter) await store.collect().catch(() => {});
    await store.leave(this.#node).catch(() => {});
  }
}
