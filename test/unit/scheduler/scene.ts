import { buildGuest } from "../../../build/build.ts";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { agentId, digestOf, type Digest } from "../../../host/base/id.ts";
import type { Random } from "../../../host/base/port.ts";
import { compileComponent, type CompiledComponent } from "../../../host/component/compile.ts";
import { InProcessExecutor } from "../../../host/executor/in-process.ts";
import { replayOplog, type Replay } from "../../../host/executor/replay-oplog.ts";
import { decodeStep } from "../../../host/oplog/codec.ts";
import type { Entry, Outcome } from "../../../host/oplog/entry.ts";
import { Host, type HostOptions, type InvocationRef, type LogLine } from "../../../host/scheduler/host.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import { MemoryState } from "../../../host/store/memory-state.ts";
import type { Store } from "../../../host/store/store.ts";
import { VirtualClock } from "../clock.ts";

const memoryCapBytes = 67_108_864;

/** How far ahead time is hurried, so that commits are not put off to be shared. */
const lingerMs = 20;

/** A component's bytes, and what they were compiled to. */
export interface Guest {
  bytes: Uint8Array;
  compiled: CompiledComponent;
}

const known = new Map<Digest, CompiledComponent>();

export async function readGuest(entry: string): Promise<Guest> {
  const { component: bytes, digest } = await buildGuest({ entry, cacheFolder: cacheFolder() });
  const compiled = await compileComponent(bytes, { cacheFolder: cacheFolder(), memoryCapBytes });
  known.set(digest, compiled);
  return { bytes, compiled };
}

/** The guest that does what it is told. */
export const engine = await readGuest("test/guests/engine.ts");

/** The same bytes in the same order for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    // Source: mulberry32, by Tommy Ettinger; in the public domain.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  return { bytes: (count) => Uint8Array.from({ length: count }, next) };
}

export interface NodeOptions extends Partial<
  Pick<HostOptions, "sessions" | "leaseMs" | "isGone" | "executor" | "pollMs">
> {
  instances?: number;
  /** Stands between the host and its connection to the store. */
  wrap?: (store: Store) => Store;
  guest?: Guest;
}

/** A store in memory, its time, and the hosts that live by both. */
export class Scene {
  readonly clock = new VirtualClock();
  readonly state = new MemoryState();
  /** The hosts that are alive. */
  readonly nodes = new Set<Node>();
  /** Whether time passes although somebody has something to do, so that more is committed apart. */
  hurry = false;
  readonly #killed = new Set<string>();
  #seed = 1;
  readonly #openStore: () => Promise<Store>;

  constructor(openStore?: (clock: VirtualClock) => Promise<Store>) {
    this.#openStore = openStore
      ? () => openStore(this.clock)
      : () => openMemoryStore({ now: () => this.clock.now(), state: this.state });
  }

  /** Opens a host that knows the guest. */
  async open({ instances = 8, wrap = (store) => store, guest = engine, ...options }: NodeOptions = {}): Promise<Node> {
    const clock = this.clock.part();
    const random = seededRandom(this.#seed++);
    const store = wrap(await this.#openStore());
    let id = "";
    const join = store.join.bind(store);
    store.join = (row) => join({ ...row, id: (id = row.id) as typeof row.id });
    const logs: LogLine[] = [];
    const executor = options.executor ?? new InProcessExecutor({ clock, random, instances });
    const host = await Host.open({
      pollMs: 1_000,
      leaseMs: 30_000,
      isGone: (row) => this.#killed.has(row.id),
      ...options,
      store,
      executor,
      clock,
      random,
      compile: async (bytes) => known.get(digestOf(bytes))!,
      version: "0.0.0",
      log: (line) => logs.push(line),
    });
    const node = new Node(this, host, store, logs, () => {
      clock.stop();
      this.#killed.add(id);
    });
    this.nodes.add(node);
    await this.run(host.addComponent(guest.bytes, "engine"));
    return node;
  }

  /** Lets the hosts work until `wanted` is there. Time passes whenever nobody has anything to do. */
  async run<T>(wanted: Promise<T>, by?: Node): Promise<T> {
    let isHere = false;
    const arrive = () => (isHere = true);
    wanted.then(arrive, arrive);
    const isOver = () => isHere || by?.isDead === true;
    const begin = performance.now();
    for (let idle = 0; !isOver();) {
      await new Promise((resolve) => setImmediate(resolve));
      const isBusy = [...this.nodes].some(({ host, isPaused }) => !isPaused && host.busyCount > 0);
      idle = isBusy ? 0 : idle + 1;
      if (performance.now() - begin > 10_000) throw new Error(`This takes too long: ${this.#describe()}`);
      if (this.hurry) this.clock.next(lingerMs);
      // A few rounds of nothing: what goes on behind a turn or a commit is not seen from here.
      if (idle > 5 && !isOver() && !this.clock.next()) throw new Error("Nothing is going to happen any more.");
    }
    return wanted;
  }

  #describe(): string {
    const rows = [...this.state.agents.values()].map(({ row }) => `${row.id} ${row.state}`);
    return rows.join(", ");
  }
}

/** One host process. */
export class Node implements AsyncDisposable {
  readonly scene: Scene;
  readonly host: Host;
  readonly store: Store;
  readonly logs: LogLine[];
  isDead = false;
  /** It has work to do, and can't get on with it. */
  isPaused = false;
  readonly #stop: () => void;

  constructor(scene: Scene, host: Host, store: Store, logs: LogLine[], stop: () => void) {
    this.scene = scene;
    this.host = host;
    this.store = store;
    this.logs = logs;
    this.#stop = stop;
  }

  /** Starts an invocation: of a method `agent.method`, or of a function. */
  start(target: string, args: unknown[] = [], key?: string): Promise<InvocationRef> {
    const dot = /[)\]]\./.exec(target);
    const callee = dot
      ? { agent: target.slice(0, dot.index + 1), method: target.slice(dot.index + 2) }
      : { function: target };
    return this.run(this.host.call({ callee, args: JSON.stringify(args), ...(key === undefined ? {} : { key }) }));
  }

  async result(ref: InvocationRef): Promise<Outcome> {
    return this.run(this.host.result(ref));
  }

  /** The value that an invocation ends with; throws its failure. */
  async value(ref: InvocationRef): Promise<any> {
    const outcome = await this.result(ref);
    if ("error" in outcome) throw Object.assign(new Error("The guest failed."), JSON.parse(outcome.error));
    return JSON.parse(outcome.value);
  }

  /** Calls, and gives what `value` gives. */
  async call(target: string, ...args: unknown[]): Promise<any> {
    return this.value(await this.start(target, args));
  }

  /** Tells an actor, or the function `act`, to run the body of an async function. */
  act(who: string, body: string, ...args: unknown[]): Promise<any> {
    return this.call(...actCall(who, body, args));
  }

  startAct(who: string, body: string, args: unknown[] = [], key?: string): Promise<InvocationRef> {
    const [target, ...rest] = actCall(who, body, args);
    return this.start(target, rest, key);
  }

  settled(): Promise<void> {
    return this.run(this.host.settled());
  }

  /** Lets time pass. */
  pass(spanMs: number): Promise<void> {
    const { clock } = this.scene;
    return this.run(new Promise((resolve) => void clock.wakeAt(clock.now() + spanMs, resolve)));
  }

  async entries(agent: string): Promise<Entry[]> {
    return (await this.steps(agent)).flat();
  }

  async steps(agent: string): Promise<Entry[][]> {
    const steps = await this.run(this.host.oplog(agentId(agent)));
    return steps.map(({ entries, first }) => decodeStep(entries, { agent, first }));
  }

  /** Replays an agent's whole oplog. */
  async replay(agent: string, guest: Guest = engine): Promise<Replay> {
    return replayOplog(guest.compiled, await this.steps(agent));
  }

  /** Lets the hosts work until `wanted` is there; it never is, if this one is killed before. */
  run<T>(wanted: Promise<T>): Promise<T> {
    return this.scene.run(wanted, this);
  }

  /** As if the process had been killed: it does nothing more. */
  kill(): void {
    this.isDead = true;
    this.#stop();
    this.scene.nodes.delete(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.scene.nodes.delete(this);
    await this.host[Symbol.asyncDispose]();
    this.#stop();
  }
}

function actCall(who: string, body: string, args: unknown[]): [target: string, ...args: unknown[]] {
  return [who.endsWith(")") || who.endsWith("]") ? `${who}.act` : who, body, ...args];
}
