import { HostError } from "../base/error.ts";
import type { Clock, Http } from "../base/port.ts";
import { allowedHostFor, isAllowed } from "./allow-list.ts";
import { redirectOf } from "./redirect.ts";
import { makeRequest, type FetchStart } from "./request.ts";
import type { Answer } from "./response.ts";

/** What a component may do, as far as requests go. */
export interface Limits {
  allowedHosts: readonly string[];
  fetchTimeoutMs: number;
  responseLimitBytes: number;
}

export interface ExchangeOptions {
  http: Http;
  clock: Clock;
  limits: Limits;
  /** What `Idempotency-Key` says. */
  key: string;
  /** Ends the exchange, which then rejects with its reason. */
  signal: AbortSignal;
}

/**
 * Sends a request, follows redirects, and reads the last response to its end, all of it within one span of time.
 *
 * Errors: HostError `http/bad-request`, `http/denied`, `http/failed`, `http/timed-out`, `http/too-large`.
 */
export async function exchange(start: FetchStart, options: ExchangeOptions): Promise<Answer> {
  const { http, clock, limits, key, signal } = options;
  const { timeoutMs = limits.fetchTimeoutMs } = start;
  const limitBytes = Math.min(start.limitBytes ?? Infinity, limits.responseLimitBytes);
  let request = makeRequest(start, key);
  checkAllowed(limits.allowedHosts, request.url);
  const timeout = new AbortController();
  using _timer = clock.wakeAt(clock.now() + timeoutMs, () => timeout.abort(timedOut(start, request.url, timeoutMs)));
  const ended = AbortSignal.any([signal, timeout.signal]);
  for (let count = 0; ; count += 1) {
    ended.throwIfAborted();
    const response = await http.send({ ...request, limitBytes }, ended);
    const next = redirectOf(request, response, start.redirect, count);
    if (!next) return { ...response, url: request.url, redirected: count > 0 };
    checkAllowed(limits.allowedHosts, next.url);
    request = next;
  }
}

function checkAllowed(allowedHosts: readonly string[], url: URL): void {
  if (isAllowed(allowedHosts, url)) return;
  const host = allowedHostFor(url);
  throw new HostError("http/denied", `This component may not reach ${host}. --allow-host ${host} lets it.`, {
    data: { host },
  });
}

function timedOut({ method }: FetchStart, url: URL, timeoutMs: number): HostError {
  return new HostError(
    "http/timed-out",
    `${method} ${url.href} took longer than ${timeoutMs} ms. timeoutMs, or --fetch-timeout for all, gives it more time.`,
    { data: { timeoutMs } },
  );
}
