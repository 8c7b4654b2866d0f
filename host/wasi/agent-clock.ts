import type { WasiContext } from "./wasi-context.ts";

/** What one reading of the clock takes: so time passes within a step, and a guest that waits by looking comes to an end. */
export const readingNs = 1_000n;

/**
 * The clock that an agent looks at, in nanoseconds since 1970-01-01T00:00:00Z: a function of the instants of its steps
 * and of how often it looked.
 */
export class AgentClock {
  /** The last reading. */
  lastNs = 0n;
  readonly #context: Pick<WasiContext, "journal">;

  constructor(context: Pick<WasiContext, "journal">) {
    this.#context = context;
  }

  /** Later than every reading before it. */
  read(): bigint {
    const stepNs = BigInt(this.#context.journal().at) * 1_000_000n;
    return (this.lastNs = maxOf(stepNs, this.lastNs + readingNs));
  }

  /** A moment that the agent has waited for has come. */
  reach(ns: bigint): void {
    this.lastNs = maxOf(this.lastNs, ns);
  }
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
