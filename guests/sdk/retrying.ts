import type { RetryPolicy } from "planaria:host/operation@0.1.0";
import { signal } from "./invocation.ts";
import { number } from "./random.ts";
import { toHostRetry, type RetryOptions } from "./retry.ts";
import { sleep } from "./time.ts";

// The rules of host/scheduler/retry.ts, for work that only the guest knows.

/** Errors that come again however often something is tried, or that say that nobody wants it any more. */
const hopeless = /^(?:(?:operation|rpc)\/canceled|agent\/deleted|rpc\/(?:unknown-[a-z-]+|bad-target|cycle|too-deep))$/;

/**
 * Does some work again when it fails: anything that can be awaited. The waits in between outlast the host.
 *
 * `work` gets the number of the attempt, from 1. For a single call or `fetch`, its own option `retry` is better: the host
 * tries again then, and the journal has one operation.
 * Errors: rejects with what the last attempt did, or, once the caller has given up, with the reason of `signal()`;
 *         `guest/bad-argument` for options that make no sense.
 */
export async function retry<R>(
  work: (attempt: number) => R | PromiseLike<R>,
  options: RetryOptions | number = {},
): Promise<Awaited<R>> {
  const policy = toHostRetry(options);
  const given = signal();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= policy.attempts || given.aborted || !isWorthAnother(error, policy)) throw error;
    }
    await sleep(waitMs(policy, attempt), { signal: given });
  }
}

function isWorthAnother(error: unknown, { only, never }: RetryPolicy): boolean {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  if (typeof code === "string" && hopeless.test(code)) return false;
  const isAmong = (words: readonly string[]) => words.some((word) => word === code || word === name);
  return !isAmong(never) && (only.length === 0 || isAmong(only));
}

function waitMs({ first, factor, most, jitter }: RetryPolicy, attempt: number): number {
  const whole = first === 0 ? 0 : Math.min(most, first * factor ** (attempt - 1));
  return Math.round(whole * (1 - jitter + jitter * number()));
}
