import type { HttpResponse } from "../base/port.ts";
import type { Outcome } from "../oplog/entry.ts";
import { findHeader } from "./redirect.ts";

/** A response with where it came from in the end. */
export interface Answer extends HttpResponse {
  url: URL;
  redirected: boolean;
}

/** The outcome of a fetch, as wit/http.wit has it. */
export function answerOutcome({ status, statusText, url, redirected, headers, body }: Answer): Outcome {
  return { value: JSON.stringify({ status, statusText, url: url.href, redirected, headers, body: toBody(body) }) };
}

/** Whether a policy of retries is about this response: the server, not the request, is the trouble. */
export function isTrouble({ status }: HttpResponse): boolean {
  return status >= 500 || status === 429;
}

/** How long the server asks to be left alone, in milliseconds; 0 if it does not say. */
export function retryAfterMs({ headers }: HttpResponse, now: number): number {
  const text = findHeader(headers, "retry-after")?.trim() ?? "";
  const spanMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return spanMs > 0 ? Math.ceil(spanMs) : 0;
}

function toBody(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}
