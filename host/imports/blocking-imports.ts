import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Entry, Environment } from "../oplog/entry.ts";
import { startsOperation } from "../oplog/operation.ts";
import type { Journal } from "../replay/journal.ts";
import type { HostFiles } from "../wasi/host-files.ts";
import { Wasi } from "../wasi/wasi.ts";
import { makeAdapterHost, type Adapter } from "./adapter.ts";
import { makeFork } from "./fork.ts";
import { makeHttp } from "./http.ts";
import { admitting } from "./imports.ts";
import { makeLog } from "./log.ts";
import { makeBlockingOperation } from "./operation.ts";
import { makePromise } from "./promise.ts";
import { makeRandom } from "./random.ts";
import { makeRpc } from "./rpc.ts";
import { StartJournal } from "./start-journal.ts";
import { Suspension } from "./suspension.ts";
import { makeTime } from "./time.ts";

const nothing: Environment = { variables: [], arguments: [], preopens: [] };

/** What they are made of beside the host's own. */
export interface BlockingParts {
  /** By the import that they stand for, without its version; `$root`: for functions of the world itself. */
  adapters?: ReadonlyMap<string, Adapter>;
  /** What directories of the machine are read with. */
  hostFiles?: HostFiles;
}

/**
 * The imports of one blocking guest instance, which serves many agents in turn.
 *
 * Those of `planaria:host` note facts as they do for other guests; WASI's come down to the same facts, and so do an
 * adapter's. Where the guest waits, it waits in `suspension`.
 */
export class BlockingImports {
  /** What jco's glue takes, by interface without its version. */
  readonly functions: Record<string, Record<string, unknown>>;
  readonly suspension = new Suspension();
  readonly wasi: Wasi;
  #agent: AgentId | null = null;
  #environment = nothing;
  #journal: Journal | null = new StartJournal();

  constructor({ adapters, hostFiles }: BlockingParts = {}) {
    const { suspension } = this;
    const journal = () => {
      if (!this.#journal)
        throw new HostError("guest/no-step", "The guest called an import while no step was under way.");
      return this.#journal;
    };
    const agent = () => this.#agent!;
    const context = {
      journal,
      agent,
      environment: () => this.#environment,
      wait: suspension.wait,
      hasOutcome: suspension.isOver,
      takeOutcome: (operation: number) => (suspension.isOver(operation) ? suspension.take(operation) : null),
    };
    this.wasi = new Wasi(context, hostFiles);
    const own = {
      "planaria:host/operation": makeBlockingOperation(journal, suspension),
      "planaria:host/rpc": makeRpc(journal),
      "planaria:host/promise": makePromise(journal, agent),
      "planaria:host/fork": makeFork(journal),
      "planaria:host/time": makeTime(journal),
      "planaria:host/random": makeRandom(journal),
      "planaria:host/log": makeLog(journal),
      "planaria:host/http": makeHttp(journal),
    };
    const host = makeAdapterHost(context);
    const adapted = [...(adapters ?? [])].map(([name, adapter]) => [name, adapter(host)] as const);
    const { $root = {}, ...others } = Object.fromEntries(adapted);
    this.functions = {
      ...this.wasi.functions,
      ...Object.fromEntries(Object.entries(own).map(([name, functions]) => [name, admitting(journal, functions)])),
      ...others,
      ...Object.fromEntries(Object.entries($root).map(([name, call]) => [name, { default: call }])),
    };
  }

  enter(agent: AgentId, journal: Journal, environment: Environment = nothing): void {
    this.#agent = agent;
    this.#environment = environment;
    this.#journal = new Follower(journal, this.suspension);
  }

  leave(): void {
    this.#journal = null;
  }
}

/** Tells the suspension which operations there are to wait for. */
class Follower implements Journal {
  readonly #journal: Journal;
  readonly #suspension: Suspension;

  constructor(journal: Journal, suspension: Suspension) {
    this.#journal = journal;
    this.#suspension = suspension;
  }

  get at(): number {
    return this.#journal.at;
  }

  admit(args: readonly unknown[]): void {
    this.#journal.admit(args);
  }

  nextOperation(): number {
    return this.#journal.nextOperation();
  }

  note(entry: Entry): void {
    this.#journal.note(entry);
    if (startsOperation(entry)) this.#suspension.started(entry.operation);
  }

  draw(count: number): Uint8Array {
    return this.#journal.draw(count);
  }

  observe(what: string, look: () => string): string {
    return this.#journal.observe(what, look);
  }
}
