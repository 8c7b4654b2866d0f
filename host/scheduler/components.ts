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

type Candidate = [digest: Digest, description: Description];

/** The components that this node knows: each is compiled once, when the first agent of it is opened. */
export class Components {
  readonly #options: ComponentsOptions;
  /** The descriptions of those that the executor knows, in the guests' own words. */
  readonly #loaded = new Map<Digest, string>();
  /** By digest, the one added last at the end. */
  readonly #descriptions = new Map<Digest, Description>();

  constructor(options: ComponentsOptions) {
    this.#options = options;
  }

  /** Learns what the store holds already, or what other nodes have added since. */
  async learn(): Promise<void> {
    const rows = await this.#options.store.components();
    for (const { digest, description } of rows.toReversed()) {
      if (!this.#descriptions.has(digest)) this.#descriptions.set(digest, parseDescription(description));
    }
  }

  /** Makes a component ready to run, before it is added. */
  async prepare(bytes: Uint8Array): Promise<void> {
    if (!this.#loaded.has(digestOf(bytes))) await this.#compile(bytes);
  }

  /** Adds a component that was prepared to the store, unless that has it. */
  async add(bytes: Uint8Array, name: string): Promise<{ digest: Digest; description: Description }> {
    const { store, writer, clock } = this.#options;
    const digest = digestOf(bytes);
    const text = this.#loaded.get(digest);
    const description = this.#descriptions.get(digest);
    invariant(text !== undefined && description, "a component is prepared before it is added");
    if (!(await store.component(digest)))
      writer.component({ digest, name, bytes, description: text, createdAt: clock.now() });
    return { digest, description };
  }

  /** Makes sure that the executor knows a component of the store. */
  async load(digest: Digest): Promise<void> {
    if (this.#loaded.has(digest)) return;
    const row = await this.#options.store.component(digest);
    if (!row)
      throw new HostError(
        "store/corrupt",
        `The store has lost the component ${shortDigest(digest)}. Run it again from its file.`,
      );
    await this.#compile(row.bytes);
  }

  async #compile(bytes: Uint8Array): Promise<CompiledComponent> {
    const compiled = await this.#options.compile(bytes);
    this.#options.executor.load(compiled);
    this.#loaded.set(compiled.digest, compiled.descriptionText);
    this.#descriptions.delete(compiled.digest);
    this.#descriptions.set(compiled.digest, compiled.description);
    return compiled;
  }

  /**
   * The component that a new agent is to be of: `preferred` if it has the type, else the newest that has it.
   *
   * Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`.
   */
  async serving(agent: AgentId, preferred: Digest | null): Promise<Digest> {
    const { type, params, phantom } = parseAgentName(agent);
    if (params !== null && phantom !== null) {
      throw new HostError(
        "rpc/unknown-agent",
        `There is no fork ${agent}. Forks come about by forking; \`planaria agents\` lists them.`,
      );
    }
    const kind = params === null ? "functions" : "agents";
    const serves = ([, description]: Candidate) => description[kind].some(({ name }) => name === type);
    if (!this.#candidates(preferred).some(serves)) await this.learn();
    const candidates = this.#candidates(preferred);
    const found = candidates.find(serves);
    if (found) return found[0];
    const offered = candidates[0]?.[1][kind].map(({ name }) => name) ?? [];
    const what = params === null ? "function" : "agent type";
    throw new HostError(
      `rpc/unknown-${params === null ? "function" : "agent"}`,
      `There is no ${what} ${JSON.stringify(type)}${offered.length > 0 ? `; there is ${offered.join(", ")}` : ""}.`,
      { data: { type, offered } },
    );
  }

  /** The preferred one first, then the newest. */
  #candidates(preferred: Digest | null): Candidate[] {
    const newest = [...this.#descriptions].toReversed();
    return newest.toSorted(([a], [b]) => Number(b === preferred) - Number(a === preferred));
  }

  /** Errors: HostError `rpc/unknown-method`, as far as the component says which methods it has. */
  checkMethod(component: Digest, agent: AgentId, method: string): void {
    const { type, params } = parseAgentName(agent);
    if (params === null) return;
    const methods = this.#descriptions.get(component)?.agents.find(({ name }) => name === type)?.methods;
    if (!methods || methods.some(({ name }) => name === method)) return;
    const offered = methods.map(({ name }) => name);
    throw new HostError(
      "rpc/unknown-method",
      `${type} has no method ${JSON.stringify(method)}; it has ${offered.join(", ")}.`,
      { data: { method, offered } },
    );
  }
}
