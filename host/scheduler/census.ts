import { HostError } from "../base/error.ts";
import { shortDigest, type Digest } from "../base/id.ts";
import type { AgentRow, Store } from "../store/store.ts";

export interface CensusOptions {
  store: Store;
  limitOf: (component: Digest) => number;
  /** Told when the number of a component's agents has changed. */
  changed: (component: Digest) => void;
}

/**
 * How many agents of each component have not ended, so that a guest that forks or calls new agents for ever comes to an
 * end. It is asked of the store once, and kept by what this node does; that of other nodes is seen at the next heartbeat.
 * So the limit is no exact one.
 */
export class Census {
  readonly #options: CensusOptions;
  readonly #counts = new Map<Digest, number>();

  constructor(options: CensusOptions) {
    this.#options = options;
  }

  /** Asks the store, unless the number is known. */
  async learn(component: Digest): Promise<void> {
    if (!this.#counts.has(component)) this.#set(component, await this.#options.store.countAgents(component));
  }

  isFull(component: Digest): boolean {
    return (this.#counts.get(component) ?? 0) >= this.#options.limitOf(component);
  }

  /** Errors: HostError `rpc/too-many-agents` if there may be no further agent of a component. */
  async check(component: Digest): Promise<void> {
    await this.learn(component);
    if (this.isFull(component)) throw tooManyAgents(component, this.#options.limitOf(component));
  }

  /** To be told of each change: null for an agent that is not there yet, or not any more. */
  note(
    before: Pick<AgentRow, "component" | "state"> | null,
    after: Pick<AgentRow, "component" | "state"> | null,
  ): void {
    this.#add(before, -1);
    this.#add(after, 1);
  }

  /** Other nodes may have made or ended some: where it matters, the store is asked again. */
  async refresh(): Promise<void> {
    const { store, limitOf } = this.#options;
    for (const [component, count] of this.#counts)
      if (2 * count > limitOf(component)) this.#set(component, await store.countAgents(component));
  }

  /** What was not committed is gone. */
  reset(): void {
    this.#counts.clear();
  }

  #add(row: Pick<AgentRow, "component" | "state"> | null, by: number): void {
    if (!row?.component || row.state === "ended") return;
    const count = this.#counts.get(row.component);
    if (count !== undefined) this.#set(row.component, count + by);
  }

  #set(component: Digest, count: number): void {
    this.#counts.set(component, count);
    this.#options.changed(component);
  }
}

function tooManyAgents(component: Digest, limit: number): HostError {
  return new HostError(
    "rpc/too-many-agents",
    `There are ${limit} agents of the component ${shortDigest(component)} that have not ended, and there may be no more. Delete some, see that the recursion ends, or raise the limit with --agent-limit.`,
    { data: { component, limit } },
  );
}
