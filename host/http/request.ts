import { HostError } from "../base/error.ts";
import type { EntryOf } from "../oplog/entry.ts";

export type FetchStart = EntryOf<"fetch-started">;
export type Header = readonly [name: string, value: string];

/** A request that may be sent, as far as it goes by its form. */
export interface Outgoing {
  method: string;
  url: URL;
  headers: readonly Header[];
  body: Uint8Array | null;
}

/** What describes the connection or the message's length is the host's own. */
export const hostsOwn: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const headerLimit = 256;
const headerLimitBytes = 65_536;
const urlLimit = 65_536;

export const token = /^[\w!#$%&'*+.^`|~-]+$/;
/** Everything that a header may not hold: control characters, and what is no single byte. */
export const badInValue = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * The request that a guest asked for, with the headers that every request has.
 *
 * `key` is what `Idempotency-Key` says, unless the guest says it. Errors: HostError `http/bad-request`.
 */
export function makeRequest(start: FetchStart, key: string): Outgoing {
  const { method, body, headers } = start;
  if (!token.test(method) || /^(?:connect|trace|track)$/i.test(method))
    throw refuse(`${JSON.stringify(method)} is no method that it may use`);
  const url = readUrl(start.url);
  checkHeaders(headers);
  if (body !== undefined && /^(?:get|head)$/i.test(method)) throw refuse(`a ${method} request has no body`);
  const isGiven = (name: string) => headers.some(([given]) => given.toLowerCase() === name);
  const own: Header[] = [
    ["accept", "*/*"],
    ["user-agent", "planaria"],
    ["idempotency-key", key],
  ];
  return {
    method,
    url,
    headers: [...headers, ...own.filter(([name]) => !isGiven(name))],
    body:
      body === undefined ? null : "text" in body ? Buffer.from(body.text, "utf8") : Buffer.from(body.base64, "base64"),
  };
}

/** An address that can be reached. Errors: HostError `http/bad-request`. */
export function readUrl(text: string, base?: URL): URL {
  const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  const url = text.length <= urlLimit ? URL.parse(text, base) : null;
  if (!url) throw refuse(text.length > urlLimit ? `the URL ${shown} is too long` : `${shown} is no URL`);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refuse(`${shown} is no address of the web; there are http: and https:`);
  if (url.username !== "" || url.password !== "")
    throw refuse(
      `the URL of ${url.host} has a user name or password in it, which would be journaled with it. Send an Authorization header`,
    );
  url.hash = "";
  return url;
}

function checkHeaders(headers: readonly Header[]): void {
  if (headers.length > headerLimit) throw refuse(`it has ${headers.length} headers, and ${headerLimit} are the most`);
  for (const [name, value] of headers) {
    if (!token.test(name)) throw refuse(`${JSON.stringify(name)} is no name of a header`);
    if (hostsOwn.has(name.toLowerCase())) throw refuse(`the header ${name} is the host's own`);
    if (badInValue.test(value))
      throw refuse(`the header ${name} holds a character that a header can't hold, such as a line break`);
  }
  const sizeBytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  if (sizeBytes > headerLimitBytes)
    throw refuse(`its headers have ${sizeBytes} bytes, and ${headerLimitBytes} are the most`);
}

function refuse(why: string): HostError {
  return new HostError("http/bad-request", `The request can't be sent: ${why}.`);
}
