import type { RetryPolicy } from "planaria:host/operation@0.1.0";
import { PlanariaError } from "./failure.ts";
import { defaultRetry, type RetryRule } from "./retry-rule.ts";
import { suggest } from "./suggestion.ts";
import { toSpanMs } from "./time.ts";

/** When something that failed is tried again. Each wait is `factor` times as long as the one before. */
export interface RetryOptions {
  /** How often it is tried at most, the first time included. By default 3. */
  attempts?: number | undefined;
  /** The wait before the second attempt. By default 100. */
  firstMs?: number | undefined;
  /** By default 2. */
  factor?: number | undefined;
  /** The longest wait. By default a minute. */
  mostMs?: number | undefined;
  /** The part of each wait that is left to chance, from 0 for none to 1 for all of it. By default 0.5. */
  jitter?: number | undefined;
  /** The codes or names of the errors that are worth another attempt. By default all are. */
  only?: readonly string[] | undefined;
  /** The codes or names of those that are not. By default none. */
  never?: readonly string[] | undefined;
}

const names = Object.keys(defaultRetry);

/** What the host takes. Throws as `readRetry` does. */
export function toHostRetry(options: RetryOptions | number): RetryPolicy {
  const { firstMs: first, mostMs: most, only, never, ...rest } = readRetry(options);
  return { ...rest, first, most, only: [...only], never: [...never] };
}

/** What is said and what is not. Throws PlanariaError `guest/bad-argument` for what makes no sense. */
export function readRetry(options: RetryOptions | number): RetryRule {
  const said = typeof options === "number" ? { attempts: options } : options;
  if (typeof said !== "object" || said === null) throw wrong("must be a number of attempts or an object", options);
  const unknown = Object.keys(said).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new PlanariaError("guest/bad-argument", `A retry has no ${unknown}. ${suggest(unknown, names, "options")}`);
  const {
    attempts = defaultRetry.attempts,
    firstMs = defaultRetry.firstMs,
    factor = defaultRetry.factor,
    mostMs = defaultRetry.mostMs,
    jitter = defaultRetry.jitter,
    only = defaultRetry.only,
    never = defaultRetry.never,
  }: RetryOptions = said;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > 0xffff_ffff)
    throw wrong("must have attempts: a whole number from 1", attempts);
  if (!Number.isFinite(factor) || factor < 1) throw wrong("must have a factor: a number from 1", factor);
  if (!Number.isFinite(jitter) || jitter < 0 || jitter > 1)
    throw wrong("must have a jitter: a number from 0 to 1", jitter);
  return {
    attempts,
    firstMs: toSpanMs(firstMs, "The firstMs of a retry"),
    factor,
    mostMs: toSpanMs(mostMs, "The mostMs of a retry"),
    jitter,
    only: toWords(only, "only"),
    never: toWords(never, "never"),
  };
}

function toWords(words: readonly string[], name: string): string[] {
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string"))
    throw wrong(`must have ${name}: a list of codes or names of errors`, words);
  return words.map((word) => word.toWellFormed());
}

function wrong(what: string, value: unknown): PlanariaError {
  return new PlanariaError("guest/bad-argument", `A retry ${what}, not ${String(value)}.`);
}
