import { isSignal } from "./call.ts";
import { PlanariaError } from "./failure.ts";
import { toHostRetry, type RetryOptions } from "./retry.ts";
import { suggest } from "./suggestion.ts";
import { toInstant, toSpanMs } from "./time.ts";

/** How a call is to be made. */
export interface CallOptions {
  /** The idempotency key: a second call of the same agent under the same key is the first one, and shares its outcome. */
  key?: string | undefined;
  /** Not to be started before this moment; a number counts milliseconds since 1970. */
  at?: Date | number | undefined;
  /** Nobody waits: the call outlives the invocation that made it. */
  detached?: boolean | undefined;
  /**
   * Where an agent that does not exist yet is to live: `poll://any@GROUP` for any node of a group, `poll://any@GROUP/NODE`
   * with a preference, `poll://uni@GROUP/NODE` for that node only. Until there is such a node, the call waits.
   */
  target?: string | undefined;
  /**
   * Gives the call up when it takes longer, all attempts together: it rejects with `rpc/timed-out`. It is counted from now
   * on, or from the moment for which the call is scheduled.
   */
  timeoutMs?: number | undefined;
  /** Lets the callee try again when it fails; a number counts attempts, the first one included. */
  retry?: RetryOptions | number | undefined;
  /** Gives the call up when it is aborted: it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export type Attached = CallOptions & { detached?: false | undefined };

/** Nobody waits, so nobody gives up. */
export type Detached = CallOptions & { detached: true; timeoutMs?: undefined };

/** A check of one option: what is wrong with it, or nothing. */
const checks: Record<keyof CallOptions, (value: unknown) => string | false> = {
  key: (key) => (typeof key !== "string" || key === "") && "must be a text that is not empty",
  at: (at) => typeof at !== "number" && !(at instanceof Date) && "must be a Date or milliseconds since 1970",
  detached: (detached) => typeof detached !== "boolean" && "must be true or false",
  target: (target) => typeof target !== "string" && "must be a text such as poll://any@GROUP",
  timeoutMs: () => false,
  retry: () => false,
  signal: (signal) => !isSignal(signal) && "must be an AbortSignal",
};

/** Throws PlanariaError `guest/bad-argument` for options that there are not, and for values that are none of theirs. */
export function checkOptions(options: CallOptions): void {
  if (typeof options !== "object" || options === null)
    throw new PlanariaError("guest/bad-argument", `The options of a call must be an object, not ${String(options)}.`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      const advice = suggest(name, Object.keys(checks), "options");
      throw new PlanariaError("guest/bad-argument", `A call has no option ${name}. ${advice}`);
    }
    const wrong = value !== undefined && checks[name as keyof CallOptions](value);
    if (wrong) throw new PlanariaError("guest/bad-argument", `The ${name} of a call ${wrong}, not ${String(value)}.`);
  }
}

/** What the host takes. */
export function toHostOptions(options: CallOptions) {
  checkOptions(options);
  const { key, at, detached = false, target, timeoutMs, retry } = options;
  if (detached && timeoutMs !== undefined) {
    throw new PlanariaError(
      "guest/bad-argument",
      "A call that nobody waits for takes no timeoutMs: nobody could be told. Let the callee watch its time.",
    );
  }
  return {
    mode: detached ? ("triggered" as const) : ("attached" as const),
    at: at === undefined ? null : toInstant(at),
    key: key === undefined ? null : key.toWellFormed(),
    target: target === undefined ? null : target.toWellFormed(),
    timeout: timeoutMs === undefined ? null : toSpanMs(timeoutMs, "The timeoutMs of a call"),
    retry: retry === undefined ? null : toHostRetry(retry),
  };
}
