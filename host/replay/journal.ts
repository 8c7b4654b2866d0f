import { isDeepStrictEqual } from "node:util";
import { HostError } from "../base/error.ts";
import type { Random } from "../base/port.ts";
import type { Entry } from "../oplog/entry.ts";

/** What the imports of a running guest write to: the facts of one step, in order. */
export interface Journal {
  /** The instant of the step. */
  readonly at: number;
  /** Is told what an import is called with, before anything is made of it; throws if that is too much. */
  admit(args: readonly unknown[]): void;
  /** Gives out the number of a new operation. */
  nextOperation(): number;
  /** Notes what the guest did. */
  note(entry: Entry): void;
  /** Bytes that nobody could foretell, live; the recorded ones, in a replay. */
  draw(count: number): Uint8Array;
  /** What `look` sees outside, live; what was seen when it was recorded, in a replay. `what` names it. */
  observe(what: string, look: () => string): string;
}

/** Throws if the guest may not do what it is about to. */
export type Limit = Pick<Journal, "admit"> & { check(entry: Entry): void };

const noLimit: Limit = { admit: () => {}, check: () => {} };

/** Writes the journal of a live step. */
export class Recorder implements Journal {
  readonly at: number;
  readonly entries: Entry[] = [];
  #operations: number;
  readonly #random: Random;
  readonly #limit: Limit;

  constructor(start: { at: number; operations: number; random: Random; limit?: Limit }) {
    this.at = start.at;
    this.#operations = start.operations;
    this.#random = start.random;
    this.#limit = start.limit ?? noLimit;
  }

  admit(args: readonly unknown[]): void {
    this.#limit.admit(args);
  }

  nextOperation(): number {
    return ++this.#operations;
  }

  note(entry: Entry): void {
    this.#limit.check(entry);
    this.entries.push(entry);
  }

  draw(count: number): Uint8Array {
    const bytes = this.#random.bytes(count);
    this.note({ kind: "random-drawn", bytes: Buffer.from(bytes).toString("base64") });
    return bytes;
  }

  observe(what: string, look: () => string): string {
    const answer = look();
    this.note({ kind: "observed", what, answer });
    return answer;
  }
}

/** Where and how a replay left the recorded path. */
export interface Mismatch {
  /** Index of the entry in the agent's oplog. */
  index: number;
  /** What stands there; null: the step ends before. */
  recorded: Entry | null;
  /** What the guest did instead; null: it stopped before. */
  attempted: Entry | null;
}

/** What is recorded of a step, and how it is held against what the guest does. */
export interface Recording {
  at: number;
  operations: number;
  /** The entries behind the step's inputs. */
  recorded: readonly Entry[];
  /** Index of the first of them. */
  first: number;
  /** Whether the guest did what was recorded; by default, if both are equal to the last character. */
  isSame?: IsSame;
}

export type IsSame = (recorded: Entry, attempted: Entry) => boolean;

/**
 * Holds a step that runs again against what was recorded of it.
 *
 * At the first difference it throws into the guest, which ends there; `mismatch` says what differed, whatever the
 * guest makes of the exception.
 */
export class Replayer implements Journal {
  readonly at: number;
  mismatch: Mismatch | null = null;
  #operations: number;
  #next = 0;
  readonly #recorded: readonly Entry[];
  readonly #first: number;
  readonly #isSame: IsSame;

  constructor({ at, operations, recorded, first, isSame = isDeepStrictEqual }: Recording) {
    this.at = at;
    this.#operations = operations;
    this.#recorded = recorded;
    this.#first = first;
    this.#isSame = isSame;
  }

  /** What was recorded was granted then. */
  admit(): void {}

  nextOperation(): number {
    return ++this.#operations;
  }

  note(entry: Entry): void {
    const recorded = this.#recorded[this.#next];
    if (!recorded || !this.#isSame(recorded, entry)) this.#leave(recorded ?? null, entry);
    this.#next += 1;
  }

  draw(count: number): Uint8Array {
    const recorded = this.#recorded[this.#next];
    const bytes = recorded?.kind === "random-drawn" ? Buffer.from(recorded.bytes, "base64") : null;
    if (bytes?.length !== count)
      this.#leave(recorded ?? null, { kind: "random-drawn", bytes: Buffer.alloc(count).toString("base64") });
    this.#next += 1;
    return bytes!;
  }

  observe(what: string): string {
    const recorded = this.#recorded[this.#next];
    const answer = recorded?.kind === "observed" && recorded.what === what ? recorded.answer : null;
    if (answer === null) this.#leave(recorded ?? null, { kind: "observed", what, answer: "" });
    this.#next += 1;
    return answer!;
  }

  /** To be called when the guest has come back: a guest that did less than recorded has left the path, too. */
  end(): void {
    const recorded = this.#recorded[this.#next];
    if (recorded && !this.mismatch) this.mismatch = { index: this.#first + this.#next, recorded, attempted: null };
  }

  /** To be called when the guest trapped, which it did not when it was recorded; `error` is JSON text of a failure. */
  trap(error: string): void {
    const attempted: Entry = { kind: "trapped", error };
    this.mismatch ??= { index: this.#first + this.#next, recorded: this.#recorded[this.#next] ?? null, attempted };
  }

  #leave(recorded: Entry | null, attempted: Entry): never {
    this.mismatch ??= { index: this.#first + this.#next, recorded, attempted };
    throw new HostError("replay/mismatch", `The guest left its recorded path at entry ${this.mismatch.index}.`);
  }
}
