import { shouldRetry as isWorthAnother } from "../../guests/sdk/retry-rule.ts";
import type { Random } from "../base/port.ts";
import type { RetryPolicy } from "../oplog/retry.ts";

export { waitMs } from "../../guests/sdk/retry-rule.ts";

/**
 * Whether an attempt that failed is worth another one.
 *
 * `attempt` counts from 1 and is the one that failed; `error` is JSON text: a guest of another SDK may throw any.
 */
export function shouldRetry(policy: RetryPolicy | null | undefined, attempt: number, error: string): boolean {
  return policy ? isWorthAnother(policy, attempt, JSON.parse(error)) : false;
}

/** A number from 0 up to and without 1. */
export function drawChance(random: Random): number {
  return Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32;
}
