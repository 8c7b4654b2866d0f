import type { AgentState } from "../agent/state.ts";
import { enterGuest, type Input } from "../agent/step.ts";
import { instantiateBlocking, type BlockingInstance } from "../component/blocking-instance.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { instantiate, type Instance } from "../component/instance.ts";
import { loadAdapters } from "../imports/adapter.ts";
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
  const { world, adapters } = component;
  if (world) {
    const instance = await instantiateBlocking(
      { ...component, world },
      {
        adapters: await loadAdapters(adapters),
        ...(hostFiles && { hostFiles }),
      },
    );
    return new BlockingSeat(instance, component.uncapturable.length === 0);
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

/** A guest of world `blocking`: inputs do not enter it as events, but let it go on where it waits. */
class BlockingSeat implements Seat {
  readonly memories;
  readonly globals;
  readonly host;
  readonly #instance: BlockingInstance;
  /** A table that has changed outlives whoever changed it. */
  readonly #isCapturable: boolean;
  /** That of the step under way. */
  #journal: Journal | null = null;

  constructor(instance: BlockingInstance, isCapturable: boolean) {
    this.memories = instance.memories;
    this.globals = instance.globals;
    this.host = instance.host;
    this.#instance = instance;
    this.#isCapturable = isCapturable;
  }

  get trapped() {
    return this.#instance.trapped;
  }

  get isAtRest() {
    return this.#isCapturable && this.#instance.isAtRest;
  }

  async step({ agent, environment }: AgentState, journal: Journal, inputs: readonly Input[]): Promise<void> {
    const { imports } = this.#instance;
    imports.enter(agent, journal, environment);
    this.#journal = journal;
    try {
      for (const input of inputs) this.#take(input);
      await this.#instance.settle();
    } finally {
      imports.leave();
    }
  }

  #take(input: Input): void {
    const { suspension } = this.#instance.imports;
    switch (input.kind) {
      case "invoked": {
        const { invocation, method, args } = input;
        this.#instance.begin(method, args, ({ outcome, exited }) => {
          this.#journal!.admit(Object.values(outcome));
          this.#journal!.note({ kind: "finished", invocation, outcome, ...(exited && { exited }) });
        });
        return;
      }
      case "delivered":
        suspension.deliver(input.operation, input.outcome);
        return;
      case "cancel-requested":
        // It can't be told otherwise: whatever it waits for is over.
        for (const operation of suspension.pending) this.#journal!.note({ kind: "operation-canceled", operation });
        return;
      case "abandoned":
      // What it was about was undone with its stack.
    }
  }
}
