import http from "planaria:host/http@0.1.0";
import { Call, cancelOn } from "./call.ts";
import { requireInvocation } from "./invocation.ts";
import { Request, toHostRequest, type Init } from "./request.ts";
import { toResponse, type Response } from "./response.ts";

/**
 * Sends a request, as the Fetch standard has it: resolves to the response, whatever its status is.
 *
 * It is sent at least once, with the same `Idempotency-Key` header each time. Rejects with the reason of `signal`, or with
 * a TypeError that has the host's failure as its cause, and its code: `http/denied`, `http/failed`, `http/timed-out`…
 */
export async function fetch(input: unknown, init?: Init): Promise<Response> {
  requireInvocation("fetch()");
  // Made here, where its stack still tells who asked.
  const failed = new TypeError("fetch failed");
  const request = new Request(input, init);
  const { signal } = request;
  signal.throwIfAborted();
  try {
    return await cancelOn(signal, new Call<Response>(http.fetch(toHostRequest(request)), "cancel", toResponse));
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    Object.defineProperty(failed, "cause", { value: cause, configurable: true, writable: true });
    throw cause instanceof Error && "code" in cause ? Object.assign(failed, { code: cause.code }) : failed;
  }
}
