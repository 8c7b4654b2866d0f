import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The world outside: it tells by the key which requests are one and the same, and drops a connection now and then. */
export class Server implements AsyncDisposable {
  /** The paths that were asked for, by key. */
  readonly paths = new Map<string, Set<string>>();
  /** How many requests came, those that came again included. */
  count = 0;
  readonly #server: HttpServer;

  private constructor(draw: (below: number) => number) {
    this.#server = createServer(({ url = "", headers, socket }, response) => {
      this.count += 1;
      const key = String(headers["idempotency-key"]);
      this.paths.set(key, (this.paths.get(key) ?? new Set()).add(url));
      if (draw(6) === 0) socket.destroy();
      else setTimeout(() => response.end(`${url.slice(1)} fetched`), draw(40));
    });
  }

  static async open(draw: (below: number) => number): Promise<Server> {
    const server = new Server(draw);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
