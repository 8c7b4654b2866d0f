import { hash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGuest } from "../../../build/build.ts";
import { compileComponent, type CompiledComponent } from "../../../host/component/compile.ts";
import type { GuestImports, GuestResult } from "../../../host/imports/guest-imports.ts";
import { instantiate, type Instance } from "../../../host/component/instance.ts";

/** An error as it travels between agents. */
export interface Failure {
  name: string;
  message: string;
  code?: string;
  data?: unknown;
  cause?: Failure;
  stack?: string;
}

type Outcome = { value: unknown } | { error: Failure };

interface FakeAgent {
  id: string;
  instance: Instance;
  operations: number;
  invocations: number;
  /** The invocation that runs: its number, and the source that its outcome settles. */
  running: { number: number; source: string } | undefined;
  queue: { source: string; event: object }[];
  mailbox: object[];
  outcome: Outcome | undefined;
}

/** An operation in flight and what will bring its outcome. */
interface Wait {
  agent: FakeAgent;
  operation: number;
  source: string;
}

/** A call of an import, in order: `rpc.callAgent`, and the arguments with bigints as numbers. */
export interface ImportCall {
  agent: string;
  name: string;
  args: unknown[];
}

const cacheFolder = join(tmpdir(), "planaria-sdk-tests");

/** Builds a guest as `planaria build` does, and makes it ready to run. */
export async function compileGuest(entry: string): Promise<CompiledComponent> {
  const { component } = await buildGuest({ entry, cacheFolder });
  return compileComponent(component, { cacheFolder, memoryCapBytes: 1 << 28 });
}

/**
 * Plays the host to the guests of one component: in memory, one step at a time, in virtual time, without durability.
 *
 * It keeps to the contract in wit/ and to nothing else, so what passes here depends on no room of the host.
 */
export class FakeHost {
  readonly calls: ImportCall[] = [];
  readonly logs: string[] = [];
  /** How requests end, by their URL; undefined leaves one under way. */
  answerRequest: (url: string) => Outcome | undefined = () => undefined;
  now = 1_000_000;
  readonly #compiled: CompiledComponent;
  readonly #agents = new Map<string, FakeAgent>();
  readonly #promises = new Map<string, Outcome | null>();
  readonly #outcomes = new Map<string, Outcome>();
  #waits: Wait[] = [];
  #timers: { at: number; wake: () => void }[] = [];
  #forking: number[] = [];
  #keys = 0;
  #bytes = 0;

  constructor(compiled: CompiledComponent) {
    this.#compiled = compiled;
  }

  /** Calls a method `agent.method` or a function from outside, and gives its value, or throws its failure. */
  async call(target: string, ...args: unknown[]): Promise<any> {
    const outcome = await this.settle(this.start(target, ...args));
    if ("error" in outcome)
      throw Object.assign(new Error(outcome.error.message), outcome.error, { failure: outcome.error });
    return outcome.value;
  }

  /** Queues a call from outside; `settle` brings its outcome. */
  start(target: string, ...args: unknown[]): string {
    const method = /^(?<agent>.*\))\.(?<method>[^.]*)$/.exec(target)?.groups as
      | { agent: string; method: string }
      | undefined;
    const key = `outside-${(this.#keys += 1)}`;
    if (method) return this.#enqueue(method.agent, method.method, args, key);
    return this.#enqueue(`${target}[${key}]`, target, args, key);
  }

  /** Runs steps until an outcome is there. Throws if nothing can go on before. */
  async settle(source: string): Promise<Outcome> {
    while (!this.#outcomes.has(source)) {
      if (!(await this.step())) throw new Error(`Nothing can go on, and there is no outcome of ${source}`);
    }
    return this.#outcomes.get(source)!;
  }

  /** Runs steps until nothing can go on. */
  async drain(): Promise<void> {
    while (await this.step());
  }

  /** Runs one step of one agent, or lets time pass up to the next timer. False if there is neither. */
  async step(): Promise<boolean> {
    const agent = [...this.#agents.values()].find(
      ({ mailbox, running, queue }) => mailbox.length > 0 || (!running && queue.length > 0),
    );
    if (agent) {
      await this.#enter(agent);
      return true;
    }
    const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined) return false;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.now = Math.max(this.now, next.at);
    next.wake();
    return true;
  }

  /** Puts an event in front of an agent, as it is. */
  send(id: string, event: object): void {
    this.#agents.get(id)!.mailbox.push(event);
  }

  /** Tells an agent that its running invocation was ended, and forgets it here. */
  abandon(id: string): void {
    const agent = this.#agents.get(id)!;
    agent.mailbox = [{ abandon: agent.running!.number }];
    this.#waits = this.#waits.filter((wait) => wait.agent !== agent);
    agent.running = undefined;
  }

  /** Resolves a promise from outside. */
  answer(id: string, value: unknown): void {
    if (this.#promises.get(id) !== null) throw new Error(`No promise ${id} is pending`);
    this.#promises.set(id, { value });
    this.#settle(`promise ${id}`, { value });
  }

  agentIds(): string[] {
    return [...this.#agents.keys()];
  }

  /** Names and arguments of the imports that were called, of one interface if it is named. */
  listCalls(prefix = ""): string[] {
    return this.calls
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, args }) => `${name}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`);
  }

  async #enter(agent: FakeAgent): Promise<void> {
    agent.instance ??= await instantiate(this.#compiled, this.#importsOf(agent));
    if (agent.mailbox.length > 0) {
      await agent.instance.deliver(JSON.stringify(agent.mailbox.splice(0)));
    } else {
      const { source, event } = agent.queue.shift()!;
      agent.running = { number: (agent.invocations += 1), source };
      agent.outcome = undefined;
      await agent.instance.invoke(JSON.stringify({ invocation: agent.invocations, ...event }));
    }
    for (const operation of this.#forking.splice(0)) await this.#fork(agent, operation);
    this.#publish(agent);
  }

  #publish(agent: FakeAgent): void {
    if (
      !agent.outcome ||
      !agent.running ||
      this.#waits.some((wait) => wait.agent === agent && wait.source.startsWith("call "))
    )
      return;
    const { source } = agent.running;
    agent.running = undefined;
    if (!this.#outcomes.has(source)) this.#settle(source, agent.outcome);
  }

  #settle(source: string, outcome: Outcome): void {
    if (!source.startsWith("own ")) this.#outcomes.set(source, outcome);
    const reached = this.#waits.filter((wait) => wait.source === source);
    this.#waits = this.#waits.filter((wait) => wait.source !== source);
    for (const { agent, operation } of reached) {
      agent.mailbox.push({ operation, ...outcome });
    }
  }

  #enqueue(id: string, name: string, args: unknown[], key: string): string {
    const source = `call ${id} ${key}`;
    const { type, params } = /^(?<type>[^([]*)(?:\((?<params>.*)\))?/.exec(id)!.groups as {
      type: string;
      params?: string;
    };
    const callee =
      params === undefined ? { function: type } : { agent: type, params: JSON.parse(`[${params}]`), method: name };
    if (!this.#agents.has(id)) this.#agents.set(id, this.#makeAgent(id));
    this.#agents.get(id)!.queue.push({ source, event: { key, id, ...callee, args } });
    return source;
  }

  #makeAgent(id: string): FakeAgent {
    const made = { id, operations: 0, invocations: 0, running: undefined, queue: [], mailbox: [], outcome: undefined };
    return { ...made, instance: undefined as unknown as Instance };
  }

  async #fork(parent: FakeAgent, operation: number): Promise<void> {
    const id = `${parent.id}[${hash("md5", `${parent.id}#${operation}`).slice(0, 8)}]`;
    const source = `call ${id} fork`;
    const running = parent.running && { ...parent.running, source };
    const child: FakeAgent = { ...parent, id, running, queue: [], mailbox: structuredClone(parent.mailbox) };
    child.instance = await instantiate(this.#compiled, this.#importsOf(child));
    copyState(parent.instance, child.instance);
    this.#agents.set(id, child);
    this.#waits.push(...this.#waits.filter((wait) => wait.agent === parent).map((wait) => ({ ...wait, agent: child })));
    parent.mailbox.push({ operation, value: { kind: "original", fork: id } });
    child.mailbox.push({ operation, value: { kind: "forked", parent: parent.id, id } });
  }

  #importsOf(agent: FakeAgent): GuestImports {
    const note = (name: string, ...args: unknown[]) =>
      void this.calls.push({
        agent: agent.id,
        name,
        args: args.map((arg) => (typeof arg === "bigint" ? Number(arg) : arg)),
      });
    const next = () => (agent.operations += 1);
    const wait = (operation: number, source: string) => {
      this.#waits.push({ agent, operation, source });
      const known = this.#outcomes.get(source);
      if (known) this.#settle(source, known);
      return operation;
    };
    const own = (operation: number) => `own ${agent.id} ${operation}`;
    const settlePromise = (id: string, outcome: Outcome) => {
      const pending = this.#promises.get(id);
      if (pending === null) {
        this.#promises.set(id, outcome);
        this.#settle(`promise ${id}`, outcome);
      }
      const operation = next();
      const told: Outcome = pending === undefined ? { error: unknownPromise(id) } : { value: pending === null };
      agent.mailbox.push({ operation, ...told });
      return operation;
    };
    const startCall = (
      id: string,
      name: string,
      args: string,
      options: Parameters<GuestImports["planaria:host/rpc"]["callAgent"]>[3],
      operation: number,
    ) => {
      const key = options.key ?? `${agent.id}#${operation}`;
      const begin = () => this.#enqueue(id, name, JSON.parse(args), key);
      const source = `call ${id} ${key}`;
      const begun =
        this.#agents.get(id)?.queue.some((queued) => queued.source === source) || this.#outcomes.has(source);
      if (!begun) {
        if (options.at === undefined) begin();
        else this.#timers.push({ at: Number(options.at), wake: begin });
      }
      return options.mode === "attached" ? wait(operation, source) : operation;
    };
    return {
      "planaria:host/operation": {
        await: () => refuseToBlock(),
        select: () => refuseToBlock(),
        cancel: (operation) => {
          note("operation.cancel", operation);
          const found = this.#waits.find((waiting) => waiting.agent === agent && waiting.operation === operation);
          if (!found) return;
          this.#waits = this.#waits.filter((waiting) => waiting !== found);
          agent.mailbox.push({
            operation,
            error: { name: "CanceledError", code: "operation/canceled", message: "The operation was canceled." },
          });
        },
      },
      "planaria:host/rpc": {
        callAgent: (id, method, args, options) => {
          note("rpc.callAgent", id, method, args, plain(options));
          return startCall(id, method, args, options, next());
        },
        callFunction: (name, args, options) => {
          note("rpc.callFunction", name, args, plain(options));
          const operation = next();
          return startCall(`${name}[${agent.id}#${operation}]`, name, args, options, operation);
        },
        deleteAgent: (id, tree) => {
          note("rpc.deleteAgent", id, tree);
          const operation = next();
          this.#agents.delete(id);
          agent.mailbox.push({ operation, value: null });
          return operation;
        },
      },
      "planaria:host/promise": {
        create: (options) => {
          note("promise.create", plain(options));
          const id = options.id ?? `promise-${agent.id}#${next()}`;
          if (!this.#promises.has(id)) this.#promises.set(id, null);
          const timedOut = { name: "TimeoutError", code: "promise/timed-out", message: `The promise ${id} timed out.` };
          if (options.timeout !== undefined) {
            this.#timers.push({ at: this.now + Number(options.timeout), wake: () => this.#expire(id, timedOut) });
          }
          return id;
        },
        await: (id) => {
          note("promise.await", id);
          const operation = next();
          if (this.#promises.has(id)) return wait(operation, `promise ${id}`);
          agent.mailbox.push({ operation, error: unknownPromise(id) });
          return operation;
        },
        complete: (id, value) => (note("promise.complete", id, value), settlePromise(id, { value: JSON.parse(value) })),
        reject: (id, error) => (note("promise.reject", id, error), settlePromise(id, { error: JSON.parse(error) })),
        cancel: (id) => (
          note("promise.cancel", id),
          settlePromise(id, {
            error: { name: "CanceledError", code: "promise/canceled", message: `The promise ${id} was canceled.` },
          })
        ),
      },
      "planaria:host/fork": {
        fork: () => {
          note("fork.fork");
          const operation = next();
          this.#forking.push(operation);
          return operation;
        },
      },
      "planaria:host/time": {
        now: () => BigInt(this.now),
        sleep: (span) => {
          note("time.sleep", span);
          const operation = wait(next(), own(agent.operations));
          this.#timers.push({ at: this.now + Number(span), wake: () => this.#settle(own(operation), { value: null }) });
          return operation;
        },
      },
      "planaria:host/random": {
        bytes: (count) => {
          note("random.bytes", count);
          return Uint8Array.from({ length: count }, () => (this.#bytes = (this.#bytes * 73 + 41) % 251));
        },
      },
      "planaria:host/log": { log: (level, message) => void this.logs.push(`${level} ${message}`) },
      "planaria:host/http": {
        fetch: (request) => {
          note("http.fetch", plain(request));
          const operation = wait(next(), own(agent.operations));
          const outcome = this.answerRequest(request.url);
          if (outcome) this.#settle(own(operation), outcome);
          return operation;
        },
      },
      "planaria:host/run": {
        start: (name, args) => (note("run.start", name, args), wait(next(), own(agent.operations))),
        finish: (operation, outcome) => {
          note("run.finish", operation, outcome);
          const found = this.#waits.find((waiting) => waiting.agent === agent && waiting.operation === operation);
          if (!found) return;
          this.#waits = this.#waits.filter((waiting) => waiting !== found);
          agent.mailbox.push({ operation, ...readResult(outcome) });
        },
      },
      "planaria:host/invocation": {
        finish: (invocation, outcome) => {
          note("invocation.finish", invocation, outcome);
          if (agent.running?.number === invocation) agent.outcome ??= readResult(outcome);
          if (outcome.tag === "err") this.#waits = this.#waits.filter((waiting) => waiting.agent !== agent);
        },
      },
    };
  }

  #expire(id: string, error: Failure): void {
    if (this.#promises.get(id) !== null) return;
    this.#promises.set(id, { error });
    this.#settle(`promise ${id}`, { error });
  }
}

function readResult({ tag, val }: GuestResult): Outcome {
  return tag === "ok" ? { value: JSON.parse(val) } : { error: JSON.parse(val) as Failure };
}

function unknownPromise(id: string): Failure {
  return { name: "PromiseError", code: "promise/unknown", message: `There is no promise ${id}.` };
}

/** Options without those that are not said, and with numbers that JSON takes. */
function plain(options: object): object {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  const isRecord = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isRecord ? plain(value) : value;
}

function copyState(from: Instance, to: Instance): void {
  for (const [i, memory] of to.memories.entries()) {
    const source = new Uint8Array(from.memories[i]!.buffer);
    const missing = source.length - memory.buffer.byteLength;
    if (missing > 0) memory.grow(missing / 65_536);
    new Uint8Array(memory.buffer).set(source);
  }
  for (const [i, global] of to.globals.entries()) global.value = from.globals[i]!.value;
}

function refuseToBlock(): never {
  throw new Error("A guest of world agent never blocks.");
}
