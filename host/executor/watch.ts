import { agentId, type AgentId } from "../base/id.ts";
import type { Clock } from "../base/port.ts";
import type { Watch } from "./runner.ts";

/**
 * A page of shared memory on which one thread says which agent's step it runs, since when, for another to see.
 *
 * Layout: i32 number of begins and ends, odd while a step runs; i32 length of the name; f64 begin in milliseconds; the
 * name in UTF-8.
 */
export const watchSizeBytes = 16_384;
const nameAt = 16;

export class SharedWatch implements Watch {
  readonly #numbers: Int32Array;
  readonly #begin: Float64Array;
  readonly #name: Uint8Array;
  readonly #clock: Clock;
  readonly #encoder = new TextEncoder();

  constructor(memory: SharedArrayBuffer, clock: Clock) {
    this.#numbers = new Int32Array(memory, 0, 2);
    this.#begin = new Float64Array(memory, 8, 1);
    this.#name = new Uint8Array(memory, nameAt);
    this.#clock = clock;
  }

  begin(agent: AgentId): void {
    this.#numbers[1] = this.#encoder.encodeInto(agent, this.#name).written;
    this.#begin[0] = this.#clock.now();
    Atomics.add(this.#numbers, 0, 1);
  }

  end(): void {
    Atomics.add(this.#numbers, 0, 1);
  }

  /** The agent whose step is under way, and for how long in milliseconds; null between steps. */
  running(): { agent: AgentId; forMs: number } | null {
    if (Atomics.load(this.#numbers, 0) % 2 === 0) return null;
    const agent = agentId(Buffer.from(this.#name.slice(0, this.#numbers[1])).toString());
    return { agent, forMs: this.#clock.now() - this.#begin[0]! };
  }
}
