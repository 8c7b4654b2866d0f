import { describe, expect, test } from "vitest";
import { exchange, type Limits } from "../../../host/http/exchange.ts";
import type { FetchStart } from "../../../host/http/request.ts";
import { answerOutcome, retryAfterMs } from "../../../host/http/response.ts";
import { VirtualClock } from "../../../host/testing/virtual-clock.ts";
import { FakeHttp, headerOf, type Route } from "./fake-http.ts";

const limits: Limits = { allowedHosts: ["a.test", "b.test"], fetchTimeoutMs: 1_000, responseLimitBytes: 100 };

interface Given extends Partial<FetchStart> {
  clock?: VirtualClock;
  signal?: AbortSignal;
}

function send(http: FakeHttp, { clock = new VirtualClock(), signal = new AbortController().signal, ...fields }: Given) {
  const start: FetchStart = {
    kind: "fetch-started",
    operation: 1,
    method: "GET",
    url: "http://a.test/",
    headers: [],
    redirect: "follow",
    ...fields,
  };
  return exchange(start, { http, clock, limits, key: "key", signal });
}

const to =
  (location: string, status = 302): Route =>
  () => ({ status, headers: [["location", location]] });

describe("a redirect", () => {
  test.each([
    [301, "POST", "GET", null],
    [302, "POST", "GET", null],
    [303, "PUT", "GET", null],
    [303, "HEAD", "HEAD", null],
    [301, "PUT", "PUT", "body"],
    [307, "POST", "POST", "body"],
    [308, "PATCH", "PATCH", "body"],
  ])("of status %i makes of a %s a %s", async (status, method, then, body) => {
    const http = new FakeHttp({ "http://a.test/": to("/next", status), "http://a.test/next": () => ({ body: "end" }) });
    const answer = await send(http, {
      method,
      headers: [
        ["content-type", "x/y"],
        ["x-own", "1"],
      ],
      ...(method !== "HEAD" && { body: { text: "body" } }),
    });
    expect(answer).toMatchObject({ status: 200, redirected: true });
    expect(answer.url.href).toBe("http://a.test/next");
    const last = http.sent.at(-1)!;
    expect(last.method).toBe(then);
    expect(last.body && Buffer.from(last.body).toString()).toBe(body);
    expect([headerOf(last, "content-type"), headerOf(last, "x-own")]).toEqual([
      body === null && method !== "HEAD" ? null : "x/y",
      "1",
    ]);
  });

  test("to another origin takes no credentials along, and within one it does", async () => {
    const http = new FakeHttp({
      "http://a.test/": to("/same"),
      "http://a.test/same": to("http://b.test/"),
      "http://b.test/": () => ({}),
    });
    await send(http, {
      headers: [
        ["Authorization", "secret"],
        ["cookie", "c"],
        ["x-own", "1"],
      ],
    });
    expect(http.sent.map((request) => headerOf(request, "authorization"))).toEqual(["secret", "secret", null]);
    expect(http.sent.map((request) => headerOf(request, "cookie"))).toEqual(["c", "c", null]);
    expect(http.sent.map((request) => headerOf(request, "x-own"))).toEqual(["1", "1", "1"]);
  });

  test("to a host that is not allowed is denied, and names it", async () => {
    const http = new FakeHttp({ "http://a.test/": to("http://c.test:81/") });
    await expect(send(http, {})).rejects.toMatchObject({
      code: "http/denied",
      message: expect.stringContaining("--allow-host c.test:81"),
    });
    expect(http.sent).toHaveLength(1);
  });

  test("is the response, or a failure, if it is not to be followed", async () => {
    const http = new FakeHttp({ "http://a.test/": to("/next") });
    expect(await send(http, { redirect: "manual" })).toMatchObject({ status: 302, redirected: false });
    await expect(send(http, { redirect: "error" })).rejects.toMatchObject({ code: "http/failed" });
    expect(http.sent).toHaveLength(2);
  });

  test("without a place to go, or of another status, is the response", async () => {
    const http = new FakeHttp({ "http://a.test/": () => ({ status: 302 }), "http://a.test/300": to("/x", 300) });
    expect(await send(http, {})).toMatchObject({ status: 302 });
    expect(await send(http, { url: "http://a.test/300" })).toMatchObject({ status: 300 });
  });

  test.each(["ftp://a.test/", "http://", "http://u:p@a.test/", "javascript:1"])(
    "to %s is a failure",
    async (location) => {
      await expect(send(new FakeHttp({ "http://a.test/": to(location) }), {})).rejects.toMatchObject({
        code: "http/failed",
        message: expect.stringContaining(location),
      });
    },
  );

  test("is followed twenty times, and not once more", async () => {
    const chain = (length: number) =>
      new FakeHttp({
        "http://a.test/": to("/1"),
        ...Object.fromEntries(
          Array.from({ length }, (_, i) => [
            `http://a.test/${i + 1}`,
            i + 1 === length ? () => ({ body: "end" }) : to(`/${i + 2}`),
          ]),
        ),
      });
    expect(await send(chain(20), {})).toMatchObject({ status: 200 });
    const http = chain(21);
    await expect(send(http, {})).rejects.toMatchObject({ code: "http/failed" });
    expect(http.sent).toHaveLength(21);
  });

  test("is read as UTF-8, and loses its fragment", async () => {
    const latin1 = Buffer.from("/é#x", "utf8").toString("latin1");
    const http = new FakeHttp({ "http://a.test/": to(latin1), "http://a.test/%C3%A9": () => ({ body: "end" }) });
    expect((await send(http, { url: "http://a.test/#here" })).url.href).toBe("http://a.test/%C3%A9");
  });
});

describe("an exchange", () => {
  test("ends with all of its redirects in the time that it has", async () => {
    const clock = new VirtualClock();
    const wait =
      (spanMs: number, reply: Route): Route =>
      async (...args) => {
        await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + spanMs, resolve));
        return reply(...args);
      };
    const http = new FakeHttp({
      "http://a.test/": wait(600, to("/next")),
      "http://a.test/next": wait(600, () => ({ body: "end" })),
    });
    const run = async (sent: Promise<unknown>) => {
      const ended = sent.then(
        () => true,
        () => true,
      );
      const passed = () => new Promise<false>((resolve) => setImmediate(() => resolve((clock.next(), false))));
      while (!(await Promise.race([ended, passed()])));
      return sent;
    };
    await expect(run(send(http, { clock }))).rejects.toMatchObject({
      code: "http/timed-out",
      data: { timeoutMs: 1_000 },
    });
    expect(http.aborted).toHaveLength(1);
    expect(await run(send(http, { clock, timeoutMs: 1_300 }))).toMatchObject({ status: 200 });
  });

  test("ends with its signal's reason", async () => {
    const http = new FakeHttp({ "http://a.test/": () => new Promise(() => {}) });
    const controller = new AbortController();
    const sent = send(http, { signal: controller.signal });
    controller.abort("reason");
    await expect(sent).rejects.toBe("reason");
    await expect(send(http, { signal: controller.signal })).rejects.toBe("reason");
    expect(http.sent).toHaveLength(1);
  });

  test("takes no longer body than the component or the guest wants", async () => {
    const http = new FakeHttp({ "http://a.test/": () => ({ body: "x".repeat(60) }) });
    expect(await send(http, { limitBytes: 1_000 })).toMatchObject({ status: 200 });
    await expect(send(http, { limitBytes: 59 })).rejects.toMatchObject({ code: "http/too-large" });
    expect(http.sent.map(({ limitBytes }) => limitBytes)).toEqual([100, 59]);
  });

  test("asks nobody if the host is not allowed or the request is bad", async () => {
    const http = new FakeHttp();
    await expect(send(http, { url: "http://c.test/" })).rejects.toMatchObject({ code: "http/denied" });
    await expect(send(http, { url: "c.test" })).rejects.toMatchObject({ code: "http/bad-request" });
    expect(http.sent).toEqual([]);
  });
});

describe("the outcome of a fetch", () => {
  const answer = (body: Uint8Array) => ({
    status: 200,
    statusText: "OK",
    url: new URL("http://a.test/"),
    redirected: false,
    headers: [] as [string, string][],
    body,
  });
  const bodyOf = (body: Uint8Array) => {
    const outcome = answerOutcome(answer(body));
    return "value" in outcome ? JSON.parse(outcome.value).body : outcome;
  };

  test("has text where the bytes are UTF-8, to the last byte, and base64 else", () => {
    expect(bodyOf(Buffer.from("\ufeffé\0"))).toEqual({ text: "\ufeffé\0" });
    expect(bodyOf(Buffer.from([0xff, 0xfe]))).toEqual({ base64: "//4=" });
    expect(bodyOf(Buffer.from([0xed, 0xa0, 0x80]))).toEqual({ base64: "7aCA" });
    expect(bodyOf(new Uint8Array(0))).toEqual({ text: "" });
  });

  test("tells how long a server asks to be left alone", () => {
    const after = (text: string) =>
      retryAfterMs({ ...answer(new Uint8Array(0)), headers: [["Retry-After", text]] }, Date.UTC(2026, 0, 1));
    expect(
      ["3", " 0 ", "Thu, 01 Jan 2026 00:00:05 GMT", "Thu, 01 Jan 2020 00:00:05 GMT", "soon", "-1"].map(after),
    ).toEqual([3_000, 0, 5_000, 0, 0, 0]);
    expect(retryAfterMs(answer(new Uint8Array(0)), 0)).toBe(0);
  });
});
