import type { AgentId } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Live } from "./live.ts";
import type { Writer } from "./writer.ts";

/**
 * Who waits for what: operations in flight that something else will end, an invocation, a promise or the time.
 *
 * The rows in the store are what a node that starts finds; of agents at hand, memory knows first.
 */
export class Waits {
  readonly #agents: Agents;
  readonly #store: Store;
  readonly #writer: Writer;
  readonly #bySource = new Map<string, Map<Live, Set<number>>>();

  constructor(options: { agents: Agents; store: Store; writer: Writer }) {
    this.#agents = options.agents;
    this.#store = options.store;
    this.#writer = options.writer;
  }

  /** Notes that an operation waits; one that does already, goes on waiting. */
  add(live: Live, operation: number, { source, dueAt }: { source: string | null; dueAt: number | null }): void {
    if (!live.waiting.has(operation)) {
      live.waiting.set(operation, { source, dueAt });
      this.#writer.operation({ agent: live.row.id, operation, source, dueAt });
    }
    if (source !== null) this.#index(live, operation, source);
  }

  /** An agent has come to hand with waits that the store knows. */
  loaded(live: Live): void {
    for (const [operation, { source }] of live.waiting) if (source !== null) this.#index(live, operation, source);
  }

  /** The store is to know of its waits again. */
  unloaded(live: Live): void {
    for (const [operation, { source }] of live.waiting) if (source !== null) this.#drop(live, operation, source);
  }

  #index(live: Live, operation: number, source: string): void {
    let waiters = this.#bySource.get(source);
    if (!waiters) this.#bySource.set(source, (waiters = new Map()));
    const operations = waiters.get(live);
    if (operations) operations.add(operation);
    else waiters.set(live, new Set([operation]));
  }

  /** An operation waits no more: its outcome was delivered, or nobody wants it. */
  remove(live: Live, operation: number): void {
    const wait = live.waiting.get(operation);
    if (!wait) return;
    live.waiting.delete(operation);
    this.#writer.removeOperation(live.row.id, operation);
    if (wait.source !== null) this.#drop(live, operation, wait.source);
  }

  #drop(live: Live, operation: number, source: string): void {
    const waiters = this.#bySource.get(source);
    const operations = waiters?.get(live);
    operations?.delete(operation);
    if (operations?.size === 0) waiters!.delete(live);
    if (waiters?.size === 0) this.#bySource.delete(source);
  }

  removeAll(live: Live): void {
    for (const operation of [...live.waiting.keys()]) this.remove(live, operation);
  }

  /** Whether somebody but this agent waits for a source. */
  async hasOthers(source: string, than: Live): Promise<boolean> {
    for (const live of this.#bySource.get(source)?.keys() ?? []) if (live !== than) return true;
    const rows = await this.#store.waiters(source);
    return rows.some(({ agent }) => agent !== than.row.id && !this.#agents.live(agent));
  }

  /** Sends an outcome to everyone who waits for a source. Agents of other nodes find it in the store. */
  async settle(source: string, outcome: Outcome): Promise<void> {
    const told = new Set<AgentId>();
    for (const [live, operations] of this.#bySource.get(source) ?? []) {
      told.add(live.row.id);
      for (const operation of operations) await this.#agents.send(live, { kind: "delivered", operation, outcome });
    }
    for (const { agent, operation } of await this.#store.waiters(source)) {
      if (told.has(agent) || this.#agents.live(agent)) continue;
      const live = await this.#agents.local(agent);
      if (live) await this.#agents.send(live, { kind: "delivered", operation, outcome });
    }
  }
}
