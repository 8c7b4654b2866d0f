import { Body, contentOf, readContent, type Content } from "./body.ts";
import { Headers } from "./headers.ts";
import { URL } from "./url.ts";

/** What the host delivers: see wit/http.wit. */
export interface Answer {
  status: number;
  statusText: string;
  url: string;
  redirected: boolean;
  headers: [name: string, value: string][];
  body: { text: string } | { base64: string };
}

interface ResponseInit {
  status?: number | undefined;
  statusText?: string | undefined;
  headers?: unknown;
}

/** What only the host can say of a response: it is not a guest's own making. */
type Origin = Pick<Response, "type" | "url" | "redirected">;

/** A response as the host delivered it. */
export let toResponse: (answer: Answer) => Response;

const bodiless = new Set([101, 204, 205, 304]);
const redirecting = new Set([301, 302, 303, 307, 308]);

/** As the Fetch standard has it. */
export class Response extends Body {
  readonly type: "basic" | "default" | "error";
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;

  constructor(body?: unknown, { status = 200, statusText = "", headers }: ResponseInit = {}, origin?: Origin) {
    const { content, type } = readContent(body);
    super(content);
    if (origin === undefined) checkStatus(status, content);
    this.type = origin?.type ?? "default";
    this.url = origin?.url ?? "";
    this.redirected = origin?.redirected ?? false;
    this.status = status;
    this.statusText = String(statusText);
    this.headers = new Headers(headers);
    if (type !== null && origin === undefined && !this.headers.has("content-type"))
      this.headers.set("content-type", type);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  clone(): Response {
    return new Response(contentOf(this), this, this);
  }

  static json(data: unknown, init: ResponseInit = {}): Response {
    const text = JSON.stringify(data) as string | undefined;
    if (text === undefined) throw new TypeError("The data can't be written as JSON.");
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(text, { ...init, headers });
  }

  static error(): Response {
    return new Response(null, { status: 0 }, { type: "error", url: "", redirected: false });
  }

  static redirect(url: unknown, status = 302): Response {
    if (!redirecting.has(status)) throw new RangeError(`${String(status)} is no status of a redirect.`);
    return new Response(null, { status, headers: { location: new URL(url).href } });
  }

  static {
    toResponse = ({ url, redirected, body, ...init }) => {
      const content = "text" in body ? body.text : fromBase64(body.base64);
      return new Response(content, init, { type: "basic", url, redirected });
    };
  }
}

function checkStatus(status: number, content: Content): void {
  if (!(Number.isInteger(status) && status >= 200 && status <= 599))
    throw new RangeError(`The status of a response is from 200 to 599, not ${String(status)}.`);
  if (content !== null && bodiless.has(status)) throw new TypeError(`A response of status ${status} has no body.`);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const octets = atob(text);
  const bytes = new Uint8Array(octets.length);
  for (let i = 0; i < octets.length; i += 1) bytes[i] = octets.charCodeAt(i);
  return bytes;
}
