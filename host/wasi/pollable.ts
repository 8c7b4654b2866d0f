import type { Pollable as WasiPollable } from "@bytecodealliance/preview2-shim/interfaces/wasi-io-poll";
import type { Savable, Saved } from "./saved.ts";

/** What a pollable waits for. */
export interface Condition extends Savable {
  isMet(): boolean;
  /** The operation that meets it when it ends, or the moment that does; null: nothing under way will. */
  readonly awaited: { operation: number } | { dueNs: bigint } | null;
}

/** Resolves when one of these pollables is ready. */
type Poll = (pollables: Pollable[]) => Promise<unknown>;

const met: Condition = { isMet: () => true, awaited: null, save: () => ({ kind: "pollable", dueNs: null }) };

export class Pollable implements WasiPollable, Savable {
  readonly condition: Condition;
  readonly #poll: Poll | null;

  /** Without a condition: one that is always ready. */
  constructor(condition: Condition = met, poll: Poll | null = null) {
    this.condition = condition;
    this.#poll = poll;
  }

  ready(): boolean {
    return this.condition.isMet();
  }

  async block(): Promise<void> {
    await this.#poll?.([this]);
  }

  save(): Saved | null {
    return this.condition.save();
  }
}
