import type { Opening, StepLimits, Stepped } from "../agent/executor.ts";
import type { Input } from "../agent/step.ts";
import type { AgentId, Digest } from "../base/id.ts";
import type { CompiledComponent } from "../component/compile.ts";

/** What a worker is started with. */
export interface WorkerSetup {
  /** The memory of a `SharedWatch`. */
  watch: SharedArrayBuffer;
  /** The memory of a `WorkGuard`. */
  guard: SharedArrayBuffer;
  /** Instances alive at once. */
  instances: number;
}

/**
 * What the host's thread and a worker thread say to each other, always in lists.
 *
 * Messages pass each other on the way. So a session has a number, that of its parent for a fork's first one: what a
 * worker says of a session that the host has closed, and perhaps opened anew, is known by it; and a fork that is closed
 * because nobody heard of it in time may meanwhile have been made again, in another session, which goes on.
 */
export type ToWorker =
  | { kind: "load"; component: CompiledComponent }
  | { kind: "limit"; component: Digest; limits: StepLimits }
  | { kind: "open"; opening: Opening; session: number }
  | { kind: "send"; agent: AgentId; inputs: Input[] }
  | { kind: "close"; agent: AgentId; session: number }
  | { kind: "reset" }
  | { kind: "drain" };

export type ToHost =
  | { kind: "stepped"; step: Stepped; session: number }
  | { kind: "failed"; agent: AgentId; code: string; message: string; session: number }
  | { kind: "drained" };
