import { HostError } from "../../../host/base/error.ts";
import type { Http, HttpRequest, HttpResponse } from "../../../host/base/port.ts";

/** What a route gives; a promise that a test settles is a server that takes its time. */
type Reply = Partial<Omit<HttpResponse, "body">> & { body?: string | Uint8Array };
export type Route = (request: HttpRequest, count: number) => Reply | Error | Promise<Reply | Error>;

/** The world outside, as a test makes it up: routes by URL, and a list of all that was sent. */
export class FakeHttp implements Http {
  readonly sent: HttpRequest[] = [];
  /** Requests that were aborted before there was a response. */
  readonly aborted: HttpRequest[] = [];
  /** The most that were under way at once. */
  most = 0;
  readonly #routes: Record<string, Route>;
  #underWay = 0;

  constructor(routes: Record<string, Route> = {}) {
    this.#routes = routes;
  }

  /** The requests that went to a URL. */
  to(url: string): HttpRequest[] {
    return this.sent.filter((request) => request.url.href === url);
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    this.sent.push(request);
    this.#underWay += 1;
    this.most = Math.max(this.most, this.#underWay);
    const aborted = Promise.withResolvers<never>();
    const abort = () => {
      this.aborted.push(request);
      aborted.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([this.#reply(request), aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
      this.#underWay -= 1;
    }
  }

  async #reply(request: HttpRequest): Promise<HttpResponse> {
    const route = this.#routes[request.url.href];
    if (!route) throw new HostError("http/failed", `GET ${request.url.href} failed: connect ECONNREFUSED.`);
    const reply = await route(request, this.to(request.url.href).length);
    if (reply instanceof Error) throw reply;
    const { status = 200, statusText = "OK", headers = [], body = "" } = reply;
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    if (bytes.length > request.limitBytes)
      throw new HostError("http/too-large", `The response is longer than ${request.limitBytes} bytes.`);
    return { status, statusText, headers, body: bytes };
  }
}

/** The value of a header that was sent; null if there was none. */
export function headerOf({ headers }: Pick<HttpRequest, "headers">, name: string): string | null {
  return headers.find(([given]) => given.toLowerCase() === name)?.[1] ?? null;
}
