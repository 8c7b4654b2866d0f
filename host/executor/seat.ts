import type { AgentState } from "../agent/state.ts";
import { enterGuest, type Input } from "../agent/step.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { instantiate, type Instance } from "../component/instance.ts";
import { Imports } from "../imports/imports.ts";
import type { Journal } from "../replay/journal.ts";
import type { HostFiles } from "../wasi/host-files.ts";
import type { GuestState } from "../snapshot/image.ts";

/** An instance that agents of one component take in turn. */
export interface Seat extends GuestState {
  /** It is of no more use. */
  readonly trapped: boolean;
  /** Whether the guest's stack is empty: what a snapshot captures is then all that there is of the agent. */
  readonly isAtRest: boolean;
  /**
   * Enters the guest with a step's inputs; what it does is noted in the journal. Resolves when nothing in it can go on,
   * and rejects with what it trapped with.
   */
  step(state: AgentState, journal: Journal, inputs: readonly Input[]): Promise<void>;
}

/** Makes a seat for agents of a component. Errors: HostError `component/start`. */
export async function makeSeat(component: CompiledComponent, hostFiles?: HostFiles): Promise<Seat> {
  const { world } = component;
  if (world) {
    // WASI and all that is nearly half of what a thread has to load, and most guests have no use of it.
    const { makeBlockingSeat } = await import("./blocking-seat.ts");
    return makeBlockingSeat({ ...component, world }, hostFiles);
  }
  const imports = new Imports();
  return new AgentSeat(await instantiate(component, imports.functions), imports);
}

/** A guest of world `agent`. */
class AgentSeat implements Seat {
  readonly memories;
  readonly globals;
  readonly #instance: Instance;
  readonly #imports: Imports;

  constructor(instance: Instance, imports: Imports) {
    this.memories = instance.memories;
    this.globals = instance.globals;
    this.#instance = instance;
    this.#imports = imports;
  }

  get trapped() {
    return this.#instance.trapped;
  }

  get isAtRest() {
    return true;
  }

  async step({ agent }: AgentState, journal: Journal, inputs: readonly Input[]): Promise<void> {
    this.#imports.enter(agent, journal);
    try {
      await enterGuest(this.#instance, agent, inputs);
    } finally {
      this.#imports.leave();
    }
  }
}
