import type { Outcome } from "../oplog/entry.ts";

const unknownOperation: Outcome = {
  error: JSON.stringify({
    name: "PlanariaError",
    code: "operation/unknown",
    message: "There is no such operation of this invocation, or its outcome was taken before.",
  }),
};

/**
 * Where a blocking guest waits for operations.
 *
 * It holds nothing while no invocation runs: an outcome that nobody took is dropped with the invocation.
 */
export class Suspension {
  /** Operations of the invocation that have no outcome yet. */
  readonly #pending = new Set<number>();
  /** Outcomes that were not taken, in the order in which they came. */
  readonly #outcomes = new Map<number, Outcome>();
  readonly #waits = new Set<{ operations: readonly number[]; resume: () => void }>();
  /** Told whenever the guest begins to wait. */
  #waited: () => void = () => {};

  get pending(): Iterable<number> {
    return this.#pending;
  }

  /** Whether somebody waits, and nobody can go on. */
  get isStuck(): boolean {
    return this.#waits.size > 0 && ![...this.#waits].some(({ operations }) => this.#isAnyOver(operations));
  }

  onWait(waited: () => void): void {
    this.#waited = waited;
  }

  /** Forgets all: an invocation begins or ends, or the instance has another agent. */
  clear(): void {
    this.#pending.clear();
    this.#outcomes.clear();
    this.#waits.clear();
  }

  started(operation: number): void {
    this.#pending.add(operation);
  }

  /** An operation that is none of the running invocation is passed over. */
  deliver(operation: number, outcome: Outcome): void {
    if (this.#pending.delete(operation)) this.#outcomes.set(operation, outcome);
  }

  /** Lets those go on whose operations have ended. */
  resume(): void {
    for (const wait of this.#waits) {
      if (!this.#isAnyOver(wait.operations)) continue;
      this.#waits.delete(wait);
      wait.resume();
    }
  }

  /** Waits until one of these operations has an outcome. It does not wait for those that can't have one. */
  readonly wait = (operations: readonly number[]): Promise<void> => {
    if (this.#isAnyOver(operations)) return Promise.resolve();
    return new Promise((resume) => {
      this.#waits.add({ operations, resume });
      this.#waited();
    });
  };

  /** Of these operations, the one that ended first. */
  readonly first = (operations: readonly number[]): number => {
    const ended = [...this.#outcomes.keys()].find((operation) => operations.includes(operation));
    return ended ?? operations.find((operation) => !this.#pending.has(operation))!;
  };

  /** Whether there is nothing to wait for: it has an outcome, or there will never be one. */
  readonly isOver = (operation: number): boolean => !this.#pending.has(operation);

  /** Takes an outcome, which is given once. */
  readonly take = (operation: number): Outcome => {
    const outcome = this.#outcomes.get(operation);
    this.#outcomes.delete(operation);
    return outcome ?? unknownOperation;
  };

  #isAnyOver(operations: readonly number[]): boolean {
    return operations.some(this.isOver);
  }
}
