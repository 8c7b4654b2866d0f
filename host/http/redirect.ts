import { HostError } from "../base/error.ts";
import type { HttpResponse } from "../base/port.ts";
import { readUrl, type FetchStart, type Header, type Outgoing } from "./request.ts";

const statuses = new Set([301, 302, 303, 307, 308]);

/** What says how a body is written; a request that loses its body loses them. */
const ofBody = new Set(["content-encoding", "content-language", "content-location", "content-type"]);
/** What is meant for one origin only. */
const ofOrigin = new Set(["authorization", "cookie"]);

/** How many redirects a request may go through. */
const redirectLimit = 20;

/**
 * The request that a response points to; null if it is the end.
 *
 * `count` is how many it has followed so far. Errors: HostError `http/failed`.
 * Source: the Fetch standard, "HTTP-redirect fetch".
 */
export function redirectOf(
  { method, url, headers, body }: Outgoing,
  { status, headers: received }: HttpResponse,
  mode: FetchStart["redirect"],
  count: number,
): Outgoing | null {
  const location = statuses.has(status) ? findHeader(received, "location") : undefined;
  if (location === undefined || mode === "manual") return null;
  if (mode === "error") throw fail(`${url.href} redirects to ${location}, and the request is to fail then`);
  if (count >= redirectLimit) throw fail(`${url.href} redirects to ${location}, after ${redirectLimit} redirects`);
  const target = readTarget(location, url);
  const losesBody =
    ((status === 301 || status === 302) && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  const isElsewhere = target.origin !== url.origin;
  const isKept = (name: string) => !(losesBody && ofBody.has(name)) && !(isElsewhere && ofOrigin.has(name));
  return {
    method: losesBody ? "GET" : method,
    url: target,
    headers: headers.filter(([name]) => isKept(name.toLowerCase())),
    body: losesBody ? null : body,
  };
}

function readTarget(location: string, from: URL): URL {
  try {
    // Header values are bytes, and a URL in them is meant as UTF-8.
    return readUrl(Buffer.from(location, "latin1").toString("utf8"), from);
  } catch (cause) {
    throw fail(`${from.href} redirects to ${location}, where no request can go`, cause);
  }
}

/** The first value of a header, by its name in lower case. */
export function findHeader(headers: readonly Header[], name: string): string | undefined {
  return headers.find(([given]) => given.toLowerCase() === name)?.[1];
}

function fail(what: string, cause?: unknown): HostError {
  return new HostError("http/failed", `${what}.`, { cause });
}
