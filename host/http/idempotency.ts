import { hash } from "node:crypto";
import { callKey, type AgentId } from "../base/id.ts";

/** The most that servers commonly take. */
const longest = 255;

/**
 * What `Idempotency-Key` says of an operation, however often it is sent: `agent#operation`.
 *
 * Characters outside of ASCII are written as JSON escapes them, which an agent's id has in no other meaning; of a key
 * that is too long, the digest is taken.
 */
export function idempotencyKey(agent: AgentId, operation: number): string {
  const key = callKey(agent, operation).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return key.length <= longest ? key : `sha256:${hash("sha256", key)}`;
}
