// When something that failed is tried again. Guests and the host go by it alike, so it imports nothing of either.

export interface RetryRule {
  /** How often it is tried at most, the first time included. */
  attempts: number;
  firstMs: number;
  factor: number;
  mostMs: number;
  /** The part of each wait that is left to chance, from 0 to 1. */
  jitter: number;
  /** The codes or names of the errors that are worth another attempt; empty: all. */
  only: readonly string[];
  /** The codes or names of those that are not. */
  never: readonly string[];
}

/** What is not said. */
export const defaultRetry: RetryRule = {
  attempts: 3,
  firstMs: 100,
  factor: 2,
  mostMs: 60_000,
  jitter: 0.5,
  only: [],
  never: [],
};

/** Errors that come again however often something is tried, or that say that nobody wants it any more. */
const hopeless = /^(?:(?:operation|rpc)\/canceled|agent\/deleted|rpc\/(?:unknown-[a-z-]+|bad-target|cycle|too-deep))$/;

/**
 * Whether an attempt that failed is worth another one.
 *
 * `attempt` counts from 1 and is the one that failed; `error` may be anything that can be thrown.
 */
export function shouldRetry({ attempts, only, never }: RetryRule, attempt: number, error: unknown): boolean {
  if (attempt >= attempts) return false;
  const { code, name } = Object(error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === "string" && hopeless.test(code)) return false;
  const isAmong = (words: readonly string[]) => words.some((word) => word === code || word === name);
  return !isAmong(never) && (only.length === 0 || isAmong(only));
}

/**
 * How long to wait between an attempt and the next one, in whole milliseconds.
 *
 * `attempt` counts from 1 and is the one that failed; `chance` is a number from 0 up to and without 1.
 */
export function waitMs({ firstMs, factor, mostMs, jitter }: RetryRule, attempt: number, chance: number): number {
  const whole = firstMs === 0 ? 0 : Math.min(mostMs, firstMs * factor ** (attempt - 1));
  return Math.round(whole * (1 - jitter + jitter * chance));
}
