import type { EntryOf } from "../oplog/entry.ts";
import type { Journal } from "../replay/journal.ts";
import type { GuestRetryPolicy } from "./guest-imports.ts";
import { toRetry } from "./retry.ts";
import { toSpanMs } from "./time.ts";

/** As in wit/http.wit; jco hands an absent option over as `undefined`. */
export interface HttpRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body?: { tag: "text"; val: string } | { tag: "bytes"; val: Uint8Array } | undefined;
  redirect: "follow" | "error" | "manual";
  timeout?: bigint | undefined;
  limit?: bigint | undefined;
  retry?: GuestRetryPolicy | undefined;
}

export function makeHttp(journal: () => Journal) {
  return {
    fetch({ method, url, headers, body, redirect, timeout, limit, retry }: HttpRequest) {
      const operation = journal().nextOperation();
      journal().note({
        kind: "fetch-started",
        operation,
        method,
        url,
        headers,
        ...(body === undefined ? {} : { body: toBody(body) }),
        redirect,
        ...(timeout === undefined ? {} : { timeoutMs: toSpanMs(timeout) }),
        ...(limit === undefined ? {} : { limitBytes: Number(limit > 2n ** 53n - 1n ? 2n ** 53n - 1n : limit) }),
        ...(retry === undefined ? {} : { retry: toRetry(retry) }),
      });
      return operation;
    },
  };
}

function toBody(body: NonNullable<HttpRequest["body"]>): NonNullable<EntryOf<"fetch-started">["body"]> {
  return body.tag === "text" ? { text: body.val } : { base64: Buffer.from(body.val).toString("base64") };
}
