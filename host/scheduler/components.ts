import { isDeepStrictEqual } from "node:util";
import type { Executor } from "../agent/executor.ts";
import { parseAgentName } from "../agent/agent-name.ts";
import { HostError, invariant } from "../base/error.ts";
import { suggestName } from "../base/nearest.ts";
import { digestOf, shortDigest, type AgentId, type Digest } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { nameDescription, parseDescription, witSdk, type Description } from "../component/description.ts";
import {
  defaultSettings,
  mergeSettings,
  parseSettings,
  type ComponentSettings,
  type SaidSettings,
} from "../component/settings.ts";
import { matchNames } from "../wit/name.ts";
import type { ComponentRow, Store } from "../store/store.ts";
import { Census } from "./census.ts";
import type { Writer } from "./writer.ts";

export interface ComponentsOptions {
  store: Store;
  writer: Writer;
  executor: Executor;
  clock: Clock;
  compile: (bytes: Uint8Array, adapters: Record<string, string>) => Promise<CompiledComponent>;
}

type Candidate = [digest: Digest, description: Description];

/** The components that this node knows: each is compiled once, when the first agent of it is opened. */
export class Components {
  readonly #options: ComponentsOptions;
  /** Those that the executor knows: their descriptions, in the guests' own words, and what stands for their imports. */
  readonly #loaded = new Map<Digest, { text: string; adapters: Record<string, string> }>();
  /** By digest, the one added last at the end. */
  readonly #descriptions = new Map<Digest, Description>();
  /** Those that were added here, the newest first: what this node is for. */
  #served: Digest[] = [];
  /** As the store has them, and as they were read. */
  readonly #settings = new Map<Digest, { text: string; settings: ComponentSettings }>();
  /** The store's version of which they are; null if what this node has changed may not be in it. */
  #settingsVersion: number | null = null;
  /** What the executor was told. */
  readonly #mayFork = new Map<Digest, boolean>();
  readonly census: Census;

  constructor(options: ComponentsOptions) {
    this.#options = options;
    this.census = new Census({
      store: options.store,
      limitOf: (digest) => this.knownSettingsOf(digest).agentLimit,
      changed: (digest) => {
        if (this.#mayFork.get(digest) === this.census.isFull(digest)) this.#limit(digest);
      },
    });
  }

  /** Learns what the store holds already, or what other nodes have added or set since. */
  async learn(): Promise<void> {
    const { store, writer } = this.#options;
    // What this node is about to write is newer, and may come to the store while that is read.
    const unwritten = writer.unwrittenComponents();
    const version = await store.version();
    for (const { digest, description, settings } of (await store.components()).toReversed()) {
      if (!this.#descriptions.has(digest)) this.#descriptions.set(digest, parseDescription(description));
      if (!unwritten.has(digest)) this.#know(digest, settings);
    }
    this.#settingsVersion = unwritten.size === 0 ? version : null;
  }

  #know(digest: Digest, text: string): void {
    if (this.#settings.get(digest)?.text === text) return;
    const settings = parseSettings(text);
    this.#settings.set(digest, { text, settings });
    this.#limit(digest);
  }

  #limit(digest: Digest): void {
    const settings = this.knownSettingsOf(digest);
    const { inFlightLimit: inFlight, payloadLimitBytes: payloadBytes, stepLimitBytes: stepBytes } = settings;
    const forks = !this.census.isFull(digest);
    this.#mayFork.set(digest, forks);
    this.#options.executor.limit(digest, { inFlight, payloadBytes, stepBytes, forks });
  }

  /** What the agents of a component may do, as it was last said in any process. */
  async settingsOf(digest: Digest): Promise<ComponentSettings> {
    // It is asked before every fetch, and nobody else changes them without a commit.
    if ((await this.#options.store.version()) !== this.#settingsVersion) await this.learn();
    return this.knownSettingsOf(digest);
  }

  /** The same, as this node knew it at its last heartbeat. */
  knownSettingsOf(digest: Digest): ComponentSettings {
    return this.#settings.get(digest)?.settings ?? defaultSettings;
  }

  /** Makes a component ready to run, before it is added. Errors: those of `compileComponent`. */
  async prepare(bytes: Uint8Array, said: SaidSettings): Promise<void> {
    const digest = digestOf(bytes);
    const adapters = said.adapters ?? (await this.settingsOf(digest)).adapters;
    if (!isDeepStrictEqual(this.#loaded.get(digest)?.adapters, adapters)) await this.#compile(bytes, adapters);
  }

  /**
   * Adds a component that was prepared to the store, unless that has it; what is not said of its settings stays.
   *
   * `name`: also the agent type of one of world `blocking`, as an identifier.
   * Errors: HostError `component/bad-setting`.
   */
  async add(
    bytes: Uint8Array,
    name: string,
    said: SaidSettings,
  ): Promise<{ digest: Digest; description: Description }> {
    const { writer, clock } = this.#options;
    const digest = digestOf(bytes);
    const loaded = this.#loaded.get(digest);
    invariant(loaded, "a component is prepared before it is added");
    const held = await writer.findComponent(digest);
    const text = held?.description ?? nameDescription(loaded.text, name);
    const description = parseDescription(text);
    this.#descriptions.delete(digest);
    this.#descriptions.set(digest, description);
    this.#served = [digest, ...this.#served.filter((other) => other !== digest)];
    this.#write(
      held ?? { digest, name, bytes, description: text, settings: "{}", createdAt: clock.now() },
      said,
      !held,
    );
    return { digest, description };
  }

  /** Changes what is said of a component's settings. Errors: HostError `component/unknown`, `component/bad-setting`. */
  async set(digest: Digest, said: SaidSettings): Promise<ComponentSettings> {
    const held = await this.#options.writer.findComponent(digest);
    if (!held) throw unknownComponent(digest);
    this.#write(held, said, false);
    return this.knownSettingsOf(digest);
  }

  #write(row: ComponentRow, said: SaidSettings, isNew: boolean): void {
    const settings = mergeSettings(row.settings, said);
    if (isNew || settings !== row.settings) this.#options.writer.component({ ...row, settings });
    this.#settingsVersion = null;
    this.#know(row.digest, settings);
  }

  /** Makes sure that the executor knows a component of the store. */
  async load(digest: Digest): Promise<void> {
    await this.census.learn(digest);
    if (this.#loaded.has(digest)) return;
    const row = await this.#options.store.component(digest);
    if (!row)
      throw new HostError(
        "store/corrupt",
        `The store has lost the component ${shortDigest(digest)}. Run it again from its file.`,
      );
    await this.#compile(row.bytes, parseSettings(row.settings).adapters);
    if (!this.#descriptions.has(digest)) this.#descriptions.set(digest, parseDescription(row.description));
  }

  async #compile(bytes: Uint8Array, adapters: Record<string, string>): Promise<void> {
    const compiled = await this.#options.compile(bytes, adapters);
    this.#options.executor.load(compiled);
    this.#loaded.set(compiled.digest, { text: compiled.descriptionText, adapters });
  }

  /** Of the components that were added here, the newest that has an agent's type. Errors as of `serving`, for forks. */
  served(agent: AgentId): Digest | undefined {
    const { kind, type } = readType(agent);
    return this.#served.find((digest) => offers(this.#descriptions.get(digest)!, kind, type));
  }

  /**
   * The component that a new agent is to be of: `preferred` if it has the type, else the newest that has it.
   *
   * Errors: HostError `rpc/unknown-agent`, `rpc/unknown-function`.
   */
  async serving(agent: AgentId, preferred: Digest | null): Promise<Digest> {
    const { kind, type } = readType(agent);
    const serves = ([, description]: Candidate) => offers(description, kind, type);
    if (!this.#candidates(preferred).some(serves)) await this.learn();
    const candidates = this.#candidates(preferred);
    const found = candidates.find(serves);
    if (found) return found[0];
    const offered = candidates[0]?.[1][kind].map(({ name }) => name) ?? [];
    const what = kind === "functions" ? "function" : "agent type";
    throw new HostError(
      `rpc/unknown-${kind === "functions" ? "function" : "agent"}`,
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
    const description = this.#descriptions.get(component);
    const methods = description?.agents.find(({ name }) => name === type)?.methods;
    if (!methods || isAmong(description!, methods, method)) return;
    const offered = methods.map(({ name }) => name);
    throw new HostError(
      "rpc/unknown-method",
      `${type} has no method ${JSON.stringify(method)}. ${suggestName(method, offered)}`,
      { data: { method, offered } },
    );
  }
}

/** Whether a component has an agent type or a function. */
function offers(description: Description, kind: "agents" | "functions", said: string): boolean {
  return kind === "agents"
    ? description.agents.some(({ name }) => name === said)
    : isAmong(description, description.functions, said);
}

/** What WIT names has many spellings; the guest finds out which function is meant, and whether it is one. */
function isAmong({ sdk }: Description, all: readonly { name: string }[], said: string): boolean {
  const names = all.map(({ name }) => name);
  return sdk === witSdk ? matchNames(names, said).length > 0 : names.includes(said);
}

export function unknownComponent(digest: Digest): HostError {
  return new HostError("component/unknown", `There is no component ${shortDigest(digest)} in the store.`);
}

/** What a new agent is to be an instance or a call of. Errors: HostError `rpc/unknown-agent` for a fork. */
function readType(agent: AgentId): { kind: "agents" | "functions"; type: string } {
  const { type, params, phantom } = parseAgentName(agent);
  if (params === null || phantom === null) return { kind: params === null ? "functions" : "agents", type };
  throw new HostError(
    "rpc/unknown-agent",
    `There is no fork ${agent}. Forks come about by forking; \`planaria agents\` lists them.`,
  );
}
