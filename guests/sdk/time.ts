import host from "planaria:host/time@0.1.0";
import { Call, cancelOn, isSignal } from "./call.ts";
import { PlanariaError } from "./failure.ts";
import { requireEntered, requireInvocation } from "./invocation.ts";

/** The moment at which this step began, in milliseconds since 1970. It is what `Date.now()` gives, too. */
export function now(): number {
  requireEntered("The current time");
  return host.now();
}

/**
 * Waits for a span of time, over restarts, without costing memory meanwhile.
 *
 * When `signal` is aborted it rejects with the signal's reason.
 */
export function sleep(spanMs: number, options: { signal?: AbortSignal | undefined } = {}): Call<void> {
  requireInvocation("sleep()");
  const { signal } = Object(options) as typeof options;
  if (signal !== undefined && !isSignal(signal))
    throw new PlanariaError(
      "guest/bad-argument",
      `The signal of sleep() must be an AbortSignal, not ${String(signal)}.`,
    );
  return cancelOn(signal, new Call(host.sleep(toSpanMs(spanMs, "sleep()")), "cancel", () => undefined));
}

/** A span that the host takes: whole milliseconds, rounded up. */
export function toSpanMs(spanMs: number, what: string): number {
  if (typeof spanMs !== "number" || !(spanMs >= 0) || spanMs > Number.MAX_SAFE_INTEGER) {
    throw new PlanariaError(
      "guest/bad-argument",
      `${what} takes a span in milliseconds from 0 up, not ${String(spanMs)}.`,
    );
  }
  return Math.ceil(spanMs);
}

const lastInstant = 8_640_000_000_000_000;

/** A moment that the host takes: whole milliseconds since 1970. One before that is long past, and so is 1970. */
export function toInstant(at: Date | number): number {
  const instant = Math.ceil(Number(at));
  if (!(instant <= lastInstant)) {
    throw new PlanariaError(
      "guest/bad-argument",
      `A call cannot be scheduled at ${String(at)}: give a Date or milliseconds since 1970.`,
    );
  }
  return Math.max(instant, 0);
}
