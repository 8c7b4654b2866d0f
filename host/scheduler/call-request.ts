import * as v from "valibot";
import { defaultRetry } from "../../guests/sdk/retry-rule.ts";
import { parseTarget } from "../agent/target.ts";
import { HostError } from "../base/error.ts";
import type { Digest } from "../base/id.ts";
import { retrySchema, type RetryPolicy } from "../oplog/retry.ts";
import type { Call } from "./calls.ts";

/** A call from outside. */
export interface CallRequest {
  /** The agent's method that is called, or the function. */
  callee: { agent: string; method: string } | { function: string };
  /** JSON array text. */
  args: string;
  /** The same key gives the same invocation; without one, every call is a new one. */
  key?: string;
  /** Where to look first for the type of an agent that does not exist. */
  component?: Digest;
  /** Not to be begun before this moment, in milliseconds since the epoch. */
  at?: number;
  /** Lets the callee try again when it fails. What is left out is as in guests; a number counts attempts. */
  retry?: Partial<RetryPolicy> | number;
  /** Where an agent that does not exist yet is to live, such as `poll://any@GROUP`; by default, here. */
  target?: string;
}

const keyLimit = 4_096;

/** The last moment that a date can express. */
const lastInstant = 8_640_000_000_000_000;

/** When a call is to be begun, how often, and where. Errors: HostError `rpc/bad-option`, `rpc/bad-target`. */
export function readOptions({ args, key, at, retry, target }: CallRequest): Pick<Call, "dueAt" | "retry" | "target"> {
  if (!isJsonArray(args)) throw badOption("args", args.slice(0, 80), "the text of a JSON array is expected");
  // A store keeps texts in UTF-8: half of a pair would come back as another character.
  if (key !== undefined && (key === "" || key.length > keyLimit || !key.isWellFormed()))
    throw badOption("key", JSON.stringify(key.slice(0, 80)), `1 to ${keyLimit} characters of Unicode are expected`);
  if (at !== undefined && !(Number.isSafeInteger(at) && at >= 0 && at <= lastInstant))
    throw badOption("at", at, "a moment in whole milliseconds since 1970 is expected");
  return {
    dueAt: at ?? null,
    retry: retry === undefined ? null : readRetry(retry),
    target: target === undefined ? null : parseTarget(target),
  };
}

/** Errors: HostError `promise/bad-payload` for what is not JSON: whoever awaits the promise could not read it. */
export function checkPayload(text: string): void {
  if (readJson(text) !== undefined) return;
  throw new HostError("promise/bad-payload", `A promise is settled with JSON, not with ${text.slice(0, 80)}.`);
}

const isJsonArray = (text: string): boolean => Array.isArray(readJson(text));

/** The value of JSON text, undefined for other text. */
function readJson(text: string): unknown {
  try {
    return text.isWellFormed() ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function readRetry(said: Partial<RetryPolicy> | number): RetryPolicy {
  const policy = { ...defaultRetry, ...(typeof said === "number" ? { attempts: said } : said) };
  const read = v.safeParse(retrySchema, policy);
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw badOption(`retry.${v.getDotPath(issue)}`, issue.input, issue.message);
}

function badOption(option: string, value: unknown, why: string): HostError {
  return new HostError("rpc/bad-option", `The option ${option} of a call can't be ${String(value)}: ${why}.`, {
    data: { option, value },
  });
}
