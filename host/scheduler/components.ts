import type { Executor } from "../agent/executor.ts";
import { parseAgentName } from "../agent/agent-name.ts";
import { HostError, invariant } from "../base/error.ts";
import { digestOf, shortDigest, type AgentId, type Digest } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { parseDescription, type Description } from "../component/description.ts";
import type { Store } from "../store/store.ts";
import type { Writer } from "./writer.ts";

export interface ComponentsOptions {
  store: Store;
  writer: Writer;
  executor: Executor;
  clock: Clock;
  compile: (bytes: Uint8Array) => Promise<CompiledComponent>;
}

/** The components that this node knows: each is compiled once, when the first agent of it is opened. */
export class Components {
  readonly #options: ComponentsOptions;
  readonly #loaded = new Set<Digest>();
  /** By digest, the one added last at the end. */
  readonly #descriptions = new Map<Digest, Description>();

  constructor(options: ComponentsOptions) {
    this.#options = options;
  }

  /** Learns what the store holds already. */
  async start(): Promise<void> {
    const rows = await this.#options.store.components();
    for (const { digest, description } of rows.reverse()) this.#descriptions.set(digest, parseDescription(description));
  }

  /** Adds a component to the store, and makes it ready to run. Adding it again makes it the newest. */
  async add(bytes: Uint8Array, name: string): Promise<{ digest: Digest; description: Description }> {
    const { store, writer, clock } = this.#options;
    const digest = digestOf(bytes);
    if (!this.#loaded.has(digest)) {
      const compiled = await this.#compile(bytes);
      if (!(await store.component(digest))) {
        writer.component({ digest, name, bytes, description: compiled.descriptionText, createdAt: clock.now() });
      }
    }
    const description = this.#descriptions.get(digest);
    invariant(description, "a loaded component is described");
    return { digest, description };
  }

  /** Makes sure that the executor knows a component of the store. */
  async load(digest: Digest): Promise<void> {
    if (this.#loaded.has(digest)) return;
    const row = await this.#options.store.component(digest);
    if (!row) throw new HostError("store/corrupt", `The store has lost the component ${shortDigest(digest)}. Run it again from its file.`);
    await this.#compile(row.bytes);
  }

  async #compile(bytes: Uint8Array): Promise<CompiledComponent> {
    const compiled = await this.#options.compile(bytes);
    this.#options.executor.load(compiled);
    this.#loaded.add(compiled.digest);
    this.#descriptions.delete(compiled.digest);
    this.#descriptions.set(compiled.digest, compiled.description);
    return compiled;
  }

  /**
   * The component that a new agent is to be of: `preferred` if it has the type, else the newest that has it.
   *
   * Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`.
   */
  serving(agent: AgentId, preferred: Digest | null): Digest {
    const { type, params, phantom } = parseAgentName(agent);
    if (params !== null && phantom !== null) {
      throw new HostError("rpc/unknown-agent", `There is no fork ${agent}. Forks come about by forking; \`planaria agents\` lists them.`);
    }
    const kind = params === null ? "functions" : "agents";
    const candidates = [...this.#descriptions].reverse();
    if (preferred !== null) candidates.sort(([a], [b]) => Number(b === preferred) - Number(a === preferred));
    const found = candidates.find(([, description]) => description[kind].some(({ name }) => name === type));
    if (found) return found[0];
    const offered = candidates[0]?.[1][kind].map(({ name }) => name) ?? [];
    const what = params === null ? "function" : "agent type";
    throw new HostError(
      `rpc/unknown-${params === null ? "function" : "agent"}`,
      `There is no ${what} ${JSON.stringify(type)}${offered.length > 0 ? `; there is ${offered.join(", ")}` : ""}.`,
      { data: { type, offered } },
    );
  }

  /** Errors: HostError `rpc/unknown-method`, as far as the component says which methods it has. */
  checkMethod(component: Digest, agent: AgentId, method: string): void {
    const { type, params } = parseAgentName(agent);
    if (params === null) return;
    const methods = this.#descriptions.get(component)?.agents.find(({ name }) => name === type)?.methods;
    if (!methods || methods.some(({ name }) => name === method)) return;
    const offered = methods.map(({ name }) => name);
    throw new HostError("rpc/unknown-method", `${type} has no method ${JSON.stringify(method)}; it has ${offered.join(", ")}.`, { data: { method, offered } });
  }
}
