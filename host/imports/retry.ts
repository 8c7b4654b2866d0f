import * as v from "valibot";
import { HostError } from "../base/error.ts";
import type { GuestRetryPolicy } from "./guest-imports.ts";
import { retrySchema, type RetryPolicy } from "../oplog/retry.ts";
import { toSpanMs } from "./time.ts";

/** Throws HostError `guest/invalid-argument`, a trap to the guest, for a policy that makes no sense. */
export function toRetry({ first, most, jitter, ...rest }: GuestRetryPolicy): RetryPolicy {
  // JSON has no zero below zero: read again, it would be another.
  const policy = { ...rest, jitter: jitter + 0, firstMs: toSpanMs(first), mostMs: toSpanMs(most) };
  const read = v.safeParse(retrySchema, policy);
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw new HostError("guest/invalid-argument", `retry-policy.${v.getDotPath(issue)}: ${issue.message}`);
}
