import { HostError } from "../../host/base/error.ts";
import type { Clock, Http, HttpRequest, HttpResponse } from "../../host/base/port.ts";
import type { Fault, FaultKind } from "./scenario.ts";

/** The world outside: it knows what it was asked for, and under which key. */
export class Server {
  /** The paths that were asked for, by key. */
  readonly paths = new Map<string, Set<string>>();
  readonly #clock: Clock;
  readonly #faults: readonly Fault[];
  readonly #strike: (fault: FaultKind) => void;
  #count = 0;
  /** Who is told of the next answer under a key. */
  readonly #echoes = new Map<string, () => void>();

  constructor(clock: Clock, faults: readonly Fault[], strike: (fault: FaultKind) => void) {
    this.#clock = clock;
    this.#strike = strike;
    this.#faults = faults;
  }

  /** A connection of one host. `waiting` is how many of its requests are under way. */
  connect(): Http & { waiting: number } {
    const connection = {
      waiting: 0,
      send: async (request: HttpRequest, signal: AbortSignal) => {
        connection.waiting += 1;
        const aborted = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
        try {
          return await Promise.race([this.#answer(request), aborted.promise]);
        } finally {
          connection.waiting -= 1;
        }
      },
    };
    return connection;
  }

  async #answer({ method, url, headers }: HttpRequest): Promise<HttpResponse> {
    const request = (this.#count += 1);
    const key = headers.find(([name]) => name.toLowerCase() === "idempotency-key")?.[1] ?? "";
    this.paths.set(key, (this.paths.get(key) ?? new Set()).add(url.pathname));
    const echo = this.#echoes.get(key);
    if (echo) this.#strike("echo");
    echo?.();
    for (const fault of this.#faults) {
      if (!("request" in fault) || fault.request !== request) continue;
      if (fault.kind === "echo") await this.#awaitEcho(key, fault.spanMs);
      if (fault.kind !== "drop" && fault.kind !== "lag") continue;
      this.#strike(fault.kind);
      await new Promise<void>((resolve) => void this.#clock.wakeAt(this.#clock.now() + fault.spanMs, resolve));
      if (fault.kind === "drop") throw new HostError("http/failed", "The connection was closed.");
    }
    return { status: 200, statusText: "OK", headers: [], body: Buffer.from(`${method} ${url.pathname}`) };
  }

  /** An answer is held back until the same request was answered again, so that both come at once; or for a while. */
  async #awaitEcho(key: string, spanMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#echoes.set(key, resolve);
      this.#clock.wakeAt(this.#clock.now() + spanMs, resolve);
    });
    this.#echoes.delete(key);
  }
}
