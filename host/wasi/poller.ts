import { HostError } from "../base/error.ts";
import type { AgentClock } from "./agent-clock.ts";
import { Pollable, type Condition } from "./pollable.ts";
import { refuseSaved, type Saved } from "./saved.ts";
import { toSpanMs } from "./span.ts";
import type { WasiContext } from "./wasi-context.ts";

/** A moment on the agent's clock. */
class Timer implements Condition {
  readonly awaited: { dueNs: bigint };
  readonly #clock: AgentClock;
  #isGivenUp = false;

  constructor(dueNs: bigint, clock: AgentClock) {
    this.awaited = { dueNs };
    this.#clock = clock;
  }

  isMet(): boolean {
    return this.#isGivenUp || this.#clock.read() >= this.awaited.dueNs;
  }

  /** The sleep until then was canceled. The clock does not jump, and the guest must not wait anew. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  save(): Saved {
    return { kind: "pollable", dueNs: this.#isGivenUp ? null : String(this.awaited.dueNs) };
  }
}

/** `wasi:io/poll`: waits for operations of the agent, and for moments, for the first of which it starts a sleep. */
export class Poller {
  readonly #context: WasiContext;
  readonly #clock: AgentClock;

  constructor(context: WasiContext, clock: AgentClock) {
    this.#context = context;
    this.#clock = clock;
  }

  /** Resolves to the places of those that are ready, as soon as there is one. */
  readonly poll = async (pollables: Pollable[]): Promise<Uint32Array> => {
    if (pollables.length === 0)
      throw new HostError("guest/invalid-argument", "wasi:io/poll: poll was given nothing to wait for.");
    for (;;) {
      const ready = pollables.flatMap((pollable, index) => (pollable.ready() ? [index] : []));
      if (ready.length > 0) return Uint32Array.from(ready);
      await this.#wait(pollables.map(({ condition }) => condition));
    }
  };

  pollable(condition: Condition): Pollable {
    return new Pollable(condition, this.poll);
  }

  /** Ready from a moment on. */
  at(dueNs: bigint): Pollable {
    return this.pollable(new Timer(dueNs, this.#clock));
  }

  /** Errors: HostError `snapshot/corrupt`. */
  load(saved: Saved): Pollable {
    const { dueNs } = saved;
    if (dueNs === null) return new Pollable();
    return typeof dueNs === "string" && /^\d{1,20}$/.test(dueNs) ? this.at(BigInt(dueNs)) : refuseSaved(saved);
  }

  async #wait(conditions: readonly Condition[]): Promise<void> {
    const operations = conditions.flatMap(({ awaited }) =>
      awaited && "operation" in awaited ? awaited.operation : [],
    );
    const timers = conditions.filter((condition) => condition instanceof Timer);
    if (timers.length === 0) return this.#waitFor(operations);
    const next = timers.reduce((first, timer) => (timer.awaited.dueNs < first.awaited.dueNs ? timer : first));
    const sleep = this.#startSleep(next.awaited.dueNs);
    await this.#waitFor([...operations, sleep]);
    const outcome = this.#context.takeOutcome(sleep);
    if (!outcome) this.#context.journal().note({ kind: "operation-canceled", operation: sleep });
    else if ("value" in outcome) this.#clock.reach(next.awaited.dueNs);
    else next.giveUp();
  }

  async #waitFor(operations: readonly number[]): Promise<void> {
    if (operations.length > 0) await this.#context.wait(operations);
    if (!operations.some((operation) => this.#context.hasOutcome(operation))) throw endless();
  }

  #startSleep(dueNs: bigint): number {
    const journal = this.#context.journal();
    const operation = journal.nextOperation();
    journal.note({ kind: "sleep-started", operation, spanMs: toSpanMs(dueNs - this.#clock.lastNs) });
    return operation;
  }
}

function endless(): HostError {
  return new HostError(
    "guest/endless-wait",
    "wasi:io/poll: the guest waits for what can't happen: the response to a request whose body it has not finished, or that an earlier invocation sent. Finish the body first, and take the response in the same invocation.",
  );
}
