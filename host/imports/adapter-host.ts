/**
 * `planaria/adapter`: what adapters are written with.
 *
 * An adapter stands in for an interface that a component imports and this host does not know. It is a module:
 *
 * ```ts
 * import type { AdapterHost } from "planaria/adapter";
 *
 * export default (host: AdapterHost) => ({
 *   createPromise: () => host.promise.create(),
 *   awaitPromise: (id: string) => host.promise.await(id),
 *   Lock: class {
 *     async acquire() { … }
 *   },
 * });
 * ```
 *
 * Functions are in camel case, resources are classes in Pascal case, made anew by each call of the module's function.
 * Arguments and results are as jco has them: records are objects, variants `{tag, val}`, a u64 is a bigint, an absent
 * option is `undefined`. A function that has a WIT result returns what is ok, and throws what is not; an Error that it
 * throws fails the invocation.
 *
 * What the host object does is journaled, like what the component does by itself. So adapters are pure functions of their
 * arguments and of that object: in a replay they do the same again, and one that does not is a `replay/mismatch`. They keep
 * nothing between two calls but in their resources, and await nothing but what the host object gives.
 */
export interface AdapterHost {
  /** The agent that calls, such as `counter("c1")`. */
  readonly agent: string;
  readonly rpc: {
    /** Calls a method of an agent, which is created if it does not exist: `counter("c1")`. */
    call<T = unknown>(
      agent: string,
      method: string,
      args: readonly unknown[],
      options?: AdapterCallOptions,
    ): PromiseLike<T>;
    /** The same, and nobody waits for it. */
    trigger(agent: string, method: string, args: readonly unknown[], options?: AdapterCallOptions): void;
    /** Calls an exported function of the component in an agent of its own. */
    run<T = unknown>(name: string, args: readonly unknown[], options?: AdapterCallOptions): PromiseLike<T>;
  };
  readonly promise: {
    /** Creates a promise, and gives its id. */
    create(options?: { id?: string; timeoutMs?: number }): string;
    await<T = unknown>(id: string): PromiseLike<T>;
    /** Settles it: whether this did, or somebody had done so before. */
    complete(id: string, value: unknown): PromiseLike<boolean>;
    reject(id: string, error: { name?: string; message: string; code?: string; data?: unknown }): PromiseLike<boolean>;
    cancel(id: string): PromiseLike<boolean>;
  };
  /** Makes two agents out of this one; in which of them it goes on is said by `kind`. */
  fork(): PromiseLike<{ kind: "original"; fork: string } | { kind: "forked"; id: string; parent: string }>;
  /** The instant of this step, in milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  sleep(spanMs: number): PromiseLike<void>;
  /** Bytes that nobody could foretell: up to 65,536 at once. */
  random(count: number): Uint8Array;
  log(level: "debug" | "info" | "warn" | "error", message: string): void;
  /** Sends a request, to hosts that the component may reach. */
  fetch(request: AdapterRequest): PromiseLike<AdapterResponse>;
}

/** How a call is made; see wit/rpc.wit. */
export interface AdapterCallOptions {
  /** Not before this moment, in milliseconds since 1970-01-01T00:00:00Z. */
  at?: number;
  key?: string;
  target?: string;
  timeoutMs?: number;
  retry?: AdapterRetry;
}

/** When the callee tries again; what is left out is as in guests, and a number counts attempts. */
export type AdapterRetry =
  | number
  | {
      attempts?: number;
      firstMs?: number;
      factor?: number;
      mostMs?: number;
      jitter?: number;
      only?: readonly string[];
      never?: readonly string[];
    };

/** See wit/http.wit. */
export interface AdapterRequest {
  url: string;
  /** GET by default. */
  method?: string;
  headers?: readonly (readonly [name: string, value: string])[];
  body?: string | Uint8Array;
  /** `follow` by default. */
  redirect?: "follow" | "error" | "manual";
  timeoutMs?: number;
  limitBytes?: number;
  retry?: AdapterRetry;
}

export interface AdapterResponse {
  status: number;
  statusText: string;
  url: string;
  redirected: boolean;
  headers: [name: string, value: string][];
  /** `base64` if it is not UTF-8. */
  body: { text: string } | { base64: string };
}

/** How an operation failed. An adapter that does not catch it fails the invocation with the same code. */
export interface AdapterError extends Error {
  code?: string;
  data?: unknown;
}
