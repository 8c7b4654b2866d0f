import host from "planaria:host/promise@0.1.0";
import { Call } from "./call.ts";
import { failureJson, PlanariaError } from "./failure.ts";
import { requireInvocation } from "./invocation.ts";
import { toJson } from "./json.ts";
import { toSpanMs } from "./time.ts";

declare const promised: unique symbol;

/** The id of a durable promise of a `T`: a text to be handed to any agent, or to someone outside. */
export type Id<T = unknown> = string & { readonly [promised]?: T };

/** How a promise is to be made. */
export interface CreateOptions {
  /** A name of your own, the same for all agents. Creating a promise that exists gives that one. */
  id?: string | undefined;
  /** Rejects the promise with `promise/timed-out` when this span has passed since its creation. */
  timeoutMs?: number | undefined;
}

/** Creates a durable promise. */
export function create<T = unknown>({ id, timeoutMs }: CreateOptions = {}): Id<T> {
  requireInvocation("promise.create()");
  return host.create({
    id: id === undefined ? null : checkId(id),
    timeout: timeoutMs === undefined ? null : toSpanMs(timeoutMs, "The timeout of a promise"),
  });
}

/**
 * Waits for a promise, whoever made it.
 *
 * Errors: rejects with what it was rejected with, `promise/canceled`, `promise/timed-out`, or `promise/unknown`.
 */
function awaitPromise<T>(id: Id<T>): Call<T> {
  requireInvocation("promise.await()");
  return new Call(host.await(checkId(id)), "cancel");
}
export { awaitPromise as await };

/** Resolves a promise. The first settlement wins: `true` if this was it. */
export function complete<T>(id: Id<T>, value: NoInfer<T>): Call<boolean> {
  requireInvocation("promise.complete()");
  return new Call(host.complete(checkId(id), toJson(value, "value")), "leave");
}

/** Rejects a promise. The first settlement wins: `true` if this was it. */
export function reject(id: Id, error: unknown): Call<boolean> {
  requireInvocation("promise.reject()");
  return new Call(host.reject(checkId(id), failureJson(error)), "leave");
}

/** Cancels a promise. The first settlement wins: `true` if this was it. */
export function cancel(id: Id): Call<boolean> {
  requireInvocation("promise.cancel()");
  return new Call(host.cancel(checkId(id)), "leave");
}

function checkId(id: string): string {
  if (typeof id === "string" && id !== "") return id.toWellFormed();
  throw new PlanariaError(
    "guest/bad-argument",
    `The id of a promise must be a text that is not empty, not ${JSON.stringify(id) ?? typeof id}.`,
  );
}
