import type { Request as HostRequest } from "planaria:host/http@0.1.0";
import { Body, contentOf, notSupported, readContent, takeContent } from "./body.ts";
import { PlanariaError } from "./failure.ts";
import type { FetchOptions } from "./fetch-options.ts";
import { Headers, pairsOf } from "./headers.ts";
import { toHostRetry } from "./retry.ts";
import { toSpanMs } from "./time.ts";
import { URL } from "./url.ts";

/** What a request is made of. */
export interface Init extends FetchOptions {
  method?: string | undefined;
  headers?: unknown;
  body?: unknown;
  redirect?: string | undefined;
  signal?: AbortSignal | null | undefined;
}

/** What the standard has for browsers, or for streams. */
const unsupported: Record<string, string> = {
  cache: "nothing is cached",
  credentials: "there are no cookies but those that a header names",
  dispatcher: "the host sends the request",
  duplex: "a body is sent whole",
  integrity: "compare a digest of the bytes",
  keepalive: "a request ends with its invocation",
  mode: "there are no origins",
  priority: "requests go in order",
  referrer: "set the header Referer",
  referrerPolicy: "set the header Referer",
  window: "there is none",
};

const normalized = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const redirects = ["follow", "error", "manual"] as const;

/** The request as the host takes it; its body is used up. */
export let toHostRequest: (request: Request) => HostRequest;

/** As the Fetch standard has it, but for what belongs to browsers. */
export class Request extends Body {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: (typeof redirects)[number];
  readonly signal: AbortSignal;
  readonly #options: FetchOptions;

  constructor(input: unknown, init: Init = {}) {
    const before = input instanceof Request ? input : undefined;
    const { content, type } = readContent(init.body);
    super(content ?? (before && takeContent(before)) ?? null);
    refuseUnsupported(init);
    this.url = before?.url ?? readUrl(input);
    this.method = readMethod(init.method ?? before?.method ?? "GET");
    this.headers = new Headers(init.headers ?? before?.headers);
    this.redirect = readRedirect(init.redirect ?? before?.redirect ?? "follow");
    this.signal = readSignal(init.signal === undefined ? before?.signal : init.signal);
    this.#options = { ...(before && before.#options), ...pickOptions(init) };
    if (contentOf(this) !== null && (this.method === "GET" || this.method === "HEAD"))
      throw new TypeError(`A ${this.method} request has no body.`);
    if (type !== null && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }

  clone(): Request {
    const content = contentOf(this);
    const { method, url, headers, redirect, signal } = this;
    return new Request(url, { method, headers, redirect, signal, ...this.#options, body: content });
  }

  static {
    toHostRequest = (request) => {
      const { method, url, headers, redirect } = request;
      const { timeoutMs, limitBytes, retry } = request.#options;
      const content = takeContent(request);
      return {
        method,
        url,
        headers: pairsOf(headers),
        body:
          content === null
            ? null
            : typeof content === "string"
              ? { tag: "text", val: content }
              : { tag: "bytes", val: content },
        redirect,
        timeout: timeoutMs === undefined ? null : toSpanMs(timeoutMs, "The timeout of a request"),
        limit: limitBytes === undefined ? null : toSize(limitBytes),
        retry: retry === undefined ? null : toHostRetry(retry),
      };
    };
  }
}

function refuseUnsupported(init: Init): void {
  for (const [name, instead] of Object.entries(unsupported))
    if ((init as Record<string, unknown>)[name] !== undefined) throw notSupported(`the option ${name}`, instead);
}

function readUrl(input: unknown): string {
  const url = new URL(input);
  if (url.username !== "" || url.password !== "")
    throw new TypeError("A URL with a user name or password in it can't be fetched; send an Authorization header.");
  return url.href;
}

function readMethod(given: unknown): string {
  const method = String(given);
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(method) || /^(?:connect|trace|track)$/i.test(method))
    throw new TypeError(`${JSON.stringify(method)} is no method that a request can have.`);
  return normalized.has(method.toUpperCase()) ? method.toUpperCase() : method;
}

function readRedirect(given: unknown): (typeof redirects)[number] {
  const known = redirects.find((redirect) => redirect === given);
  if (known === undefined) throw new TypeError(`redirect is "follow", "error" or "manual", not ${String(given)}.`);
  return known;
}

function readSignal(signal: AbortSignal | null | undefined): AbortSignal {
  if (signal === undefined || signal === null) return new AbortController().signal;
  if (!(signal instanceof AbortSignal)) throw new TypeError("The signal of a request is an AbortSignal.");
  return signal;
}

function pickOptions({ timeoutMs, limitBytes, retry }: FetchOptions): FetchOptions {
  const given = Object.entries({ timeoutMs, limitBytes, retry }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function toSize(limitBytes: number): number {
  if (Number.isSafeInteger(limitBytes) && limitBytes >= 0) return limitBytes;
  throw new PlanariaError(
    "guest/bad-argument",
    `limitBytes is a whole number of bytes from 0 up, not ${String(limitBytes)}.`,
  );
}
