import { isHostError } from "../base/error.ts";
import type { AgentId } from "../base/id.ts";
import type { Outcome } from "../oplog/entry.ts";

/** A failure that a guest sees, as an outcome. */
export function failed(code: string, message: string, name = "PlanariaError"): Outcome {
  return { error: JSON.stringify({ name, code, message }) };
}

/** What becomes of the invocations of an agent that is deleted. */
export const agentDeleted = (agent: AgentId): Outcome => failed("agent/deleted", `${agent} was deleted.`);

/** Any error as one that a guest sees. */
export function failedWith(error: unknown): Outcome {
  if (isHostError(error)) return failed(error.code, error.message);
  return failed("host/failed", error instanceof Error ? error.message : String(error));
}

export const done = (value: unknown): Outcome => ({ value: JSON.stringify(value) });
