import { signal } from "./invocation.ts";
import { number } from "./random.ts";
import { readRetry, type RetryOptions } from "./retry.ts";
import { shouldRetry, waitMs } from "./retry-rule.ts";
import { sleep } from "./time.ts";

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
  const rule = readRetry(options);
  const given = signal();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (given.aborted || !shouldRetry(rule, attempt, error)) throw error;
    }
    await sleep(waitMs(rule, attempt, number()), { signal: given });
  }
}
