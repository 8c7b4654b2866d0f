import { invocationKey, type AgentId, type InvocationKey } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import { invocationRowKey, splitRowKey } from "../store/changes.ts";
import type { InvocationRow } from "../store/store.ts";

type Waiter = PromiseWithResolvers<Outcome | null>;

/** Who waits in this process for the outcome of an invocation. */
export class Results {
  readonly #durable: () => Promise<void>;
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** `durable` resolves when all that was done so far is durable. */
  constructor(durable: () => Promise<void>) {
    this.#durable = durable;
  }

  /** The outcome, once it is durable; null if it was lost before, and may come again. */
  wait(agent: AgentId, key: InvocationKey): Promise<Outcome | null> {
    const waiter: Waiter = Promise.withResolvers();
    // The node may fail before anybody looks at it.
    waiter.promise.catch(() => {});
    const name = invocationRowKey(agent, key);
    this.#waiters.set(name, (this.#waiters.get(name) ?? new Set()).add(waiter));
    return waiter.promise;
  }

  /** Within the turn that brought the outcome. */
  finished({ agent, key, outcome }: Pick<InvocationRow, "agent" | "key" | "outcome">): void {
    const name = invocationRowKey(agent, key);
    const waiters = this.#waiters.get(name);
    if (!waiters || !outcome) return;
    this.#waiters.delete(name);
    const tell = (end: Outcome | null) => waiters.forEach((waiter) => waiter.resolve(end));
    this.#durable().then(
      () => tell(outcome),
      () => tell(null),
    );
  }

  /** The invocations that somebody waits for. */
  awaited(): { agent: AgentId; key: InvocationKey }[] {
    return [...this.#waiters.keys()].map((name) => {
      const [agent, key] = splitRowKey(name);
      return { agent, key: invocationKey(key) };
    });
  }

  /** What was not durable is lost, and perhaps what somebody waits for: to be asked for again. */
  reset(): void {
    this.#endAll((waiter) => waiter.resolve(null));
  }

  refuse(error: unknown): void {
    this.#endAll((waiter) => waiter.reject(error));
  }

  #endAll(end: (waiter: Waiter) => void): void {
    for (const waiters of this.#waiters.values()) waiters.forEach(end);
    this.#waiters.clear();
  }
}
