import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpRequest } from "../../../host/base/port.ts";
import { systemHttp } from "../../../host/system/http.ts";
import { certificate, key } from "./certificate.ts";

const run = promisify(execFile);

const text = "ünïcode ".repeat(2_000);
let server: Server;
let origin: string;
/** What came in, as it came. */
let received: { request: IncomingMessage; body: Buffer }[] = [];
let sockets = 0;

const routes: Record<string, RequestListener> = {
  "/echo": (_, response) => response.end(received.at(-1)!.body),
  "/headers": (_, response) =>
    void response.writeHead(299, "Quite Fine", ["B", "2", "Set-Cookie", "x", "a", "1", "set-cookie", "y"]).end(),
  "/gzip": coded("gzip", gzipSync(text)),
  "/br": coded("br", brotliCompressSync(text)),
  "/zstd": coded("zstd", zstdCompressSync(text)),
  "/deflate": coded("deflate", deflateSync(text)),
  "/both": coded("gzip, br", brotliCompressSync(gzipSync(text))),
  "/identity": coded("identity", Buffer.from(text)),
  "/truncated": coded("gzip", gzipSync(text).subarray(0, -20)),
  "/garbage": coded("gzip", Buffer.from("this is no gzip")),
  "/unknown": coded("compress", Buffer.from("x")),
  "/bomb": coded("gzip", gzipSync(Buffer.alloc(50_000_000))),
  "/empty": (_, response) => void response.writeHead(200, { "content-encoding": "gzip", "content-length": 0 }).end(),
  "/not-modified": (_, response) => void response.writeHead(304, { "content-encoding": "gzip" }).end(),
  "/redirect": (_, response) => void response.writeHead(302, { location: "/echo" }).end(),
  "/never": () => {},
  "/half": (_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  },
  "/drop": (request) => void request.socket.destroy(),
  "/endless": (_, response) => {
    const more = () => {
      while (response.write("x".repeat(1_000)));
      response.once("drain", more);
    };
    more();
  },
  "/long-header": (_, response) => void response.writeHead(200, { a: "x".repeat(100_000) }).end(),
  // A connection that is closed as soon as it rests, without a word.
  "/last": (request, response) => {
    response.end("last", () => setImmediate(() => request.socket.destroy()));
  },
};

function coded(coding: string, body: Buffer): RequestListener {
  return (_, response) => void response.writeHead(200, { "content-encoding": coding }).end(body);
}

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    received.push({ request, body: Buffer.concat(chunks) });
    routes[request.url!]!(request, response);
  });
  server.on("connection", () => (sockets += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function send(path: string, fields: Partial<HttpRequest> = {}, signal = new AbortController().signal) {
  const url = new URL(path, origin);
  return systemHttp.send({ method: "GET", url, headers: [], body: null, limitBytes: 1_000_000, ...fields }, signal);
}

describe("the machine's http", () => {
  test("sends what it is given: method, headers in their order, body with its length", async () => {
    const body = Buffer.from([0, 255, 10]);
    for (const method of ["POST", "DELETE", "PROPFIND"]) {
      received = [];
      const headers = [
        ["X-B", "2"],
        ["x-a", "ä"],
        ["X-B", "3"],
      ] as const;
      const response = await send("/echo", { method, headers, body });
      expect([...response.body]).toEqual([...body]);
      const { request } = received[0]!;
      expect(request.method).toBe(method);
      expect(request.rawHeaders.slice(0, 2)).toEqual(["Host", new URL(origin).host]);
      expect(request.headersDistinct).toMatchObject({ "x-a": ["ä"], "x-b": ["2", "3"], "content-length": ["3"] });
    }
    received = [];
    await send("/echo", { method: "POST" });
    expect(received[0]!.request.headers).toMatchObject({ "content-length": "0", "accept-encoding": "gzip, br, zstd" });
  });

  test("gives status, text and headers in their order, with their duplicates", async () => {
    const { status, statusText, headers } = await send("/headers");
    expect([status, statusText]).toEqual([299, "Quite Fine"]);
    expect(headers.slice(0, 4)).toEqual([
      ["b", "2"],
      ["set-cookie", "x"],
      ["a", "1"],
      ["set-cookie", "y"],
    ]);
  });

  test.each(["/gzip", "/br", "/zstd", "/deflate", "/both", "/identity"])("undoes the coding of %s", async (path) => {
    expect(Buffer.from((await send(path)).body).toString()).toBe(text);
  });

  test.each(["/empty", "/not-modified"])("takes nothing for nothing, whatever its coding: %s", async (path) => {
    expect((await send(path)).body).toHaveLength(0);
  });

  test("reads no body of HEAD, however long it would be", async () => {
    expect((await send("/gzip", { method: "HEAD", limitBytes: 1 })).body).toHaveLength(0);
  });

  test("follows no redirect", async () => {
    expect(await send("/redirect")).toMatchObject({ status: 302, body: { length: 0 } });
  });

  test("uses a connection again, and gets over one that was closed meanwhile", async () => {
    await send("/echo");
    const before = sockets;
    for (let i = 0; i < 5; i += 1) await send("/echo");
    expect(sockets).toBe(before);
    for (let i = 0; i < 5; i += 1) {
      expect(Buffer.from((await send("/last")).body).toString()).toBe("last");
      expect((await send("/echo")).status).toBe(200);
    }
  });

  test.each([
    ["/truncated", "http/failed", "unexpected end of file"],
    ["/garbage", "http/failed", "incorrect header check"],
    ["/unknown", "http/failed", 'in the coding "compress"'],
    ["/half", "http/failed", "closed before the response was whole"],
    ["/drop", "http/failed", "closed before the response was whole"],
    ["/long-header", "http/failed", "longer than 65536 bytes"],
    ["/bomb", "http/too-large", "longer than 1000000 bytes"],
    ["/endless", "http/too-large", "--response-limit"],
  ])("fails for %s with %s, and says why", async (path, code, why) => {
    await expect(send(path)).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
  });

  test("fails for a body that is announced as too long without reading it", async () => {
    await expect(send("/identity", { limitBytes: 10 })).rejects.toMatchObject({ code: "http/too-large" });
  });

  test("fails where nothing listens, and where there is no such name", async () => {
    await expect(send("http://127.0.0.1:9/")).rejects.toMatchObject({
      code: "http/failed",
      message: "GET http://127.0.0.1:9/ failed: connect ECONNREFUSED 127.0.0.1:9. Nothing listens there.",
      data: { reason: "ECONNREFUSED" },
    });
    await expect(send("http://no-such-host.invalid/")).rejects.toMatchObject({
      code: "http/failed",
      message: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
    });
  });

  test("fails where TLS is expected and none is spoken", async () => {
    await expect(send(origin.replace("http:", "https:"))).rejects.toMatchObject({ code: "http/failed" });
  });

  test("fails for a certificate that nobody trusts, and takes one that NODE_EXTRA_CA_CERTS names", async () => {
    const secure = createSecureServer({ cert: certificate, key }, (_, response) => void response.end("secret"));
    secure.listen(0, "localhost");
    await once(secure, "listening");
    const url = `https://localhost:${(secure.address() as AddressInfo).port}/`;
    await expect(send(url)).rejects.toMatchObject({
      code: "http/failed",
      message: expect.stringMatching(/self.signed certificate.*NODE_EXTRA_CA_CERTS/),
    });
    const folder = mkdtempSync(join(tmpdir(), "planaria-tls-"));
    const file = join(folder, "certificate.pem");
    writeFileSync(file, certificate);
    const script = `
      const { systemHttp } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../../host/system/http.ts")).href)});
      const request = { method: "GET", url: new URL("${url}"), headers: [], body: null, limitBytes: 100 };
      console.log((await systemHttp.send(request, new AbortController().signal)).body.toString());`;
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { env });
    expect(stdout).toBe("secret\n");
    rmSync(folder, { recursive: true });
    secure.closeAllConnections();
    secure.close();
  });

  test("ends with its signal, before, during and behind the headers", async () => {
    await expect(send("/echo", {}, AbortSignal.abort("before"))).rejects.toBe("before");
    for (const path of ["/never", "/endless"]) {
      const controller = new AbortController();
      received = [];
      const sent = send(path, { limitBytes: Infinity }, controller.signal);
      sent.catch(() => {});
      while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort("meanwhile");
      await expect(sent).rejects.toBe("meanwhile");
    }
  });
});
