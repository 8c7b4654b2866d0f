import { beforeEach, describe, expect, test } from "vitest";
import type { FutureIncomingResponse } from "../../../host/wasi/future-response.ts";
import { Fields } from "../../../host/wasi/http-fields.ts";
import { IncomingBody, type IncomingResponse } from "../../../host/wasi/incoming-response.ts";
import { OutgoingBody } from "../../../host/wasi/outgoing-body.ts";
import { OutgoingRequest } from "../../../host/wasi/outgoing-request.ts";
import type { Pollable } from "../../../host/wasi/pollable.ts";
import { RequestOptions } from "../../../host/wasi/request-options.ts";
import { canceled, Scene, thrownBy } from "./scene.ts";

let scene: Scene;
let handle: (request: OutgoingRequest, options?: RequestOptions) => FutureIncomingResponse;

beforeEach(() => {
  scene = new Scene();
  handle = scene.functions<{ handle: typeof handle }>("wasi:http/outgoing-handler").handle;
});

const bytes = (text: string) => Buffer.from(text, "latin1");

function makeRequest(headers: [string, string][] = []): OutgoingRequest {
  const request = new OutgoingRequest(Fields.fromList(headers.map(([name, value]) => [name, bytes(value)])));
  request.setAuthority("example.com");
  return request;
}

function write(request: OutgoingRequest, ...pieces: (string | Uint8Array)[]): OutgoingBody {
  const body = request.body();
  const stream = body.write();
  for (const piece of pieces) stream.write(Buffer.from(piece as string));
  return body;
}

const answered = (response: object) => ({
  value: JSON.stringify({ status: 200, statusText: "OK", headers: [], body: { text: "" }, ...response }),
});
const failed = (code: string, data?: object) => ({ error: JSON.stringify({ code, message: "It failed.", data }) });
const readAll = (body: IncomingBody) => Buffer.from(body.stream().blockingRead(65_536n)).toString();

describe("a request", () => {
  test("is one entry, sent when its body is finished", () => {
    const request = makeRequest([["X-Name", "é"]]);
    request.setMethod({ tag: "post" });
    request.setScheme({ tag: "HTTP" });
    request.setPathWithQuery("/orders?id=7");
    const body = request.body();
    const stream = body.write();
    stream.write(Buffer.from("wö"));
    handle(request);
    stream.write(Buffer.from("rm"));
    expect(scene.entries).toEqual([]);
    OutgoingBody.finish(body, undefined);
    expect(scene.entries).toEqual([
      {
        kind: "fetch-started",
        operation: 1,
        method: "POST",
        url: "http://example.com/orders?id=7",
        headers: [["X-Name", "é"]],
        body: { text: "wörm" },
        redirect: "manual",
      },
    ]);
  });

  test("whose body nobody asked for is sent at once, to https", () => {
    handle(makeRequest());
    expect(scene.entries).toMatchObject([{ method: "GET", url: "https://example.com/" }]);
    expect(scene.entries[0]).not.toHaveProperty("body");
  });

  test("may be finished before it is handed over, and an empty body is none", () => {
    const request = makeRequest();
    OutgoingBody.finish(request.body(), new Fields());
    handle(request);
    expect(scene.entries).toHaveLength(1);
    expect(scene.entries[0]).not.toHaveProperty("body");
  });

  test("has a body of bytes, too", () => {
    const request = makeRequest();
    OutgoingBody.finish(write(request, Uint8Array.of(0xff, 0)), undefined);
    handle(request);
    expect(scene.entries).toMatchObject([{ body: { base64: "/wA=" } }]);
  });

  test("takes as long as it may take to connect and to answer", () => {
    const options = new RequestOptions();
    options.setConnectTimeout(1_000_000_000n);
    options.setFirstByteTimeout(2_000_000_001n);
    options.setBetweenBytesTimeout(5n);
    handle(makeRequest(), options);
    handle(makeRequest(), new RequestOptions());
    expect(scene.entries[0]).toMatchObject({ timeoutMs: 3_001 });
    expect(scene.entries[1]).not.toHaveProperty("timeoutMs");
    expect([options.connectTimeout(), options.firstByteTimeout(), options.betweenBytesTimeout()]).toEqual([
      1_000_000_000n,
      2_000_000_001n,
      5n,
    ]);
  });

  test("says what it was told", () => {
    const request = makeRequest([["a", "1"]]);
    request.setMethod({ tag: "other", val: "PURGE" });
    request.setScheme({ tag: "HTTPS" });
    request.setPathWithQuery("?a");
    expect([request.method(), request.scheme(), request.authority(), request.pathWithQuery()]).toEqual([
      { tag: "other", val: "PURGE" },
      { tag: "HTTPS" },
      "example.com",
      "?a",
    ]);
    expect(thrownBy(() => request.headers().delete("a"))).toEqual({ tag: "immutable" });
    handle(request);
    expect(scene.entries).toMatchObject([{ method: "PURGE", url: "https://example.com?a" }]);
  });

  test.each<[string, (request: OutgoingRequest) => void]>([
    ["a method with a space", (request) => request.setMethod({ tag: "other", val: "GET /" })],
    ["a scheme that is none", (request) => request.setScheme({ tag: "other", val: "1:" })],
    ["an authority with a path", (request) => request.setAuthority("example.com/a")],
    ["an authority that is none", (request) => request.setAuthority("exa mple")],
    ["an empty authority", (request) => request.setAuthority("")],
    ["a path that would be more of the host", (request) => request.setPathWithQuery(".evil.example/")],
    ["a path with a line break", (request) => request.setPathWithQuery("/a\r\nb")],
    ["a path with a fragment", (request) => request.setPathWithQuery("/a#b")],
  ])("refuses %s", (_, set) => {
    expect(thrownBy(() => set(makeRequest()))).toBeUndefined();
  });

  test("to nobody is refused", () => {
    const request = new OutgoingRequest(new Fields());
    expect(thrownBy(() => handle(request))).toEqual({ tag: "HTTP-request-URI-invalid" });
    expect(scene.entries).toEqual([]);
  });

  test("gives its body once, and that its stream", () => {
    const request = makeRequest();
    const body = request.body();
    body.write();
    expect(thrownBy(() => request.body())).toBeUndefined();
    expect(thrownBy(() => body.write())).toBeUndefined();
  });
});

describe("a body that is not as it should be", () => {
  test("is not sent if it is longer or shorter than announced", () => {
    const request = makeRequest([["Content-Length", "3"]]);
    const body = write(request, "four");
    const response = handle(request);
    const code = { tag: "HTTP-request-body-size", val: 4n };
    expect(thrownBy(() => OutgoingBody.finish(body, undefined))).toEqual(code);
    expect(response.get()).toEqual({ tag: "ok", val: { tag: "err", val: code } });
    expect(scene.entries).toEqual([]);
  });

  test("is sent without the announcement if that is right", () => {
    const request = makeRequest([["content-length", "4"]]);
    const body = write(request, "four");
    handle(request);
    OutgoingBody.finish(body, undefined);
    expect(scene.entries).toMatchObject([{ headers: [], body: { text: "four" } }]);
  });

  test("is not sent with trailers", () => {
    const request = makeRequest();
    const body = request.body();
    const response = handle(request);
    const trailers = Fields.fromList([["a", bytes("1")]]);
    expect(thrownBy(() => OutgoingBody.finish(body, trailers))).toMatchObject({ tag: "internal-error" });
    expect(response.get()).toMatchObject({ val: { tag: "err", val: { tag: "internal-error" } } });
    expect(scene.entries).toEqual([]);
  });

  test("is not sent if it is dropped unfinished", () => {
    const request = makeRequest();
    const body = write(request, "half");
    const response = handle(request);
    body[Symbol.dispose]();
    expect(response.get()).toEqual({ tag: "ok", val: { tag: "err", val: { tag: "HTTP-protocol-error" } } });
    expect(scene.entries).toEqual([]);
  });

  test("takes no more when it is finished", () => {
    const body = makeRequest().body();
    const stream = body.write();
    OutgoingBody.finish(body, undefined);
    expect(thrownBy(() => stream.write(Uint8Array.of(1)))).toMatchObject({ tag: "last-operation-failed" });
  });

  test("lets a guest trap that waits for the response before it is finished", async () => {
    const request = makeRequest();
    request.body();
    const pollable = handle(request).subscribe();
    expect(pollable.ready()).toBe(false);
    await expect(pollable.block()).rejects.toMatchObject({ code: "guest/endless-wait" });
  });
});

describe("a response", () => {
  async function fetched(outcome: Parameters<Scene["step"]>[1] = {}) {
    const future = handle(makeRequest());
    const blocked = future.subscribe().block();
    scene.step(20, outcome);
    await blocked;
    return future;
  }

  async function responseOf(response: object): Promise<IncomingResponse> {
    const got = (await fetched({ 1: answered(response) })).get();
    if (got?.tag !== "ok" || got.val.tag !== "ok") throw new Error("There is no response.");
    return got.val.val as IncomingResponse;
  }

  test("is waited for, and given once", async () => {
    const future = handle(makeRequest());
    expect(future.get()).toBeUndefined();
    const blocked = future.subscribe().block();
    expect(scene.awaited).toEqual([1]);
    scene.step(20, { 1: answered({ status: 204 }) });
    await blocked;
    expect(future.get()).toMatchObject({ tag: "ok", val: { tag: "ok" } });
    expect(future.get()).toEqual({ tag: "err", val: undefined });
  });

  test("has status, headers and a body", async () => {
    const response = await responseOf({ status: 418, headers: [["x-name", "é"]], body: { text: "tëxt" } });
    expect(response.status()).toBe(418);
    expect(response.headers().get("X-Name")).toEqual([bytes("é")]);
    expect(thrownBy(() => response.headers().delete("x-name"))).toEqual({ tag: "immutable" });
    const body = response.consume();
    const stream = body.stream();
    expect(Buffer.from(stream.read(100n)).toString()).toBe("tëxt");
    expect(thrownBy(() => stream.read(1n))).toEqual({ tag: "closed" });
  });

  test("has a body of bytes, which is empty if there is none", async () => {
    expect(readAll((await responseOf({ body: { base64: "AQI=" } })).consume())).toBe("\x01\x02");
    scene = new Scene();
    handle = scene.functions<{ handle: typeof handle }>("wasi:http/outgoing-handler").handle;
    const stream = (await responseOf({})).consume().stream();
    expect(thrownBy(() => stream.read(1n))).toEqual({ tag: "closed" });
  });

  test("gives its body once, and that its stream", async () => {
    const response = await responseOf({});
    const body = response.consume();
    body.stream();
    expect(thrownBy(() => response.consume())).toBeUndefined();
    expect(thrownBy(() => body.stream())).toBeUndefined();
  });

  test("does not show a coding that was undone, nor what is the connection's", async () => {
    const shown = async (headers: [string, string][]) =>
      (await responseOf({ headers }))
        .headers()
        .entries()
        .map(([name]) => name);
    const length: [string, string] = ["content-length", "9"];
    expect(await shown([["content-encoding", "gzip"], length, ["connection", "close"], ["etag", "1"]])).toEqual([
      "etag",
    ]);
    scene = new Scene();
    handle = scene.functions<{ handle: typeof handle }>("wasi:http/outgoing-handler").handle;
    expect(await shown([length])).toEqual(["content-length"]);
  });

  test("has no trailers", async () => {
    const future = IncomingBody.finish((await responseOf({})).consume());
    expect(future.subscribe().ready()).toBe(true);
    expect(future.get()).toEqual({ tag: "ok", val: { tag: "ok", val: undefined } });
    expect(future.get()).toEqual({ tag: "err", val: undefined });
  });

  test.each([
    ["http/denied", undefined, { tag: "HTTP-request-denied" }],
    ["http/timed-out", { timeoutMs: 5 }, { tag: "HTTP-response-timeout" }],
    ["http/too-large", { limitBytes: 9 }, { tag: "HTTP-response-body-size", val: 9n }],
    ["http/too-large", undefined, { tag: "HTTP-response-body-size", val: undefined }],
    ["http/failed", { reason: "ECONNREFUSED" }, { tag: "connection-refused" }],
    ["http/failed", { reason: "ENOTFOUND" }, { tag: "DNS-error", val: { rcode: "NXDOMAIN" } }],
    ["http/failed", undefined, { tag: "internal-error", val: "It failed." }],
    ["http/bad-request", undefined, { tag: "internal-error", val: "It failed." }],
    ["operation/canceled", undefined, { tag: "connection-terminated" }],
    ["toString", undefined, { tag: "internal-error", val: "It failed." }],
  ])("that is missing says %s as a code of WASI (%#)", async (code, data, expected) => {
    const future = await fetched({ 1: failed(code, data) });
    expect(future.get()).toEqual({ tag: "ok", val: { tag: "err", val: expected } });
  });

  test("that nobody wants any more is canceled", () => {
    const future = handle(makeRequest());
    future[Symbol.dispose]();
    expect(scene.entries[1]).toEqual({ kind: "operation-canceled", operation: 1 });
  });

  test("that was given is not canceled, nor one that was never asked for sent", async () => {
    (await fetched({ 1: answered({}) }))[Symbol.dispose]();
    const request = makeRequest();
    const body = request.body();
    handle(request)[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
    expect(scene.entries).toEqual([]);
  });

  test("and a moment are waited for together, and the moment is given up", async () => {
    const clock = scene.functions<{ subscribeDuration(ns: bigint): Pollable }>("wasi:clocks/monotonic-clock");
    const { poll } = scene.functions<{ poll(pollables: Pollable[]): Promise<Uint32Array> }>("wasi:io/poll");
    const polled = poll([clock.subscribeDuration(1_000_000_000n), handle(makeRequest()).subscribe()]);
    expect(scene.awaited).toEqual([1, 2]);
    scene.step(20, { 1: answered({}) });
    expect([...(await polled)]).toEqual([1]);
    expect(scene.entries).toEqual([{ kind: "operation-canceled", operation: 2 }]);
  });

  test("of a canceled invocation is terminated", async () => {
    const future = await fetched({ 1: canceled });
    expect(future.get()).toMatchObject({ val: { val: { tag: "connection-terminated" } } });
  });

  test("of an earlier invocation can't be waited for", async () => {
    const pollable = handle(makeRequest()).subscribe();
    scene.wait = () => Promise.resolve();
    await expect(pollable.block()).rejects.toMatchObject({ code: "guest/endless-wait" });
  });
});

test("what is under way can't be made again behind a snapshot", () => {
  const request = makeRequest();
  const body = request.body();
  const future = handle(request);
  for (const object of [request, body, body.write(), future, future.subscribe(), new Fields(), new RequestOptions()])
    expect(scene.wasi.saveObject(object)).toBeNull();
});

test("a guest that would answer requests itself traps", () => {
  const types = scene.functions<Record<string, new (headers: Fields) => object>>("wasi:http/types");
  for (const name of ["OutgoingResponse", "IncomingRequest", "ResponseOutparam"]) {
    const trap = thrownBy(() => new types[name]!(new Fields()));
    expect(trap).toMatchObject({ code: "guest/not-provided" });
  }
});
