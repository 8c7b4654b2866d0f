import { HostError } from "../../host/base/error.ts";
import { nodeId, type NodeId } from "../../host/base/id.ts";
import { intercept } from "../../host/testing/dying-store.ts";
import type { Changes, Fence, Store } from "../../host/store/store.ts";
import type { Fault } from "./scenario.ts";
import type { Surroundings } from "./seat.ts";

export interface LinkOptions {
  faults: readonly Fault[];
  /** As which node the host has joined. */
  node: () => NodeId | null;
  now: () => number;
  nextCommit: () => number;
  nextAnswer: () => number;
  /** Told when the process has been killed. */
  died: () => void;
  pause: (spanMs: number) => Promise<void>;
  skew: (spanMs: number) => void;
}

/** A host's connection to its store, on which things go wrong. What goes over it keeps its order. */
export class Link {
  readonly #surroundings: Surroundings;
  readonly #options: LinkOptions;
  readonly #store: Store;
  #tail: Promise<unknown> = Promise.resolve();
  isDead = false;
  isPaused = false;

  constructor(store: Store, surroundings: Surroundings, options: LinkOptions) {
    this.#store = store;
    this.#surroundings = surroundings;
    this.#options = options;
  }

  /** The store, as the host has it. */
  get store(): Store {
    return intercept(this.#store, (name, call, args) => {
      const answer = this.#tail.then(() => this.#handle(name, call, args));
      this.#tail = answer.catch(() => {});
      return answer;
    });
  }

  /** Kills the process. */
  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#options.died();
  }

  async #handle(name: keyof Store, call: () => Promise<unknown>, args: readonly unknown[]): Promise<unknown> {
    const { nextAnswer, faults, skew } = this.#options;
    const { strike } = this.#surroundings;
    const number = nextAnswer();
    let [rounds, skewMs] = [0, 0];
    for (const fault of faults) {
      if (fault.kind === "pause" && fault.answer === number) await this.#pause(fault.spanMs);
      if (fault.kind === "disown" && fault.answer === number) await this.#disown();
      if (fault.kind !== "slow" && fault.kind !== "skew") continue;
      if (number < fault.answer || number >= fault.answer + fault.count) continue;
      if (number === fault.answer) strike(fault.kind);
      if (fault.kind === "slow") rounds = Math.max(rounds, fault.rounds);
      else skewMs = fault.spanMs;
    }
    skew(skewMs);
    // On its way there, and on its way back.
    await this.#pass(rounds);
    const result = name === "commit" ? await this.#commit(call, args as [Changes, Fence]) : await call();
    await this.#pass(rounds);
    return result;
  }

  /** Whoever is dead sends nothing, and hears nothing. */
  async #pass(rounds: number): Promise<void> {
    await this.#surroundings.rounds(rounds);
    if (this.isDead) await new Promise(() => {});
  }

  async #pause(spanMs: number): Promise<void> {
    this.#surroundings.strike("pause");
    this.isPaused = true;
    await this.#options.pause(spanMs);
    this.isPaused = false;
  }

  /** Somebody takes the node for dead that is alive. */
  async #disown(): Promise<void> {
    const node = this.#options.node();
    if (node === null) return;
    this.#surroundings.strike("disown");
    const { observer } = this.#surroundings.shelf;
    const id = nodeId("nobody");
    const outsider = {
      id,
      pid: 0,
      machine: "elsewhere",
      startedAt: 0,
      group: null,
      name: "nobody",
      slots: 0,
      full: false,
    };
    // A store has done what it is told before it answers: nobody sees that one there.
    await Promise.all([
      observer.join({ ...outsider, expiresAt: this.#options.now() }),
      observer.release(id, [node]),
      observer.leave(id),
    ]);
  }

  async #commit(call: () => Promise<unknown>, [changes, fence]: [Changes, Fence]): Promise<void> {
    const { nextCommit, faults } = this.#options;
    const { shelf, cutPower, strike } = this.#surroundings;
    const number = nextCommit();
    for (const fault of faults) {
      if (!("commit" in fault) || fault.commit !== number) continue;
      strike(fault.kind);
      if (fault.kind === "power") {
        const cut = shelf.cutPower(() => this.#write(call, changes, fence), fault.part);
        cutPower();
        await cut;
        return this.#pass(0);
      }
      if (fault.kind === "crash") {
        if (fault.when === "within") await shelf.breakOff(this.#store, changes, fence, fault.rows);
        if (fault.when === "after") await this.#write(call, changes, fence);
        this.die();
        return this.#pass(0);
      }
      // Most of it may have been written when it failed, and must be gone.
      if (fault.written) await this.#write(call, changes, fence);
      else await shelf.breakOff(this.#store, changes, fence, number);
      throw new HostError(fault.code, "The disk said so.");
    }
    await this.#write(call, changes, fence);
  }

  /** Nobody writes what belongs to another node that is alive. */
  async #write(call: () => Promise<unknown>, { agents, steps }: Changes, { node }: Fence): Promise<void> {
    const { shelf, violated } = this.#surroundings;
    const now = this.#options.now();
    const ids = new Set([...agents.keys(), ...steps.map(({ agent }) => agent)]);
    // A store has looked before it answers: between these and the commit comes nobody.
    const looks = [...ids].map((id) => shelf.observer.agent(id));
    const nodes = shelf.observer.nodes();
    const done = call();
    done.catch(() => {});
    const alive = new Set((await nodes).filter(({ expiresAt }) => expiresAt > now).map(({ id }) => id));
    const rows = await Promise.all(looks);
    await done;
    for (const row of rows)
      if (row && row.node !== null && row.node !== node && alive.has(row.node))
        violated(`${node} wrote ${row.id}, which belongs to another node`);
  }
}
