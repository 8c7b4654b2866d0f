import { invocationKey, type AgentId, type InvocationKey } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import { invocationRowKey, splitRowKey } from "../store/changes.ts";
import type { InvocationRow } from "../store/store.ts";

/** Who waits in this process for the outcome of an invocation. */
export class Results {
  readonly #waiters = new Map<string, Set<PromiseWithResolvers<Outcome>>>();

  wait(agent: AgentId, key: InvocationKey): Promise<Outcome> {
    const waiter = Promise.withResolvers<Outcome>();
    // The node may fail before anybody looks at it.
    waiter.promise.catch(() => {});
    const name = invocationRowKey(agent, key);
    this.#waiters.set(name, (this.#waiters.get(name) ?? new Set()).add(waiter));
    return waiter.promise;
  }

  finished({ agent, key, outcome }: InvocationRow): void {
    const name = invocationRowKey(agent, key);
    const waiters = this.#waiters.get(name);
    if (!waiters || !outcome) return;
    this.#waiters.delete(name);
    for (const waiter of waiters) waiter.resolve(outcome);
  }

  /** The invocations that somebody waits for. */
  awaited(): { agent: AgentId; key: InvocationKey }[] {
    return [...this.#waiters.keys()].map((name) => {
      const [agent, key] = splitRowKey(name);
      return { agent, key: invocationKey(key) };
    });
  }

  refuse(error: unknown): void {
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
