import host from "planaria:host/rpc@0.1.0";
import { Call, Triggered } from "./call.ts";
import { PlanariaError } from "./failure.ts";
import { requireInvocation } from "./invocation.ts";
import { argsToJson } from "./json.ts";
import { nameOfFunction } from "./registry.ts";
import { toInstant } from "./time.ts";

/** How a call is to be made. */
export interface CallOptions {
  /** The idempotency key: a second call of the same agent under the same key is the first one, and shares its outcome. */
  key?: string | undefined;
  /** Not to be started before this moment; a number counts milliseconds since 1970. */
  at?: Date | number | undefined;
  /** Nobody waits: the call outlives the invocation that made it. */
  detached?: boolean | undefined;
}

export type Detached = CallOptions & { detached: true };

/**
 * Calls an exported function in an agent of its own: isolated, and in parallel to this one.
 *
 * Errors: rejects with what the function threw, or `rpc/unknown-function`, `guest/trap`, `operation/canceled`.
 */
export function rpc<Args extends unknown[], R>(
  fn: (...args: Args) => R,
  args: NoInfer<Args>,
  options: Detached,
): Triggered;
export function rpc<Args extends unknown[], R>(
  fn: (...args: Args) => R,
  args: NoInfer<Args>,
  options?: CallOptions,
): Call<Awaited<R>>;
export function rpc(name: string, args: unknown[], options: Detached): Triggered;
export function rpc<R = unknown>(name: string, args?: unknown[], options?: CallOptions): Call<R>;
export function rpc(
  callee: string | ((...args: never[]) => unknown),
  args: unknown[] = [],
  options: CallOptions = {},
): Call<unknown> | Triggered {
  requireInvocation("rpc()");
  const name = typeof callee === "string" ? callee : nameOfFunction(callee);
  return callOf(host.callFunction(name, argsToJson(args), toHostOptions(options)), options);
}

/** Calls a method of an agent: what a typed client does. */
export function callAgent(
  agent: string,
  method: string,
  args: unknown[],
  options: CallOptions,
): Call<unknown> | Triggered {
  requireInvocation(`${agent}.${method}()`);
  return callOf(host.callAgent(agent, method, argsToJson(args), toHostOptions(options)), options);
}

/** Deletes an agent with its memory and journal. Resolves once there is no such agent. */
export function deleteAgent(agent: string): Call<void> {
  requireInvocation(`the deletion of ${agent}`);
  return new Call(host.deleteAgent(agent), "leave", () => undefined);
}

function callOf(id: number, options: CallOptions): Call<unknown> | Triggered {
  return options.detached === true ? new Triggered(id) : new Call(id, "hold");
}

function toHostOptions({ key, at, detached }: CallOptions) {
  if (key !== undefined && (typeof key !== "string" || key === "")) {
    throw new PlanariaError(
      "guest/bad-argument",
      `The key of a call must be a text that is not empty, not ${String(key)}.`,
    );
  }
  return {
    mode: detached === true ? ("triggered" as const) : ("attached" as const),
    at: at === undefined ? null : toInstant(at),
    key: key === undefined ? null : key.toWellFormed(),
  };
}
