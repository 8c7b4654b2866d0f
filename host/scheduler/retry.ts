import type { Random } from "../base/port.ts";
import type { RetryPolicy } from "../oplog/retry.ts";

/** Errors that come again however often something is tried, or that say that nobody wants it any more. */
const hopeless = /^(?:(?:operation|rpc)\/canceled|agent\/deleted|rpc\/(?:unknown-[a-z-]+|bad-target|cycle|too-deep))$/;

/**
 * Whether an attempt that failed is worth another one.
 *
 * `attempt` counts from 1 and is the one that failed; `error` is JSON text of a failure.
 */
export function shouldRetry(policy: RetryPolicy | null | undefined, attempt: number, error: string): boolean {
  if (!policy || attempt >= policy.attempts) return false;
  // A guest of another SDK may throw any JSON.
  const { code, name } = Object(JSON.parse(error) ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === "string" && hopeless.test(code)) return false;
  const isAmong = (words: readonly string[]) => words.some((word) => word === code || word === name);
  return !isAmong(policy.never) && (policy.only.length === 0 || isAmong(policy.only));
}

/**
 * How long to wait between an attempt and the next one, in whole milliseconds.
 *
 * `attempt` counts from 1 and is the one that failed; `chance` is a number from 0 up to and without 1.
 */
export function waitMs({ firstMs, factor, mostMs, jitter }: RetryPolicy, attempt: number, chance: number): number {
  const whole = firstMs === 0 ? 0 : Math.min(mostMs, firstMs * factor ** (attempt - 1));
  return Math.round(whole * (1 - jitter + jitter * chance));
}

/** A number from 0 up to and without 1. */
export function drawChance(random: Random): number {
  return Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32;
}
