import type { AgentState } from "../agent/state.ts";
import type { Input } from "../agent/step.ts";
import { instantiateBlocking, type BlockingInstance } from "../component/blocking-instance.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { loadAdapters } from "../imports/adapter.ts";
import type { Journal } from "../replay/journal.ts";
import type { HostFiles } from "../wasi/host-files.ts";
import type { WitWorld } from "../wit/type.ts";
import type { Seat } from "./seat.ts";

/** Makes a seat for agents of a component of world `blocking`. Errors: HostError `component/start`. */
export async function makeBlockingSeat(
  component: CompiledComponent & { world: WitWorld },
  hostFiles?: HostFiles,
): Promise<Seat> {
  const instance = await instantiateBlocking(component, {
    adapters: await loadAdapters(component.adapters),
    ...(hostFiles && { hostFiles }),
  });
  return new BlockingSeat(instance, component.uncapturable.length === 0);
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
