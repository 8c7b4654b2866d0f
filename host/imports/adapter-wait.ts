import { HostError } from "../base/error.ts";
import type { Outcome } from "../oplog/entry.ts";
import type { WasiContext } from "../wasi/wasi-context.ts";
import type { AdapterError } from "./adapter-host.ts";

type Settle = (outcome: Outcome) => void;

/**
 * Lets the functions of adapters wait for operations.
 *
 * A guest that calls a function of an adapter is suspended until that has come to its end. Meanwhile the adapter runs
 * until nothing in it can go on, and what it waits for then is what the guest waits for: so the steps of the guest are the
 * same in a replay, however many operations the adapter awaits at once.
 */
export class AdapterWait {
  readonly #context: Pick<WasiContext, "wait" | "takeOutcome">;
  /** Who awaits what in the call that is under way; null: none is. */
  #waiting: Map<number, Settle> | null = null;

  constructor(context: Pick<WasiContext, "wait" | "takeOutcome">) {
    this.#context = context;
  }

  /** Runs a function of an adapter to its end. Those that it calls itself are a part of it. */
  async run(call: () => unknown): Promise<unknown> {
    if (this.#waiting) return call();
    const waiting = new Map<number, Settle>();
    this.#waiting = waiting;
    try {
      const returned = call();
      return isThenable(returned) ? await this.#drive(Promise.resolve(returned), waiting) : returned;
    } finally {
      this.#waiting = null;
    }
  }

  /** The outcome of an operation, for which nobody waits until it is awaited. */
  outcome<T>(operation: number): PromiseLike<T> {
    let outcome: Promise<T> | undefined;
    return {
      // oxlint-disable-next-line unicorn/no-thenable
      then: (fulfilled, rejected) =>
        (outcome ??= this.#await(operation).then(readOutcome<T>)).then(fulfilled, rejected),
    };
  }

  #await(operation: number): Promise<Outcome> {
    // What an adapter leaves behind when its function returns does not go on: nobody waits for it.
    return new Promise((resolve) => void this.#waiting?.set(operation, resolve));
  }

  async #drive(result: Promise<unknown>, waiting: Map<number, Settle>): Promise<unknown> {
    let isOver = false;
    const over = () => void (isOver = true);
    result.then(over, over);
    for (;;) {
      await untilStill();
      if (isOver) return result;
      if (waiting.size === 0)
        throw new HostError("guest/adapter", "It awaits something that is none of the host's operations.");
      await this.#context.wait([...waiting.keys()]);
      this.#settle(waiting);
    }
  }

  #settle(waiting: Map<number, Settle>): void {
    const ended = [...waiting].flatMap(([operation, settle]) => {
      const outcome = this.#context.takeOutcome(operation);
      return outcome ? [{ operation, settle, outcome }] : [];
    });
    for (const { operation, settle, outcome } of ended) {
      waiting.delete(operation);
      settle(outcome);
    }
    if (ended.length > 0) return;
    throw new HostError("guest/adapter", "It awaits an operation of an earlier invocation.");
  }
}

/** Until everything has run that needs nothing from outside. */
const untilStill = () => new Promise((resolve) => setImmediate(resolve));

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";

function readOutcome<T>(outcome: Outcome): T {
  if ("value" in outcome) return JSON.parse(outcome.value) as T;
  throw new OperationError(JSON.parse(outcome.error) as AdapterError);
}

/** What an adapter is thrown when an operation has failed. */
export class OperationError extends Error implements AdapterError {
  readonly code?: string;
  readonly data?: unknown;

  constructor({ name, message, code, data, cause }: AdapterError) {
    super(message, cause === undefined ? {} : { cause });
    this.name = name;
    if (code !== undefined) this.code = code;
    if (data !== undefined) this.data = data;
  }
}
