import type { Executor, ExecutorListener, Opening, StepLimits, Stepped } from "../../host/agent/executor.ts";
import type { Input } from "../../host/agent/step.ts";
import type { AgentId, Digest } from "../../host/base/id.ts";
import type { Clock, Random } from "../../host/base/port.ts";
import type { CompiledComponent } from "../../host/component/compile.ts";
import { InProcessExecutor } from "../../host/executor/in-process.ts";
import type { Fault, FaultKind } from "./scenario.ts";

export interface ThreadsOptions {
  clock: Clock;
  random: Random;
  /** How many threads there are, and how many instances each may hold. */
  threads: number;
  instances: number;
  faults: readonly Fault[];
  /** Counts what threads report, over all hosts of the seat. */
  nextReport: () => number;
  /** Resolves after so many rounds of the event loop. */
  rounds: (count: number) => Promise<void>;
  strike: (fault: FaultKind) => void;
}

interface Thread {
  inner: InProcessExecutor;
  /** The agents that live there as the host knows, and which session of theirs does. */
  sessions: Map<AgentId, number>;
  /** The same, as the thread knows. */
  known: Map<AgentId, number>;
  sent: Channel;
  reported: Channel;
  isGone: boolean;
}

/**
 * Threads that run guests, as the worker threads of a real host: what they and the host say to each other keeps its order
 * between two of them only, takes its time, and passes each other on the way; and a thread may end with all that it had.
 */
export class Threads implements Executor {
  readonly #options: ThreadsOptions;
  readonly #threads: Thread[] = [];
  readonly #components: CompiledComponent[] = [];
  readonly #limits = new Map<Digest, StepLimits>();
  #listener: ExecutorListener | null = null;
  #sessions = 0;
  #late = 0;

  constructor(options: ThreadsOptions) {
    this.#options = options;
  }

  start(listener: ExecutorListener): void {
    this.#listener = listener;
    for (let index = 0; index < this.#options.threads; index += 1) this.#spawn();
  }

  load(component: CompiledComponent): void {
    this.#components.push(component);
    for (const { inner } of this.#threads) inner.load(component);
  }

  limit(component: Digest, limits: StepLimits): void {
    this.#limits.set(component, limits);
    for (const { inner, sent } of this.#threads) sent.pass(this.#late, () => inner.limit(component, limits));
  }

  open(opening: Opening): void {
    const idlest = this.#threads.reduce((best, next) => (next.sessions.size < best.sessions.size ? next : best));
    const thread = this.#threadOf(opening.agent) ?? idlest;
    const session = (this.#sessions += 1);
    thread.sessions.set(opening.agent, session);
    thread.sent.pass(this.#late, () => {
      thread.known.set(opening.agent, session);
      thread.inner.open(opening);
    });
  }

  send(agent: AgentId, inputs: Input[]): void {
    const thread = this.#threadOf(agent);
    thread?.sent.pass(this.#late, () => thread.inner.send(agent, inputs));
  }

  has(agent: AgentId): boolean {
    return this.#threadOf(agent) !== undefined;
  }

  close(agent: AgentId): void {
    const thread = this.#threadOf(agent);
    if (!thread) return;
    thread.sessions.delete(agent);
    thread.sent.pass(this.#late, () => thread.inner.close(agent));
  }

  reset(): void {
    for (const { inner, sessions, sent } of this.#threads) {
      sessions.clear();
      sent.pass(this.#late, () => inner.reset());
    }
  }

  async drain(): Promise<void> {
    await Promise.all(
      this.#threads.map(async ({ inner, sent, reported }) => {
        await sent.empty();
        await inner.drain();
        await reported.empty();
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener = null;
    for (const thread of this.#threads) await this.#end(thread);
  }

  #threadOf(agent: AgentId): Thread | undefined {
    return this.#threads.find(({ sessions }) => sessions.has(agent));
  }

  #spawn(): void {
    const { rounds, ...options } = this.#options;
    const inner = new InProcessExecutor(options);
    const thread: Thread = {
      inner,
      sessions: new Map(),
      known: new Map(),
      sent: new Channel(rounds),
      reported: new Channel(rounds),
      isGone: false,
    };
    const hear = (agent: AgentId, report: (session: number | undefined, isCurrent: boolean) => void) => {
      const session = thread.known.get(agent);
      const isLost = this.#count();
      thread.reported.pass(this.#late, () => {
        if (thread.isGone) return;
        if (isLost) void this.#lose(thread);
        else report(session, session !== undefined && thread.sessions.get(agent) === session);
      });
    };
    inner.start({
      stepped: (step) => {
        // A fork's first session has its parent's number.
        for (const fork of step.forks) thread.known.set(fork, thread.known.get(step.agent)!);
        hear(step.agent, (session, isCurrent) => this.#stepped(thread, step, session, isCurrent));
      },
      failed: (agent, error) =>
        hear(agent, (_, isCurrent) => {
          if (!isCurrent) return;
          thread.sessions.delete(agent);
          this.#listener?.failed(agent, error);
        }),
      lost: () => {},
    });
    for (const component of this.#components) inner.load(component);
    for (const [component, limits] of this.#limits) inner.limit(component, limits);
    this.#threads.push(thread);
  }

  #stepped(thread: Thread, step: Stepped, session: number | undefined, isCurrent: boolean): void {
    if (!isCurrent || session === undefined) {
      // By then the fork may have been made again, in another session.
      const close = (fork: AgentId) => thread.known.get(fork) === session && thread.inner.close(fork);
      for (const fork of step.forks) thread.sent.pass(this.#late, () => void close(fork));
      return;
    }
    for (const fork of step.forks) thread.sessions.set(fork, session);
    if (step.closed) thread.sessions.delete(step.agent);
    this.#listener?.stepped(step);
  }

  /** Notes a report, and what is to befall it. Returns whether its thread ends before it is heard. */
  #count(): boolean {
    const number = this.#options.nextReport();
    this.#late = 0;
    let isLost = false;
    for (const fault of this.#options.faults) {
      if (fault.kind === "thread" && fault.report === number) isLost = true;
      if (fault.kind === "late" && number >= fault.report && number < fault.report + fault.count) {
        this.#late = Math.max(this.#late, fault.rounds);
        if (number === fault.report) this.#options.strike("late");
      }
    }
    return isLost;
  }

  async #lose(thread: Thread): Promise<void> {
    this.#options.strike("thread");
    const agents = [...thread.sessions.keys()];
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    await this.#end(thread);
    this.#spawn();
    this.#listener?.lost(agents, null);
  }

  async #end(thread: Thread): Promise<void> {
    thread.isGone = true;
    thread.sessions.clear();
    await thread.inner[Symbol.asyncDispose]();
  }
}

/** What one says to another, in order. */
class Channel {
  readonly #rounds: ThreadsOptions["rounds"];
  #tail: Promise<void> | null = null;

  constructor(rounds: ThreadsOptions["rounds"]) {
    this.#rounds = rounds;
  }

  /** Lets a message arrive after so many rounds of the event loop, and behind those before it. */
  pass(rounds: number, arrive: () => void): void {
    if (rounds === 0 && this.#tail === null) return arrive();
    const tail = (this.#tail ?? Promise.resolve())
      .then(() => this.#rounds(rounds))
      .then(arrive)
      .then(() => {
        if (this.#tail === tail) this.#tail = null;
      });
    this.#tail = tail;
  }

  async empty(): Promise<void> {
    while (this.#tail) await this.#tail;
  }
}
