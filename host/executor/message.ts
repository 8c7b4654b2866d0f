import type { Opening, Stepped } from "../agent/executor.ts";
import type { Input } from "../agent/step.ts";
import type { AgentId } from "../base/id.ts";
import type { CompiledComponent } from "../component/compile.ts";

/** What the host's thread and a worker thread say to each other, always in lists. */
export type ToWorker =
  | { kind: "load"; component: CompiledComponent }
  | { kind: "open"; opening: Opening }
  | { kind: "send"; agent: AgentId; inputs: Input[] }
  | { kind: "close"; agent: AgentId };

export type ToHost = { kind: "stepped"; step: Stepped } | { kind: "failed"; agent: AgentId; code: string; message: string };
