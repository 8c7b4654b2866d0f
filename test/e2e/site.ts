import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** Pages that link to each other. */
const pageCount = 300;
/** How many links a page has. */
const linkCount = 5;
/** How long an answer takes, so that a crawl lasts a while. */
const delayMs = 25;

export interface Request {
  key: string | undefined;
  path: string;
}

/** A website on this machine, with all that one may come across. */
export class Site implements AsyncDisposable {
  readonly requests: Request[] = [];
  readonly #server: Server;
  /** Keys under which the page that drops connections was asked for. */
  readonly #dropped = new Set<string | undefined>();

  private constructor() {
    this.#server = createServer((request, response) => this.#receive(request, response));
  }

  static async open(): Promise<Site> {
    const site = new Site();
    site.#server.listen(0, "127.0.0.1");
    await once(site.#server, "listening");
    return site;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  #receive({ url: path = "", headers, socket }: IncomingMessage, response: ServerResponse): void {
    const key = headers["idempotency-key"] as string | undefined;
    this.requests.push({ key, path });
    if (path === "/drops" && !this.#dropped.has(key)) {
      this.#dropped.add(key);
      socket.destroy();
      return;
    }
    setTimeout(() => this.#answer(path, response), path === "/slow" ? 20 * delayMs : delayMs);
  }

  #answer(path: string, response: ServerResponse): void {
    const [, folder, number] = /^\/(\w*)\/?(\d*)$/.exec(path) ?? [];
    const index = Number(number);
    if (folder === "moved") return void response.writeHead(301, { location: `/page/${index}` }).end();
    if (folder === "gone") return void response.writeHead(404, { "content-type": "text/html" }).end("<a href=/page/1>");
    if (folder === "huge")
      return void response.writeHead(200, { "content-type": "text/html" }).end("x".repeat(1_200_000));
    const html = Buffer.from(this.#page(index));
    if (folder === "zipped")
      return void response
        .writeHead(200, { "content-type": "text/html", "content-encoding": "gzip" })
        .end(gzipSync(html));
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  }

  /** The links of a page are always the same; now and then they lead somewhere special. */
  #page(index: number): string {
    const links = Array.from({ length: linkCount }, (_, i) => {
      const target = (index * 7 + i * 31 + 1) % pageCount;
      const special = ["moved", "zipped", "gone"][target % 13];
      return `<a href="/${special ?? "page"}/${target}">Sëite ${target}</a>`;
    });
    const rare = index === 0 ? ["/slow", "/drops", "/huge", `http://localhost:${this.port}/elsewhere`] : [];
    return `<!doctype html><title>${index}</title>${links.join("\n")}${rare.map((url) => `<a href="${url}">rare</a>`).join("")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
