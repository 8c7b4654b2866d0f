import host from "planaria:host/run@0.1.0";
import { Call, isOpen } from "./call.ts";
import { failureJson } from "./failure.ts";
import { requireInvocation, type Outcome } from "./invocation.ts";
import { argsToJson, toJson } from "./json.ts";

/**
 * Calls a function durably in the agent's own memory: recorded under its own number, and a point to go on from.
 *
 * Arguments and result go through JSON, so the function gets copies. The invocation does not end before its runs have.
 * Errors: rejects with what the function threw; `guest/not-json` for arguments or a result that JSON can't carry.
 */
export function run<Args extends unknown[], R>(fn: (...args: Args) => R, ...args: Args): Call<Awaited<R>> {
  requireInvocation("run()");
  const argsJson = argsToJson(args);
  const id = host.start(fn.name || "anonymous", argsJson);
  queueMicrotask(() => void perform(id, fn as (...args: unknown[]) => unknown, argsJson));
  return new Call(id, "hold");
}

async function perform(id: number, fn: (...args: unknown[]) => unknown, argsJson: string): Promise<void> {
  if (!isOpen(id)) return;
  const outcome = await attempt(fn, argsJson);
  if (isOpen(id)) host.finish(id, outcome);
}

async function attempt(fn: (...args: unknown[]) => unknown, argsJson: string): Promise<Outcome> {
  try {
    return { tag: "ok", val: toJson(await fn(...(JSON.parse(argsJson) as unknown[])), "result") };
  } catch (error) {
    return { tag: "err", val: failureJson(error) };
  }
}
