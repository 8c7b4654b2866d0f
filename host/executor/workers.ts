import { Worker } from "node:worker_threads";
import type { Executor, ExecutorListener, Opening, StepLimits } from "../agent/executor.ts";
import type { Input } from "../agent/step.ts";
import { HostError, invariant } from "../base/error.ts";
import { type AgentId, type Digest } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import { WorkGuard } from "../base/undisturbed.ts";
import type { CompiledComponent } from "../component/compile.ts";
import type { ToHost, ToWorker, WorkerSetup } from "./message.ts";
import { SharedWatch, watchSizeBytes } from "./watch.ts";

export interface WorkerExecutorOptions {
  clock: Clock;
  /** How many threads run guests. */
  threads: number;
  /** A step that takes longer is undone, and its invocation fails with `guest/step-timeout`. */
  stepTimeoutMs: number;
  /** Instances alive at once in each thread. */
  instances: number;
}

/** How often the watchdog looks, in milliseconds. */
const watchEveryMs = 50;

interface Thread {
  worker: Worker;
  watch: SharedWatch;
  guard: WorkGuard;
  agents: Set<AgentId>;
  outbox: ToWorker[];
  ended: boolean;
  /** Resolves when it has nothing more to report. */
  drained: PromiseWithResolvers<void>;
}

/** Runs guests in worker threads, under a watchdog. An agent stays in one thread as long as its session lasts. */
export class WorkerExecutor implements Executor {
  readonly #options: WorkerExecutorOptions;
  readonly #threads: Thread[] = [];
  readonly #components = new Map<Digest, CompiledComponent>();
  readonly #limits = new Map<Digest, StepLimits>();
  readonly #placed = new Map<AgentId, { thread: Thread; session: number }>();
  #sessions = 0;
  #listener: ExecutorListener | null = null;
  #patrol: Disposable | null = null;
  #draining = false;
  #closed = false;

  constructor(options: WorkerExecutorOptions) {
    this.#options = options;
  }

  start(listener: ExecutorListener): void {
    this.#listener = listener;
    for (let index = 0; index < this.#options.threads; index += 1) this.#spawn();
    this.#schedulePatrol();
  }

  load(component: CompiledComponent): void {
    this.#components.set(component.digest, component);
    for (const thread of this.#threads) this.#post(thread, { kind: "load", component });
  }

  limit(component: Digest, limits: StepLimits): void {
    this.#limits.set(component, limits);
    for (const thread of this.#threads) this.#post(thread, { kind: "limit", component, limits });
  }

  open(opening: Opening): void {
    const idlest = () => this.#threads.reduce((best, next) => (next.agents.size < best.agents.size ? next : best));
    const thread = this.#placed.get(opening.agent)?.thread ?? idlest();
    const session = ++this.#sessions;
    this.#place(opening.agent, thread, session);
    this.#post(thread, { kind: "open", opening, session });
  }

  send(agent: AgentId, inputs: Input[]): void {
    const placed = this.#placed.get(agent);
    if (placed) this.#post(placed.thread, { kind: "send", agent, inputs });
  }

  has(agent: AgentId): boolean {
    return this.#placed.has(agent);
  }

  close(agent: AgentId): void {
    const placed = this.#placed.get(agent);
    if (!placed) return;
    this.#displace(agent);
    this.#post(placed.thread, { kind: "close", agent, session: placed.session });
  }

  reset(): void {
    for (const agent of [...this.#placed.keys()]) this.#displace(agent);
    for (const thread of this.#threads) this.#post(thread, { kind: "reset" });
  }

  /** A step that takes too long is ended by the watchdog, as ever. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const thread of this.#threads) this.#post(thread, { kind: "drain" });
    await Promise.all(this.#threads.map(({ drained }) => drained.promise));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#patrol?.[Symbol.dispose]();
    await Promise.all(this.#threads.map(endThread));
  }

  #spawn(): void {
    const memory = new SharedArrayBuffer(watchSizeBytes);
    // The source runs as it is where it is TypeScript, and compiled where it was installed.
    const entry = new URL(`./worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
    const guard = new WorkGuard();
    const setup: WorkerSetup = { watch: memory, guard: guard.memory, instances: this.#options.instances };
    const worker = new Worker(entry, { workerData: setup });
    const thread: Thread = {
      worker,
      watch: new SharedWatch(memory, this.#options.clock),
      guard,
      agents: new Set(),
      outbox: [],
      ended: false,
      drained: Promise.withResolvers(),
    };
    worker.on("message", (messages: ToHost[]) => {
      // A thread that was ended may have spoken before; its sessions are lost, and what it says is, too.
      if (!thread.ended) for (const message of messages) this.#receive(message, thread);
    });
    worker.on("error", (error) =>
      this.#lose(thread, "guest/thread-died", `The thread that ran the guest died: ${String(error)}.`),
    );
    worker.on("exit", (code) =>
      this.#lose(thread, "guest/thread-died", `The thread that ran the guest ended with code ${code}.`),
    );
    this.#threads.push(thread);
    for (const component of this.#components.values()) this.#post(thread, { kind: "load", component });
    for (const [component, limits] of this.#limits) this.#post(thread, { kind: "limit", component, limits });
  }

  #receive(message: ToHost, thread: Thread): void {
    invariant(this.#listener, "an executor is started before it is used");
    if (message.kind === "drained") return thread.drained.resolve();
    const { session } = message;
    if (this.#placed.get(message.kind === "failed" ? message.agent : message.step.agent)?.session !== session) {
      if (message.kind === "stepped")
        for (const agent of message.step.forks) this.#post(thread, { kind: "close", agent, session });
      return;
    }
    if (message.kind === "failed") {
      this.#displace(message.agent);
      this.#listener.failed(message.agent, new HostError(message.code, message.message));
      return;
    }
    const { step } = message;
    for (const fork of step.forks) this.#place(fork, thread, session);
    if (step.closed) this.#displace(step.agent);
    this.#listener.stepped(step);
  }

  /** Messages of one turn of the event loop go together. */
  #post(thread: Thread, message: ToWorker): void {
    if (thread.outbox.push(message) > 1) return;
    queueMicrotask(() => {
      const messages = thread.outbox;
      thread.outbox = [];
      if (!thread.ended) thread.worker.postMessage(messages);
    });
  }

  #place(agent: AgentId, thread: Thread, session: number): void {
    this.#placed.set(agent, { thread, session });
    thread.agents.add(agent);
  }

  #displace(agent: AgentId): void {
    this.#placed.get(agent)?.thread.agents.delete(agent);
    this.#placed.delete(agent);
  }

  /** A thread is gone, or has to go: its sessions are lost, the agent that it ran is to blame, and another takes its place. */
  #lose(thread: Thread, code: string, message: string): void {
    if (thread.ended || this.#closed) return;
    thread.ended = true;
    void endThread(thread);
    thread.drained.resolve();
    const running = thread.watch.running();
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    const agents = [...thread.agents];
    for (const agent of agents) this.#displace(agent);
    this.#spawn();
    if (this.#draining) this.#post(this.#threads.at(-1)!, { kind: "drain" });
    const error = JSON.stringify({ name: "TrapError", code, message });
    this.#listener?.lost(agents, running ? { agent: running.agent, error } : null);
  }

  #schedulePatrol(): void {
    if (this.#closed) return;
    this.#patrol = this.#options.clock.wakeAt(this.#options.clock.now() + watchEveryMs, () => {
      const { stepTimeoutMs } = this.#options;
      for (const thread of [...this.#threads]) {
        const running = thread.watch.running();
        if (!running || running.forMs < stepTimeoutMs) continue;
        const message = `A step took longer than ${stepTimeoutMs} ms without an await that the host could see; it was stopped and undone.`;
        this.#lose(thread, "guest/step-timeout", message);
      }
      this.#schedulePatrol();
    });
  }
}

function endThread({ worker, guard }: Thread): Promise<number> {
  guard[Symbol.dispose]();
  return worker.terminate();
}
