import { cacheFolder } from "../../../build/cache-folder.ts";
import { agentId, type AgentId } from "../../../host/base/id.ts";
import type { SaidSettings } from "../../../host/component/settings.ts";
import { decodeStep } from "../../../host/oplog/codec.ts";
import type { Entry } from "../../../host/oplog/entry.ts";
import { openHost, type OpenHostOptions } from "../../../host/open-host.ts";
import type { Host, InvocationRef } from "../../../host/scheduler/host.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import type { Store } from "../../../host/store/store.ts";
import { readComponent } from "../../../host/testing/read-component.ts";
import { checkMemories } from "../../../host/testing/review.ts";

/** A host in this thread, with one blocking component: calls, deaths, and the check that all of it replays. */
export class Stage implements AsyncDisposable {
  readonly store: Store;
  readonly #bytes: Uint8Array;
  readonly #options: Partial<OpenHostOptions>;
  #host: Host;

  private constructor(store: Store, host: Host, bytes: Uint8Array, options: Partial<OpenHostOptions>) {
    this.store = store;
    this.#host = host;
    this.#bytes = bytes;
    this.#options = options;
  }

  /** Opens a host with the component as `guest.wasm`: its agents are of type `guest`. */
  static async open(
    bytes: Uint8Array,
    { settings, ...options }: Partial<OpenHostOptions> & { settings?: SaidSettings } = {},
  ): Promise<Stage> {
    const store = await openMemoryStore({ now: Date.now });
    const host = await openIn(store, options);
    await host.addComponent(bytes, "guest.wasm", settings);
    return new Stage(store, host, bytes, options);
  }

  get host(): Host {
    return this.#host;
  }

  start(callee: string, method: string, ...args: unknown[]): Promise<InvocationRef> {
    return this.#host.call({ callee: { agent: callee, method }, args: JSON.stringify(args) });
  }

  /** What a function gives, called in an agent of its own. */
  async run(name: string, ...args: unknown[]): Promise<unknown> {
    return this.end(await this.#host.call({ callee: { function: name }, args: JSON.stringify(args) }));
  }

  /** What a call gives, as a value; throws its failure. */
  async call(callee: string, method: string, ...args: unknown[]): Promise<unknown> {
    return this.end(await this.start(callee, method, ...args));
  }

  async end(ref: InvocationRef): Promise<unknown> {
    const outcome = await this.#host.result(ref);
    if ("value" in outcome) return JSON.parse(outcome.value);
    throw Object.assign(new Error(), JSON.parse(outcome.error));
  }

  /** The host goes, and another one comes: agents are brought back from the store. */
  async reopen(): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
    this.#host = await openIn(this.store, this.#options);
  }

  /** Waits until an agent waits for something; it may be just coming to life. */
  async suspended(agent: string): Promise<void> {
    const isSuspended = async () => {
      const known = await this.#host.inspect(agentId(agent)).catch(() => null);
      return known?.agent.state === "suspended";
    };
    while (!(await isSuspended())) await new Promise((resolve) => setImmediate(resolve));
  }

  async entries(agent: AgentId): Promise<Entry[]> {
    const steps = await this.store.steps(agent, 0);
    return steps.flatMap(({ entries, first }) => decodeStep(entries, { agent, first }));
  }

  /** Everybody's oplog replays, and snapshots lead to the same memory. */
  async checkReplays(): Promise<void> {
    await this.#host.settled();
    await checkMemories(this.store, await readComponent(this.#bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
  }
}

function openIn(store: Store, options: Partial<OpenHostOptions>): Promise<Host> {
  return openHost({ store, executor: "in-process", cacheFolder: cacheFolder(), ...options });
}
