import { isHostError } from "../base/error.ts";
import { BlockingImports, type BlockingParts } from "../imports/blocking-imports.ts";
import type { Outcome } from "../oplog/entry.ts";
import { GuestExit } from "../wasi/wasi.ts";
import { findFunction, functionPath } from "../wit/name.ts";
import type { WitFunction, WitWorld } from "../wit/type.ts";
import { readArguments, writeValue } from "../wit/value.ts";
import { tablesKey, type HandleTable } from "./blocking-glue.ts";
import type { CompiledComponent } from "./compile.ts";
import { instantiateCores, type CoreInstances } from "./core-instances.ts";
import { HeldResources } from "./held-resources.ts";
import { HostSide } from "./host-side.ts";

/** How a call of an export ended. */
export interface Ending {
  outcome: Outcome;
  /** The guest left in the midst of its stack: the instance is of no more use. */
  exited: boolean;
}

type Callable = (...args: unknown[]) => unknown;

/**
 * A blocking guest with memory of its own.
 *
 * One export runs at a time. While none does, `memories`, `globals` and `host` are all state that it has.
 */
export class BlockingInstance {
  readonly memories: readonly WebAssembly.Memory[];
  readonly globals: readonly WebAssembly.Global[];
  readonly host: HostSide;
  readonly imports: BlockingImports;
  readonly #world: WitWorld;
  readonly #exports: Record<string, unknown>;
  readonly #handles = new HeldResources();
  /** The call under way; it rejects if the guest traps. */
  #call: Promise<void> | null = null;
  #trapped = false;

  constructor(world: WitWorld, cores: CoreInstances, tables: readonly HandleTable[], imports: BlockingImports) {
    this.#world = world;
    this.#exports = cores.exports;
    this.memories = cores.memories;
    this.globals = cores.globals;
    this.host = new HostSide(tables, imports.wasi, this.#handles);
    this.imports = imports;
  }

  get trapped(): boolean {
    return this.#trapped;
  }

  /** Whether its stack is empty, and nobody holds what a snapshot can't. */
  get isAtRest(): boolean {
    return this.#call === null && !this.#trapped && this.host.canSave;
  }

  /** Calls an export; `settle` runs it. `args` is JSON array text. */
  begin(name: string, args: string, ended: (ending: Ending) => void): void {
    this.imports.suspension.clear();
    this.#call = this.#run(name, args).then((ending) => {
      this.#call = null;
      this.imports.suspension.clear();
      ended(ending);
    });
  }

  /** Lets the guest run until its export has returned, or until it waits for what has not happened yet. */
  async settle(): Promise<void> {
    const { suspension, wasi } = this.imports;
    suspension.resume();
    try {
      while (this.#call && !suspension.isStuck) {
        const waited = new Promise<void>((resolve) => suspension.onWait(resolve));
        await Promise.race([this.#call, waited]);
        // An adapter may do several things at once: all that can go on has its turn before the guest is taken to wait.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      wasi.endStep();
    } catch (error) {
      this.#trapped = true;
      throw error;
    }
  }

  async #run(name: string, args: string): Promise<Ending> {
    let found;
    let values;
    try {
      found = findFunction(this.#world, name);
      values = readArguments(found.func, args, this.#handles);
      this.#handles.settle({ isMade: true });
    } catch (error) {
      this.#handles.settle({ isMade: false });
      if (isHostError(error))
        return { outcome: { error: failureOf("CallError", error.code, error.message) }, exited: false };
      throw error;
    }
    try {
      const value = await this.#invoke(functionPath(found), found.func, values);
      const { result } = found.func;
      const type = result?.kind === "result" ? result.ok : result;
      return { outcome: { value: writeValue(type, value, this.#handles) }, exited: false };
    } catch (error) {
      return this.#endWith(found.func, error);
    }
  }

  #invoke(path: readonly string[], { name }: WitFunction, values: unknown[]): unknown {
    const [self, ...rest] = values;
    if (name.startsWith("[drop]")) return (self as Disposable)[Symbol.dispose]();
    if (name.startsWith("[method]")) return (self as Record<string, Callable>)[path.at(-1)!]!(...rest);
    const target = path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], this.#exports);
    return (target as Record<string, Callable>)[path.at(-1)!]!(...values);
  }

  #endWith({ result }: WitFunction, error: unknown): Ending {
    if (error instanceof GuestExit) {
      this.#trapped = true;
      return { outcome: error.outcome, exited: true };
    }
    // Under JSPI, jco throws what an export gives as its error as it is; traps are errors of JavaScript.
    if (result?.kind !== "result" || error instanceof Error) throw error;
    const data = writeValue(result.error, error, this.#handles);
    const message = `The function returned an error${result.error ? `: ${data}` : ""}.`;
    return { outcome: { error: failureOf("ComponentError", "guest/error", message, data) }, exited: false };
  }
}

function failureOf(name: string, code: string, message: string, data?: string): string {
  const text = JSON.stringify({ name, code, message });
  return data === undefined ? text : `${text.slice(0, -1)},"data":${data}}`;
}

/**
 * Makes a fresh blocking guest.
 *
 * Errors: HostError `component/start` if it traps before it is complete.
 */
export async function instantiateBlocking(
  compiled: Pick<CompiledComponent, "glueUrl" | "modules"> & { world: WitWorld },
  parts: BlockingParts,
): Promise<BlockingInstance> {
  const imports = new BlockingImports(parts);
  let tables: readonly HandleTable[] = [];
  const functions = { ...imports.functions, [tablesKey]: (all: readonly HandleTable[]) => (tables = all) };
  const cores = await instantiateCores(compiled, functions);
  imports.leave();
  return new BlockingInstance(compiled.world, cores, tables, imports);
}
