import { promiseId, type AgentId, type PromiseId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { EntryOf, Outcome } from "../oplog/entry.ts";
import { promiseSource, type PromiseRow } from "../store/store.ts";
import { done, failed } from "./failure.ts";
import type { Waits } from "./waits.ts";
import type { Writer } from "./writer.ts";

export type Settlement = Pick<PromiseRow, "payload" | "settledBy"> & { state: Exclude<PromiseRow["state"], "pending"> };

/**
 * Durable promises: pending, then resolved, rejected, canceled or timed out, and that for ever.
 *
 * A timeout holds from its instant on, by the clock of whoever looks first: it is then written, so that it also holds for
 * others, by whose clocks there is time left.
 */
export class Promises {
  readonly #writer: Writer;
  readonly #waits: Waits;
  readonly #clock: Clock;
  readonly #wakeBy: (at: number) => void;

  constructor(options: { writer: Writer; waits: Waits; clock: Clock; wakeBy: (at: number) => void }) {
    this.#writer = options.writer;
    this.#waits = options.waits;
    this.#clock = options.clock;
    this.#wakeBy = options.wakeBy;
  }

  /** The promise as it is now. Only in a turn: it may have timed out. */
  async find(id: PromiseId): Promise<PromiseRow | undefined> {
    const row = await this.#writer.findPromise(id);
    const current = row && promiseAt(row, this.#clock.now());
    if (current && current !== row) await this.#write(current);
    return current;
  }

  async create(id: PromiseId, by: AgentId | null, at: number, timeoutMs: number | undefined): Promise<void> {
    if (await this.#writer.findPromise(id)) return;
    const expiresAt = timeoutMs === undefined ? null : at + timeoutMs;
    this.#writer.promise({
      id,
      state: "pending",
      payload: null,
      createdBy: by,
      createdAt: at,
      expiresAt,
      settledAt: null,
      settledBy: null,
    });
    if (expiresAt !== null) this.#wakeBy(expiresAt);
  }

  /** Returns whether this settled it; undefined if there is no such promise. */
  async settle(id: PromiseId, settlement: Settlement): Promise<boolean | undefined> {
    const row = await this.find(id);
    if (!row) return undefined;
    if (row.state !== "pending") return false;
    await this.#write({ ...row, ...settlement, settledAt: this.#clock.now() });
    return true;
  }

  async #write(row: PromiseRow): Promise<void> {
    this.#writer.promise(row);
    await this.#waits.settle(promiseSource(row.id), promiseOutcome(row)!);
  }

  /** The outcome of `promise.await`, or null while it is pending. */
  async outcomeOf(id: string): Promise<Outcome | null> {
    const row = await this.find(promiseId(id));
    return row ? promiseOutcome(row) : unknownPromise(id);
  }

  /** The outcome of `promise.complete` and its like: whether it was this operation that settled the promise. */
  async settledBy(id: string, by: AgentId, operation: number): Promise<Outcome> {
    const row = await this.find(promiseId(id));
    if (!row) return unknownPromise(id);
    return done(row.settledBy?.agent === by && row.settledBy.operation === operation);
  }

  /** Carries out `promise.complete`, `reject` and `cancel`. */
  async settleByGuest(by: AgentId, { id, as, payload, operation }: EntryOf<"promise-settled">): Promise<void> {
    await this.settle(promiseId(id), { state: as, payload: payload ?? null, settledBy: { agent: by, operation } });
  }
}

/** A promise as it is at a moment, whether its timeout was written or not. */
export function promiseAt(row: PromiseRow, now: number): PromiseRow {
  const isOver = row.state === "pending" && row.expiresAt !== null && row.expiresAt <= now;
  return isOver ? { ...row, state: "timed-out", settledAt: row.expiresAt } : row;
}

/** What awaiting a settled promise gives; null while it is pending. */
function promiseOutcome(row: PromiseRow): Outcome | null {
  switch (row.state) {
    case "pending":
      return null;
    case "resolved":
      return { value: row.payload ?? "null" };
    case "rejected":
      return { error: row.payload ?? "null" };
    case "canceled":
      return failed("promise/canceled", `The promise ${JSON.stringify(row.id)} was canceled.`);
    case "timed-out":
      return failed(
        "promise/timed-out",
        `The promise ${JSON.stringify(row.id)} was not settled by ${new Date(row.expiresAt!).toISOString()}.`,
      );
  }
}

function unknownPromise(id: string): Outcome {
  return failed(
    "promise/unknown",
    `There is no promise ${JSON.stringify(id)}. Create it before it is awaited or settled.`,
  );
}
