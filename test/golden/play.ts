import { cacheFolder } from "../../build/cache-folder.ts";
import { HostError } from "../../host/base/error.ts";
import { agentId, invocationKey, type AgentId, type Digest } from "../../host/base/id.ts";
import type { SaidSettings } from "../../host/component/settings.ts";
import type { Outcome } from "../../host/oplog/entry.ts";
import { openHost, type OpenHostOptions } from "../../host/open-host.ts";
import type { CallRequest, Host } from "../../host/scheduler/host.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import type { Store } from "../../host/store/store.ts";
import { openSite, site } from "./site.ts";

export interface Called {
  /** Who was called: of a function, the agent that carries the call. */
  agent: AgentId;
  outcome: Outcome;
}

export type PlayOptions = Pick<OpenHostOptions, "executor">;

/** A host on a store of its own, with one component, for agents to have something to do. */
export class Play implements AsyncDisposable {
  readonly store: Store;
  readonly #component: Digest;
  #host: Host;

  readonly #options: PlayOptions;

  private constructor(store: Store, host: Host, component: Digest, options: PlayOptions) {
    this.store = store;
    this.#host = host;
    this.#component = component;
    this.#options = options;
  }

  static async open(component: Uint8Array, options: PlayOptions = {}, settings: SaidSettings = {}): Promise<Play> {
    const store = await openMemoryStore({ now: Date.now });
    const host = await open(store, options);
    const allowed = { allowedHosts: [new URL(site).host], ...settings };
    const { digest } = await host.addComponent(component, "goldens", allowed);
    return new Play(store, host, digest, options);
  }

  get host(): Host {
    return this.#host;
  }

  /** Closes the host and opens another one: agents come back from the store. */
  async reopen(): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
    this.#host = await open(this.store, this.#options);
  }

  /** Calls `account("ann").deposit`, or a function, and waits for the outcome. */
  call(callee: string, ...args: unknown[]): Promise<Called> {
    return this.start(callee, ...args).then(({ ended }) => ended);
  }

  /** The same, without waiting: as soon as the call is durable. */
  async start(callee: string, ...args: unknown[]): Promise<{ agent: AgentId; ended: Promise<Called> }> {
    const request: CallRequest = { callee: readCallee(callee), args: JSON.stringify(args), component: this.#component };
    const ref = await this.host.call(request);
    const ended = this.host.result(ref).then((outcome) => ({ agent: ref.agent, outcome }));
    return { agent: ref.agent, ended };
  }

  /** Sets what the agents may do. */
  async limit(settings: SaidSettings): Promise<void> {
    await this.host.setComponent(this.#component, settings);
  }

  /** The newest fork of an agent. */
  async forkOf(agent: string): Promise<AgentId> {
    const { forks } = await this.host.inspect(agentId(agent));
    return forks.at(-1)!.id;
  }

  /** Who was called by an agent's operation. */
  async calleeOf(agent: AgentId, operation: number): Promise<AgentId> {
    const key = invocationKey(`${agent}#${operation}`);
    for (const row of await this.store.agents()) {
      if (await this.store.invocation(row.id, key)) return row.id;
    }
    throw new HostError("base/invariant", `Nobody was called by operation ${operation} of ${agent}.`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}

function open(store: Store, options: PlayOptions): Promise<Host> {
  return openHost({ store, threads: 1, cacheFolder: cacheFolder(), http: openSite(), ...options });
}

function readCallee(callee: string): CallRequest["callee"] {
  const [, agent, method] = /^(.*[)\]])\.([\w-]+)$/s.exec(callee) ?? [];
  return agent === undefined ? { function: callee } : { agent, method: method! };
}
