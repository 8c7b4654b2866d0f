import type { Datetime, NewTimestamp } from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { fail } from "./file-error.ts";

const secondNs = 1_000_000_000n;

/** A moment in nanoseconds since 1970-01-01T00:00:00Z, as WASI has it. */
export function toDatetime(ns: bigint): Datetime {
  return { seconds: ns / secondNs, nanoseconds: Number(ns % secondNs) };
}

export function fromDatetime({ seconds, nanoseconds }: Datetime): bigint {
  return seconds * secondNs + BigInt(nanoseconds);
}

/** What a timestamp is to be, that was `old`, `at` some moment. Errors: `invalid` for a second that is too long. */
export function pickTime(time: NewTimestamp, old: bigint, at: bigint): bigint {
  if (time.tag === "no-change") return old;
  if (time.tag === "now") return at;
  if (time.val.nanoseconds >= secondNs) fail("invalid");
  return fromDatetime(time.val);
}
