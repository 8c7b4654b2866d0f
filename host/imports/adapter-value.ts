import { defaultRetry } from "../../guests/sdk/retry-rule.ts";
import type { AdapterCallOptions, AdapterRequest, AdapterRetry } from "./adapter-host.ts";
import type { GuestRetryPolicy } from "./guest-imports.ts";
import type { HttpRequest } from "./http.ts";
import type { RpcOptions } from "./rpc.ts";

/** JSON text of what an adapter hands over; a u64 came to it as a bigint. */
export function toJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part) => (typeof part === "bigint" ? JSON.rawJSON(String(part)) : part)) ?? "null"
  );
}

/** Options of a call as the import takes them, as jco would hand them over. */
export function toCall(
  mode: "attached" | "triggered",
  { at, key, target, timeoutMs, retry }: AdapterCallOptions = {},
): RpcOptions {
  return {
    mode,
    at: at === undefined ? undefined : BigInt(at),
    key,
    target,
    timeout: toSpan(timeoutMs),
    retry: toPolicy(retry),
  };
}

/** A request, likewise. */
export function toRequest({
  url,
  method = "GET",
  headers = [],
  body,
  redirect = "follow",
  ...limits
}: AdapterRequest): HttpRequest {
  const { timeoutMs, limitBytes, retry } = limits;
  return {
    url,
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    body:
      body === undefined
        ? undefined
        : typeof body === "string"
          ? { tag: "text", val: body }
          : { tag: "bytes", val: body },
    redirect,
    timeout: toSpan(timeoutMs),
    limit: limitBytes === undefined ? undefined : BigInt(limitBytes),
    retry: toPolicy(retry),
  };
}

export const toSpan = (spanMs: number | undefined) => (spanMs === undefined ? undefined : BigInt(Math.ceil(spanMs)));

function toPolicy(said: AdapterRetry | undefined): GuestRetryPolicy | undefined {
  if (said === undefined) return undefined;
  const rule = { ...defaultRetry, ...(typeof said === "number" ? { attempts: said } : said) };
  const { attempts, firstMs, factor, mostMs, jitter, only, never } = rule;
  const [first, most] = [BigInt(Math.ceil(firstMs)), BigInt(Math.ceil(mostMs))];
  return { attempts, first, factor, most, jitter, only: [...only], never: [...never] };
}
