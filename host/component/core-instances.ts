import { HostError } from "../base/error.ts";
import type { CompiledComponent } from "./compile.ts";
import { globalPrefix, memoryPrefix } from "./core-module.ts";

interface Glue {
  instantiate(
    getCoreModule: (name: string) => WebAssembly.Module,
    imports: object,
    instantiateCore: (module: WebAssembly.Module, imports?: object) => WebAssembly.Instance,
  ): Promise<Record<string, unknown>>;
}

/** What a component's core modules make up together. */
export interface CoreInstances {
  /** As jco's glue offers them. */
  exports: Record<string, unknown>;
  memories: WebAssembly.Memory[];
  /** All mutable globals of all core instances, each once. */
  globals: WebAssembly.Global[];
}

/** By URL: even of a module that is there, an import takes as long as the loader likes. */
const glues = new Map<string, Promise<Glue>>();

function loadGlue(url: string): Promise<Glue> {
  let glue = glues.get(url);
  if (!glue) glues.set(url, (glue = import(/* @vite-ignore */ url)));
  return glue;
}

/**
 * Instantiates a component, and gathers the state of its core modules in an order that depends on the component alone.
 *
 * Errors: HostError `component/start` if it traps before it is complete.
 */
export async function instantiateCores(
  { glueUrl, modules }: Pick<CompiledComponent, "glueUrl" | "modules">,
  imports: object,
): Promise<CoreInstances> {
  const glue = await loadGlue(glueUrl);
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
  try {
    const exports = await glue.instantiate((name) => modules[name]!, imports, instantiateCore);
    return { exports, memories, globals };
  } catch (cause) {
    throw new HostError("component/start", `The component cannot be started: ${(cause as Error).message}`, { cause });
  }
}
