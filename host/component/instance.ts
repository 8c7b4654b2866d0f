import { HostError } from "../base/error.ts";
import type { CompiledComponent } from "./compile.ts";
import { globalPrefix, memoryPrefix } from "./core-module.ts";
import { guestInterface, type GuestImports } from "./guest-imports.ts";

/** What the guest exports, as jco's glue offers it. */
interface Guest {
  describe(): string;
  invoke(json: string): Promise<void>;
  deliver(json: string): Promise<void>;
}

interface Glue {
  instantiate(
    getCoreModule: (name: string) => WebAssembly.Module,
    imports: GuestImports,
    instantiateCore: (module: WebAssembly.Module, imports?: object) => WebAssembly.Instance,
  ): Promise<Record<string, unknown>>;
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

/** By URL: even of a module that is there, an import takes as long as the loader likes. */
const glues = new Map<string, Promise<Glue>>();

function loadGlue(url: string): Promise<Glue> {
  let glue = glues.get(url);
  if (!glue) glues.set(url, (glue = import(/* @vite-ignore */ url)));
  return glue;
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
  const glue = await loadGlue(compiled.glueUrl);
  const memories: WebAssembly.Memory[] = [];
  const globals: WebAssembly.Global[] = [];
  const instantiateCore = (module: WebAssembly.Module, moduleImports?: object) => {
    const instance = new WebAssembly.Instance(module, moduleImports);
    for (const [name, value] of Object.entries(instance.exports)) {
      if (name.startsWith(memoryPrefix)) memories.push(value as WebAssembly.Memory);
      else if (name.startsWith(globalPrefix)) globals.push(value as WebAssembly.Global);
    }
    return instance;
  };
  let exports: Record<string, unknown>;
  try {
    exports = await glue.instantiate((name) => compiled.modules[name]!, imports, instantiateCore);
  } catch (cause) {
    throw new HostError("component/start", `The component cannot be started: ${(cause as Error).message}`, { cause });
  }
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
