import type { Entry, Environment, Outcome } from "../../../host/oplog/entry.ts";
import { Recorder } from "../../../host/replay/journal.ts";
import { seededRandom } from "../../../host/testing/seeded-random.ts";
import { Wasi, type WasiContext } from "../../../host/wasi/wasi.ts";

/** The instant of the first step. */
export const begin = 1_800_000_000_000;

/** A step that is under way, as imports see it, and whose further course the test decides. */
export class Scene implements WasiContext {
  readonly wasi: Wasi;
  /** What became of operations, and was not taken. */
  readonly outcomes = new Map<number, Outcome>();
  /** What the guest waits for. */
  awaited: readonly number[] | null = null;
  given: Environment = { variables: [], arguments: [], preopens: [] };
  #random = seededRandom(1);
  #journal = new Recorder({ at: begin, operations: 0, random: this.#random });
  #resume = () => {};

  constructor() {
    this.wasi = new Wasi(this);
  }

  /** The entries of the step that is under way. */
  get entries(): Entry[] {
    return this.#journal.entries;
  }

  /** A new step, that much later, in which operations have ended. */
  step(laterMs: number, outcomes: Record<number, Outcome> = {}): void {
    const at = this.#journal.at + laterMs;
    const operations = this.#journal.nextOperation() - 1;
    this.#journal = new Recorder({ at, operations, random: this.#random });
    for (const [operation, outcome] of Object.entries(outcomes)) this.outcomes.set(Number(operation), outcome);
    this.awaited = null;
    this.#resume();
  }

  /** The functions of an interface, typed by whoever asks. */
  functions<T>(name: string): T {
    return this.wasi.functions[name] as T;
  }

  journal() {
    return this.#journal;
  }

  environment() {
    return this.given;
  }

  wait(operations: readonly number[]): Promise<void> {
    if (operations.some((operation) => this.outcomes.has(operation))) return Promise.resolve();
    this.awaited = operations;
    return new Promise((resolve) => (this.#resume = resolve));
  }

  hasOutcome(operation: number) {
    return this.outcomes.has(operation);
  }

  takeOutcome(operation: number) {
    const outcome = this.outcomes.get(operation) ?? null;
    this.outcomes.delete(operation);
    return outcome;
  }
}

/** What a function throws, which need not be an error; undefined as well if that is what it throws. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown.");
}

export const ended: Outcome = { value: "null" };
export const canceled: Outcome = { error: JSON.stringify({ code: "operation/canceled", message: "It was canceled." }) };
