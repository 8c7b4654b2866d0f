import { buildGuest } from "../../../build/build.ts";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { agentId, digestOf, type Digest } from "../../../host/base/id.ts";
import type { Http } from "../../../host/base/port.ts";
import { compileComponent, type CompiledComponent } from "../../../host/component/compile.ts";
import type { SaidSettings } from "../../../host/component/settings.ts";
import { InProcessExecutor } from "../../../host/executor/in-process.ts";
import { replayOplog, type Replay } from "../../../host/executor/replay-oplog.ts";
import { decodeStep } from "../../../host/oplog/codec.ts";
import type { Entry, Outcome } from "../../../host/oplog/entry.ts";
import { Host, type HostOptions, type InvocationRef, type LogLine } from "../../../host/scheduler/host.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import { MemoryState } from "../../../host/store/memory-state.ts";
import type { Store } from "../../../host/store/store.ts";
import { watchJoin } from "../../../host/testing/dying-store.ts";
import { letWork } from "../../../host/testing/let-work.ts";
import { seededRandom } from "../../../host/testing/seeded-random.ts";
import { VirtualClock } from "../../../host/testing/virtual-clock.ts";
import { FakeHttp } from "../http/fake-http.ts";

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
  return openGuest((await buildGuest({ entry, cacheFolder: cacheFolder() })).component);
}

/** A guest that was built otherwise. */
export async function openGuest(bytes: Uint8Array): Promise<Guest> {
  const compiled = await compileComponent(bytes, { cacheFolder: cacheFolder(), memoryCapBytes });
  known.set(digestOf(bytes), compiled);
  return { bytes, compiled };
}

/** The guest that does what it is told. */
export const engine = await readGuest("test/guests/engine.ts");

export interface NodeOptions extends Partial<
  Pick<HostOptions, "sessions" | "leaseMs" | "isGone" | "executor" | "pollMs" | "requests" | "group" | "retentionMs">
> {
  instances?: number;
  /** The world outside; by default there is none. */
  http?: Http;
  /** Stands between the host and its connection to the store. */
  wrap?: (store: Store) => Store;
  guest?: Guest;
  settings?: SaidSettings;
  /** Whether a node of a group takes its calls. */
  serves?: boolean;
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
  async open({
    instances = 8,
    wrap = (store) => store,
    guest = engine,
    http = new FakeHttp(),
    settings,
    serves = true,
    ...options
  }: NodeOptions = {}): Promise<Node> {
    const clock = this.clock.part();
    const requests = countRequests(http);
    const random = seededRandom(this.#seed++);
    let id = "";
    const store = watchJoin(wrap(await this.#openStore()), (joined) => (id = joined));
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
      http: requests.http,
      compile: async (bytes) => known.get(digestOf(bytes))!,
      version: "0.0.0",
      log: (line) => logs.push(line),
    });
    const node = new Node(this, { host, store, logs, requests }, () => {
      clock.stop();
      this.#killed.add(id);
    });
    this.nodes.add(node);
    await this.run(host.addComponent(guest.bytes, "engine", settings));
    if (serves) await this.run(host.serve());
    return node;
  }

  /** Lets the hosts work until `wanted` is there. Time passes whenever nobody has anything to do. */
  async run<T>(wanted: Promise<T>, by?: Node): Promise<T> {
    const begin = performance.now();
    const isBusy = () => {
      if (performance.now() - begin > 10_000) throw new Error(`This takes too long: ${this.#describe()}`);
      return [...this.nodes].some((node) => node.isBusy);
    };
    return letWork(wanted, {
      clock: this.clock,
      isBusy,
      isOver: () => by?.isDead === true,
      hurryMs: this.hurry ? lingerMs : 0,
      stuck: () => new Error("Nothing is going to happen any more."),
    });
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
  readonly #requests: Requests;
  isDead = false;
  /** It has work to do, and can't get on with it. */
  isPaused = false;
  readonly #stop: () => void;

  constructor(
    scene: Scene,
    { host, store, logs, requests }: Pick<Node, "host" | "store" | "logs"> & { requests: Requests },
    stop: () => void,
  ) {
    this.scene = scene;
    this.host = host;
    this.store = store;
    this.logs = logs;
    this.#requests = requests;
    this.#stop = stop;
  }

  /** Whether it goes on by itself. Requests that are not answered wait for the time, or for the test. */
  get isBusy(): boolean {
    return !this.isPaused && this.host.busyCount > this.#requests.waiting;
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

interface Requests {
  http: Http;
  /** How many are under way. */
  waiting: number;
}

function countRequests(http: Http): Requests {
  const requests: Requests = { http: { send }, waiting: 0 };
  function send(...args: Parameters<Http["send"]>): ReturnType<Http["send"]> {
    requests.waiting += 1;
    return http.send(...args).finally(() => void (requests.waiting -= 1));
  }
  return requests;
}

function actCall(who: string, body: string, args: unknown[]): [target: string, ...args: unknown[]] {
  return [who.endsWith(")") || who.endsWith("]") ? `${who}.act` : who, body, ...args];
}
