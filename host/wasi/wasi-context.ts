import type { Environment, Outcome } from "../oplog/entry.ts";
import type { Journal } from "../replay/journal.ts";

/** What the imports of one guest instance work on. The instance serves many agents in turn: ask anew each time. */
export interface WasiContext {
  /** The journal of the step that is under way; throws if there is none. */
  journal(): Journal;
  environment(): Environment;
  /** Waits until one of these operations has an outcome; resolves at once if one has. The guest is suspended meanwhile. */
  wait(operations: readonly number[]): Promise<void>;
  /** Whether an operation has an outcome that was not taken yet. */
  hasOutcome(operation: number): boolean;
  /** Takes the outcome of an operation, which is given once; null if there is none. */
  takeOutcome(operation: number): Outcome | null;
}
