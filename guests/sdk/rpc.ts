import host from "planaria:host/rpc@0.1.0";
import { toHostOptions, type Attached, type CallOptions, type Detached } from "./call-options.ts";
import { Call, cancelOn, Triggered } from "./call.ts";
import { PlanariaError } from "./failure.ts";
import { requireInvocation } from "./invocation.ts";
import { argsToJson } from "./json.ts";
import { nameOfFunction } from "./registry.ts";

/**
 * Calls an exported function in an agent of its own: isolated, and in parallel to this one.
 *
 * Errors: rejects with what the function threw, or `rpc/unknown-function`, `rpc/timed-out`, `rpc/too-deep`, `guest/trap`,
 *         `operation/canceled`.
 */
export function rpc<Args extends unknown[], R>(
  fn: (...args: Args) => R,
  args: NoInfer<Args>,
  options: Detached,
): Triggered;
export function rpc<Args extends unknown[], R>(
  fn: (...args: Args) => R,
  args: NoInfer<Args>,
  options?: Attached,
): Call<Awaited<R>>;
export function rpc(name: string, args: unknown[], options: Detached): Triggered;
export function rpc<R = unknown>(name: string, args?: unknown[], options?: Attached): Call<R>;
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

/** What is to be deleted beside an agent. */
export interface DeleteOptions {
  /** All agents that its calls brought to life, its forks, and theirs. */
  tree?: boolean | undefined;
}

/** Deletes an agent with its memory and journal. Resolves once there is no such agent. */
export function deleteAgent(agent: string, { tree = false }: DeleteOptions = {}): Call<void> {
  requireInvocation(`the deletion of ${agent}`);
  if (typeof tree !== "boolean") {
    throw new PlanariaError("guest/bad-argument", `The tree of a deletion must be true or false, not ${String(tree)}.`);
  }
  return new Call(host.deleteAgent(agent, tree), "leave", () => undefined);
}

function callOf(id: number, { detached, signal }: CallOptions): Call<unknown> | Triggered {
  return cancelOn(signal, detached === true ? new Triggered(id) : new Call(id, "hold"));
}
