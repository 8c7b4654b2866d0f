import type { AgentId } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { Store } from "../store/store.ts";
import type { Agents } from "./agents.ts";
import type { Live, Wait } from "./live.ts";
import type { Writer } from "./writer.ts";

/** Tells waits apart by the moment until which they last. */
type Counts = (wait: Pick<Wait, "dueAt">) => boolean;

/** Who waits for a call until a moment that has passed wants it no more. */
export function isPatient(now: number): Counts {
  return ({ dueAt }) => dueAt === null || dueAt > now;
}

/** The moment of a wait that has been given up: it has passed on every clock. */
const past = 0;

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

  readonly #left: (source: string, live: Live) => void;

  /** `left` is told when an agent waits for a source no more. */
  constructor(options: { agents: Agents; store: Store; writer: Writer; left: (source: string, live: Live) => void }) {
    this.#agents = options.agents;
    this.#store = options.store;
    this.#writer = options.writer;
    this.#left = options.left;
  }

  /** Notes that an operation waits; one that does already, goes on waiting. */
  add(live: Live, operation: number, { source, dueAt, attempt = 1 }: Omit<Wait, "attempt"> & Partial<Wait>): void {
    if (!live.waiting.has(operation)) {
      live.waiting.set(operation, { source, dueAt, attempt });
      this.#writer.operation({ agent: live.row.id, operation, source, dueAt, attempt });
    }
    if (source !== null) this.#index(live, operation, source);
  }

  /** An operation has waited for too long. That stands from now on, also for nodes by whose clocks it has not. */
  giveUp(live: Live, operation: number, source: string): void {
    const { attempt = 1, dueAt } = live.waiting.get(operation) ?? { dueAt: null };
    if (dueAt === past) return;
    live.waiting.set(operation, { source, dueAt: past, attempt });
    this.#writer.operationChanged({ agent: live.row.id, operation, source, dueAt: past, attempt });
    this.#index(live, operation, source);
  }

  isGivenUp(live: Live, operation: number): boolean {
    return live.waiting.get(operation)?.dueAt === past;
  }

  /** Everyone who waits for a source waits for another attempt, from `dueAt` on, or for one that is under way. */
  async again(source: string, attempt: number, dueAt: number | null): Promise<void> {
    for (const { agent } of await this.#store.waiters(source)) await this.#agents.local(agent);
    for (const [live, operations] of this.#bySource.get(source) ?? []) {
      for (const operation of operations) {
        live.waiting.set(operation, { source, dueAt, attempt });
        this.#writer.operationChanged({ agent: live.row.id, operation, source, dueAt, attempt });
      }
    }
  }

  /** An agent has come to hand with waits that the store knows. */
  loaded(live: Live): void {
    for (const [operation, { source }] of live.waiting) if (source !== null) this.#index(live, operation, source);
  }

  /** The store is to know of its waits again. */
  unloaded(live: Live): void {
    for (const [operation, { source }] of live.waiting) if (source !== null) this.#drop(live, operation, source);
  }

  /** Nobody is at hand any more. A turn that broke off may have left what it was just taking out. */
  reset(): void {
    this.#bySource.clear();
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
    if (wait.source === null) return;
    this.#drop(live, operation, wait.source);
    this.#left(wait.source, live);
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

  /** Whether somebody but this agent waits for a source, in a wait that counts. */
  async hasOthers(source: string, than: Live, counts: Counts = () => true): Promise<boolean> {
    for (const [live, operations] of this.#bySource.get(source) ?? [])
      if (live !== than && [...operations].some((operation) => counts(live.waiting.get(operation)!))) return true;
    const rows = await this.#store.waiters(source);
    return rows.some((row) => row.agent !== than.row.id && !this.#agents.live(row.agent) && counts(row));
  }

  /** Sends an outcome to everyone who waits for a source, in a wait that counts. Agents of other nodes find it in the store. */
  async settle(source: string, outcome: Outcome, counts: Counts = () => true): Promise<void> {
    const told = new Set<AgentId>();
    for (const [live, operations] of this.#bySource.get(source) ?? []) {
      told.add(live.row.id);
      for (const operation of operations)
        if (counts(live.waiting.get(operation)!))
          await this.#agents.send(live, { kind: "delivered", operation, outcome });
    }
    for (const row of await this.#store.waiters(source)) {
      const { agent, operation } = row;
      if (told.has(agent) || this.#agents.live(agent) || !counts(row)) continue;
      const live = await this.#agents.local(agent);
      if (live) await this.#agents.send(live, { kind: "delivered", operation, outcome });
    }
  }
}
