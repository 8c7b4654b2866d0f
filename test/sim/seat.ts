import { HostError } from "../../host/base/error.ts";
import type { NodeId } from "../../host/base/id.ts";
import type { Random } from "../../host/base/port.ts";
import { Host } from "../../host/scheduler/host.ts";
import { watchJoin } from "../../host/testing/dying-store.ts";
import type { VirtualClock } from "../../host/testing/virtual-clock.ts";
import { engine } from "../unit/scheduler/scene.ts";
import { Link } from "./link.ts";
import { world } from "./program.ts";
import type { Fault, FaultKind, Scenario, Seating } from "./scenario.ts";
import type { Server } from "./server.ts";
import type { Shelf } from "./shelf.ts";
import { Threads } from "./threads.ts";

/** What all seats have in common. */
export interface Surroundings {
  scenario: Scenario;
  shelf: Shelf;
  clock: VirtualClock;
  random: Random;
  server: Server;
  /** Processes that were killed, as their operating system knows. */
  killed: Set<NodeId | null>;
  /** Says that something happened that must not. */
  violated: (what: string) => void;
  /** Resolves after so many rounds of the event loop. */
  rounds: (count: number) => Promise<void>;
  /** Notes that a fault has come about. */
  strike: (fault: FaultKind) => void;
  /** Kills the processes of all seats at once. */
  cutPower: () => void;
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
  #reports = 0;
  #sitting: Sitting | null = null;
  #isBusy: () => boolean = () => false;
  #leave: () => Promise<void> = async () => {};
  #kill: () => void = () => {};
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

  /** The process that runs here is killed, if there is one. */
  kill(): void {
    this.#kill();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#leave();
    // One that is just being opened leaves as soon as it is.
    await this.#occupied;
  }

  async #live(): Promise<void> {
    const { clock: whole, server, shelf, killed, scenario, random, rounds, strike, violated } = this.#surroundings;
    this.lives += 1;
    const clock = whole.part();
    const [gone, death] = [Promise.withResolvers<null>(), Promise.withResolvers<null>()];
    let node: NodeId | null = null;
    const http = server.connect();
    const store = await shelf.connect(() => clock.now());
    const link = new Link(store, this.#surroundings, {
      faults: this.#faults,
      node: () => node,
      now: () => clock.now(),
      nextCommit: () => (this.#commits += 1),
      nextAnswer: () => (this.#answers += 1),
      died: () => {
        clock.stop();
        killed.add(node);
        death.resolve(null);
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
      skew: (spanMs) => clock.skew(spanMs),
    });
    this.#kill = () => link.die();
    const { slots, sessions, instances, threads } = this.#seating;
    const nextReport = () => (this.#reports += 1);
    const opening = Host.open({
      store: watchJoin(link.store, (id) => (node = id)),
      executor: new Threads({ clock, random, threads, instances, faults: this.#faults, nextReport, rounds, strike }),
      clock,
      random,
      http,
      compile: async () => engine.compiled,
      version: "0.0.0",
      leaseMs: scenario.leaseMs,
      pollMs: 20,
      retentionMs: scenario.retentionMs,
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
      const leave = async () => {
        this.#sitting = null;
        this.#isBusy = () => !link.isPaused;
        // A dead one would wait for its store for ever.
        if (!link.isDead) await Promise.race([host[Symbol.asyncDispose](), death.promise]);
        clock.stop();
        this.#isBusy = () => false;
        gone.resolve(null);
      };
      let leaving: Promise<void> | null = null;
      this.#leave = () => (leaving ??= leave());
      if (isReady && !this.#isClosed) {
        this.#sitting = { host, gone: gone.promise };
        await gone.promise;
      }
    }
    await this.#leave();
    this.#isBusy = () => false;
    this.#kill = () => {};
    this.#leave = async () => {};
    await store[Symbol.asyncDispose]();
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
