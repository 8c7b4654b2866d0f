import type { StepLimits } from "../agent/executor.ts";
import { startsOperation } from "../oplog/operation.ts";
import { HostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Entry } from "../oplog/entry.ts";

/** What an entry costs beside the texts in it, and an item of a list beside its own: so that many small ones count, too. */
const entrySizeBytes = 256;
const itemSizeBytes = 16;

/**
 * Counts what an agent does while a step of it runs, so that a loop that starts a million calls, or says a thousand
 * books, ends early.
 *
 * Errors: HostError `guest/too-many-operations`, `guest/payload-too-large`, `guest/step-too-large`, `rpc/too-many-agents`,
 *         each a trap to the guest. The first of them is thrown again by all that follows, whatever the guest makes of it.
 */
export class StepLimit {
  #error: HostError | null = null;
  #inFlight: number;
  #sizeBytes = 0;
  readonly #agent: AgentId;
  readonly #limits: StepLimits;

  /** `inFlight`: the operations in flight when the step begins, without those whose outcomes it brings. */
  constructor(agent: AgentId, inFlight: number, limits: StepLimits) {
    this.#agent = agent;
    this.#inFlight = inFlight;
    this.#limits = limits;
  }

  /** To be told what an import is called with, before anything is made of it. */
  admit(args: readonly unknown[]): void {
    const { payloadBytes } = this.#limits;
    const sizeBytes = sizeOf(args);
    if (sizeBytes > payloadBytes)
      this.#refuse(
        "guest/payload-too-large",
        `hands over ${sizeBytes} bytes at once, and ${payloadBytes} are the most. Hand over less, piece by piece, or raise the limit with --payload-limit`,
        payloadBytes,
      );
    this.#add(sizeBytes);
  }

  /** To be told of each entry before it is noted. */
  check(entry: Entry): void {
    this.#add(entrySizeBytes + broughtIn(entry).length);
    if (entry.kind === "fork-started" && !this.#limits.forks)
      this.#refuse(
        "rpc/too-many-agents",
        "can't be forked: there are as many agents of its component as there may be; the step was undone. Delete some, see that the forking ends, or raise the limit with --agent-limit",
        0,
      );
    if (!startsOperation(entry)) return;
    this.#inFlight += 1;
    const { inFlight } = this.#limits;
    if (this.#inFlight > inFlight)
      this.#refuse(
        "guest/too-many-operations",
        `would have more than ${inFlight} operations in flight; the step was undone. Start fewer at once, with mapLimit(items, limit, fn), or raise the limit with --in-flight-limit`,
        inFlight,
      );
  }

  /** The step has come to its end. */
  end(): void {
    if (this.#error) throw this.#error;
  }

  #add(sizeBytes: number): void {
    this.end();
    this.#sizeBytes += sizeBytes;
    const { stepBytes } = this.#limits;
    if (this.#sizeBytes > stepBytes)
      this.#refuse(
        "guest/step-too-large",
        `would journal more than ${stepBytes} bytes in one step; it was undone. Do less between two awaits, or raise the limit with --step-limit`,
        stepBytes,
      );
  }

  #refuse(code: string, what: string, limit: number): never {
    this.#error ??= new HostError(code, `${this.#agent} ${what}.`, { data: { agent: this.#agent, limit } });
    throw this.#error;
  }
}

/** How much text and how many bytes are in the arguments of an import. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + itemSizeBytes + sizeOf(item), 0);
  if (typeof value !== "object" || value === null) return 0;
  let sum = 0;
  for (const name in value) sum += sizeOf(value[name as keyof typeof value]);
  return sum;
}

/** What the host gave and the journal has to keep. */
function broughtIn(entry: Entry): string {
  if (entry.kind === "random-drawn") return entry.bytes;
  return entry.kind === "observed" ? entry.answer : "";
}
