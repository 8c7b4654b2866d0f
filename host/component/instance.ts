import { HostError } from "../base/error.ts";
import type { CompiledComponent } from "./compile.ts";
import { instantiateCores } from "./core-instances.ts";
import { guestInterface, type GuestImports } from "../imports/guest-imports.ts";

/** What the guest exports, as jco's glue offers it. */
interface Guest {
  describe(): string;
  invoke(json: string): Promise<void>;
  deliver(json: string): Promise<void>;
}

/**
 * A guest with memory of its own.
 *
 * `memories` and `globals` are all state that it has while no export runs, in an order that depends on the component
 * alone; whoever writes to both makes it another agent of the same component. What the glue holds (tasks, flags) is at
 * rest then.
 * Errors: exports throw what the guest trapped with, or what an import threw, as it is. The instance is of no more use
 *         then, and `trapped` says so.
 */
export class Instance {
  readonly memories: readonly WebAssembly.Memory[];
  /** All mutable globals of all core instances, each once. */
  readonly globals: readonly WebAssembly.Global[];
  readonly #guest: Guest;
  #trapped = false;

  constructor(guest: Guest, memories: readonly WebAssembly.Memory[], globals: readonly WebAssembly.Global[]) {
    this.#guest = guest;
    this.memories = memories;
    this.globals = globals;
  }

  get trapped(): boolean {
    return this.#trapped;
  }

  /** Between two entries its stack is empty. */
  get isAtRest(): boolean {
    return true;
  }

  describe(): string {
    try {
      return this.#guest.describe();
    } catch (error) {
      this.#trapped = true;
      throw error;
    }
  }

  /** Begins an invocation. When it resolves, the guest's stack is empty and nothing in it can go on by itself. */
  invoke(json: string): Promise<void> {
    return this.#guard(this.#guest.invoke(json));
  }

  /** Delivers events; resolves as `invoke` does. */
  deliver(json: string): Promise<void> {
    return this.#guard(this.#guest.deliver(json));
  }

  async #guard(step: Promise<void>): Promise<void> {
    try {
      await step;
    } catch (error) {
      this.#trapped = true;
      throw error;
    }
  }
}

/**
 * Makes a fresh guest.
 *
 * Its functions are called with the interface's object left behind, so `imports` must not lean on `this`.
 * Errors: HostError `component/start` if it traps before it is complete, `component/other-world` if it exports too little.
 */
export async function instantiate(
  compiled: Pick<CompiledComponent, "glueUrl" | "modules">,
  imports: GuestImports,
): Promise<Instance> {
  const { exports, memories, globals } = await instantiateCores(compiled, imports);
  const guest = exports[guestInterface] as Guest;
  const missing = (["describe", "invoke", "deliver"] as const).filter((name) => typeof guest[name] !== "function");
  if (missing.length === 0) return new Instance(guest, memories, globals);
  throw new HostError(
    "component/other-world",
    `The component's ${guestInterface} lacks ${missing.join(", ")}. Build it for world \`planaria:host/agent\`.`,
    {
      data: { missing },
    },
  );
}
