import { HostError } from "../../host/base/error.ts";
import type { NodeId } from "../../host/base/id.ts";
import type { Random } from "../../host/base/port.ts";
import { InProcessExecutor } from "../../host/executor/in-process.ts";
import { Host } from "../../host/scheduler/host.ts";
import type { MemoryState } from "../../host/store/memory-state.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import type { Changes, Fence, Store } from "../../host/store/store.ts";
import { intercept, watchJoin } from "../../host/testing/dying-store.ts";
import type { VirtualClock } from "../../host/testing/virtual-clock.ts";
import { engine } from "../unit/scheduler/scene.ts";
import { world } from "./program.ts";
import type { Fault, Scenario, Seating } from "./scenario.ts";
import type { Server } from "./server.ts";

/** What all seats have in common. */
export interface Surroundings {
  scenario: Scenario;
  state: MemoryState;
  clock: VirtualClock;
  random: Random;
  server: Server;
  /** Processes that were killed, as their operating system knows. */
  killed: Set<NodeId | null>;
  /** Says that something happened that must not. */
  violated: (what: string) => void;
  /** Resolves after so many rounds of the event loop. */
  rounds: (count: number) => Promise<void>;
}

/** How long it takes until the next process is started, in milliseconds. */
const restartMs = 50;

/** A host that sits, as others may use it until it is gone. */
interface Sitting {
  host: Host;
  gone: Promise<null>;
}

/** A place in which one host follows the other: each lives until a fault ends it. */
export class Seat {
  readonly #surroundings: Surroundings;
  readonly #index: number;
  readonly #seating: Seating;
  readonly #faults: Fault[];
  #commits = 0;
  #answers = 0;
  #sitting: Sitting | null = null;
  #isBusy: () => boolean = () => false;
  #leave: () => Promise<void> = async () => {};
  #isClosed = false;
  #occupied: Promise<void> = Promise.resolve();
  /** How many hosts have sat here. */
  lives = 0;

  constructor(surroundings: Surroundings, index: number, seating: Seating) {
    this.#surroundings = surroundings;
    this.#index = index;
    this.#seating = seating;
    const { faults, seats } = surroundings.scenario;
    this.#faults = faults.filter((fault) => "seat" in fault && fault.seat % seats.length === index);
  }

  /** Whether its host goes on by itself. */
  get isBusy(): boolean {
    return this.#isBusy();
  }

  /** Uses the host, if there is one; null if there is none, or if it is gone before it has answered. */
  async use<T>(work: (host: Host) => Promise<T>): Promise<{ value: T } | null> {
    const sitting = this.#sitting;
    if (!sitting) return null;
    const done = work(sitting.host).then(
      (value) => ({ value }),
      (error: unknown) => {
        if (isExpected(error)) return null;
        throw error;
      },
    );
    return Promise.race([done, sitting.gone]);
  }

  /** Lets a host take the seat, and another one when it is gone, until the seat is closed. */
  occupy(): Promise<void> {
    return (this.#occupied = this.#occupy());
  }

  async #occupy(): Promise<void> {
    while (!this.#isClosed) {
      await this.#live();
      const { clock } = this.#surroundings;
      await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + restartMs, resolve));
    }
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.#faults.length = 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#leave();
    // One that is just being opened leaves as soon as it is.
    await this.#occupied;
  }

  async #live(): Promise<void> {
    const { clock: whole, server, killed, scenario, random, state, violated } = this.#surroundings;
    this.lives += 1;
    const clock = whole.part();
    const gone = Promise.withResolvers<null>();
    let node: NodeId | null = null;
    const http = server.connect();
    const link = new Link(this.#surroundings, {
      faults: this.#faults,
      nextCommit: () => (this.#commits += 1),
      nextAnswer: () => (this.#answers += 1),
      die: () => {
        clock.stop();
        killed.add(node);
        gone.resolve(null);
      },
      pause: (spanMs) => {
        clock.hold();
        return new Promise<void>((resolve) => {
          whole.wakeAt(whole.now() + spanMs, () => {
            clock.release();
            resolve();
          });
        });
      },
    });
    const { slots, sessions, instances } = this.#seating;
    const store = await openMemoryStore({ now: () => whole.now(), state });
    const opening = Host.open({
      store: watchJoin(link.wrap(store), (id) => (node = id)),
      executor: new InProcessExecutor({ clock, random, instances }),
      clock,
      random,
      http,
      compile: async () => engine.compiled,
      version: "0.0.0",
      leaseMs: scenario.leaseMs,
      pollMs: 20,
      retentionMs: null,
      sessions,
      group: slots > 0 ? { name: world.group, node: `w${this.#index}`, slots } : null,
      isGone: ({ id }) => scenario.knowsDeath && killed.has(id),
    });
    const host = await Promise.race([opening.catch(orNull), gone.promise]);
    if (host) {
      host.ended.catch((error: unknown) => {
        if (!isExpected(error)) violated(`a host has failed: ${String(error)}`);
        gone.resolve(null);
      });
      this.#isBusy = () => !link.isPaused && host.busyCount > http.waiting;
      const isReady = await Promise.race([this.#prepare(host), gone.promise]);
      this.#leave = async () => {
        this.#sitting = null;
        this.#leave = async () => {};
        this.#isBusy = () => !link.isPaused;
        // A dead one would wait for its store for ever.
        if (!link.isDead) await host[Symbol.asyncDispose]();
        clock.stop();
        this.#isBusy = () => false;
        gone.resolve(null);
      };
      if (isReady && !this.#isClosed) {
        this.#sitting = { host, gone: gone.promise };
        await gone.promise;
      }
    }
    await this.#leave();
    this.#isBusy = () => false;
  }

  async #prepare(host: Host): Promise<true | null> {
    try {
      await host.addComponent(engine.bytes, "engine", { allowedHosts: [new URL(world.site).host] });
      await host.serve();
      return true;
    } catch (error) {
      return orNull(error);
    }
  }
}

function orNull(error: unknown): null {
  if (isExpected(error)) return null;
  throw error;
}

/** Whether that is how a host ends that has lost its store, or was closed. */
const isExpected = (error: unknown) => error instanceof HostError && /^(?:store|host)\//.test(error.code);

interface LinkOptions {
  faults: readonly Fault[];
  nextCommit: () => number;
  nextAnswer: () => number;
  die: () => void;
  pause: (spanMs: number) => Promise<void>;
}

/** A host's connection to its store, on which things go wrong. What goes over it keeps its order. */
class Link {
  readonly #surroundings: Surroundings;
  readonly #options: LinkOptions;
  #tail: Promise<unknown> = Promise.resolve();
  isDead = false;
  isPaused = false;

  constructor(surroundings: Surroundings, options: LinkOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
  }

  wrap(store: Store): Store {
    return intercept(store, (name, call, args) => {
      const answer = this.#tail.then(() => this.#handle(name, call, args));
      this.#tail = answer.catch(() => {});
      return answer;
    });
  }

  async #handle(name: keyof Store, call: () => Promise<unknown>, args: readonly unknown[]): Promise<unknown> {
    const { nextAnswer, faults } = this.#options;
    const number = nextAnswer();
    let rounds = 0;
    for (const fault of faults) {
      if (fault.kind === "pause" && fault.answer === number) await this.#pause(fault.spanMs);
      if (fault.kind === "slow" && number >= fault.answer && number < fault.answer + fault.count)
        rounds = Math.max(rounds, fault.rounds);
    }
    // On its way there, and on its way back.
    await this.#surroundings.rounds(rounds);
    const result = name === "commit" ? await this.#commit(call, args) : await call();
    await this.#surroundings.rounds(rounds);
    return result;
  }

  async #pause(spanMs: number): Promise<void> {
    this.isPaused = true;
    await this.#options.pause(spanMs);
    this.isPaused = false;
  }

  async #commit(call: () => Promise<unknown>, args: readonly unknown[]): Promise<void> {
    const { nextCommit, faults } = this.#options;
    const number = nextCommit();
    const fault = faults.find((each) => (each.kind === "crash" || each.kind === "fail") && each.commit === number);
    if (fault?.kind === "crash" && fault.when === "before") return this.#die();
    const error = fault?.kind === "fail" ? new HostError(fault.code, "The disk said so.") : null;
    if (fault?.kind === "fail" && !fault.written) throw error;
    await this.#checkWriters(call, args[0] as Changes, args[1] as Fence);
    if (fault?.kind === "crash") return this.#die();
    if (error) throw error;
  }

  /** Nobody writes what belongs to another node that is alive. */
  async #checkWriters(call: () => Promise<unknown>, { agents, steps }: Changes, { node }: Fence): Promise<void> {
    const { state, clock, violated } = this.#surroundings;
    const ids = new Set([...agents.keys(), ...steps.map(({ agent }) => agent)]);
    const others = [...ids].filter((id) => {
      const owner = state.agents.get(id)?.row.node ?? null;
      return owner !== null && owner !== node && state.isAlive(owner, clock.now());
    });
    await call();
    for (const id of others) violated(`${node} wrote ${id}, which belongs to another node`);
  }

  #die(): Promise<never> {
    this.isDead = true;
    this.#options.die();
    return new Promise(() => {});
  }
}
