import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call("evaluate", body);

/** Gives the same for this Node's own `Headers`, `Request` and `Response` as for the guest's. */
async function expectAsInNode(body: string): Promise<void> {
  const AsyncFunction = async function () {}.constructor as new (code: string) => () => Promise<unknown>;
  const wanted = JSON.parse(JSON.stringify(await new AsyncFunction(body)()));
  expect(await evaluate(body)).toEqual(wanted);
}

const answer = (fields: object) => ({
  value: {
    status: 200,
    statusText: "OK",
    url: "http://a/",
    redirected: false,
    headers: [],
    body: { text: "" },
    ...fields,
  },
});

/** What the guest asked the host for. */
const requests = () => host.calls.filter(({ name }) => name === "http.fetch").map(({ args }) => args[0]);

describe("fetch", () => {
  test("gives a response as people know it", async () => {
    host.answerRequest = () =>
      answer({
        status: 404,
        statusText: "Not Found",
        url: "http://b/x",
        redirected: true,
        headers: [
          ["content-type", "application/json"],
          ["set-cookie", "a=1"],
          ["x-many", "1"],
          ["set-cookie", "b=2"],
          ["x-many", "2"],
        ],
        body: { text: '{"n":1}' },
      });
    expect(
      await evaluate(`
        const r = await fetch("http://a/y#part");
        const again = r.clone();
        return { ok: r.ok, status: r.status, statusText: r.statusText, url: r.url, redirected: r.redirected, type: r.type,
          headers: [...r.headers], cookies: r.headers.getSetCookie(), before: r.bodyUsed, json: await r.json(),
          after: r.bodyUsed, text: await again.text(), isResponse: r instanceof Response };
      `),
    ).toEqual({
      ok: false,
      status: 404,
      statusText: "Not Found",
      url: "http://b/x",
      redirected: true,
      type: "basic",
      headers: [
        ["content-type", "application/json"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["x-many", "1, 2"],
      ],
      cookies: ["a=1", "b=2"],
      before: false,
      json: { n: 1 },
      after: true,
      text: '{"n":1}',
      isResponse: true,
    });
  });

  test("gives bytes that are no text, and text with its mark taken off", async () => {
    host.answerRequest = (url) =>
      answer({
        body: url.endsWith("bytes") ? { base64: Buffer.from([0xff, 0, 0x80]).toString("base64") } : { text: "\ufeffé" },
      });
    expect(
      await evaluate(`
        const get = () => fetch("http://a/bytes");
        return [[...await (await get()).bytes()], [...new Uint8Array(await (await get()).arrayBuffer())],
          await (await get()).text(), await (await fetch("http://a/text")).text(),
          [...await (await fetch("http://a/text")).bytes()]];
      `),
    ).toEqual([[255, 0, 128], [255, 0, 128], "\ufffd\0\ufffd", "é", [0xef, 0xbb, 0xbf, 0xc3, 0xa9]]);
  });

  test("hands the host all that it was told", async () => {
    host.answerRequest = () => answer({});
    await evaluate(`
      await fetch("HTTP://a/x y?q=ü#part");
      await fetch(new URL("http://a/"), { method: "post", headers: { "X-A": " 1 ", "x-b": "2" }, body: "ü\\ud800",
        redirect: "manual", timeoutMs: 1.5, limitBytes: 10, retry: 4 });
      await fetch("http://a/", { method: "PUT", body: new URLSearchParams({ k: "v w" }) });
      await fetch("http://a/", { method: "patch", headers: [["content-type", "x/y"]], body: new Uint16Array([1, 2]).subarray(1) });
      await fetch(new Request("http://a/r", { method: "DELETE", headers: { a: "b" }, timeoutMs: 7 }), { headers: { c: "d" } });
    `);
    const plain = { body: null, redirect: "follow", timeout: null, limit: null, retry: null };
    const asked = requests().map((request) => JSON.parse(JSON.stringify(request)));
    const given = (fields: object) =>
      Object.fromEntries(Object.entries({ ...plain, ...fields }).filter(([, value]) => value !== null));
    expect(asked).toEqual([
      given({ method: "GET", url: "http://a/x%20y?q=%C3%BC#part", headers: [] }),
      given({
        method: "POST",
        url: "http://a/",
        headers: [
          ["x-a", "1"],
          ["x-b", "2"],
          ["content-type", "text/plain;charset=UTF-8"],
        ],
        body: { tag: "text", val: "ü\ufffd" },
        redirect: "manual",
        timeout: 2,
        limit: 10,
        retry: expect.anything(),
      }),
      given({
        method: "PUT",
        url: "http://a/",
        headers: [["content-type", "application/x-www-form-urlencoded;charset=UTF-8"]],
        body: { tag: "text", val: "k=v+w" },
      }),
      given({
        method: "patch",
        url: "http://a/",
        headers: [["content-type", "x/y"]],
        body: { tag: "bytes", val: { 0: 2, 1: 0 } },
      }),
      given({ method: "DELETE", url: "http://a/r", headers: [["c", "d"]], timeout: 7 }),
    ]);
  });

  test("rejects with a TypeError whose cause and code say why", async () => {
    host.answerRequest = () => ({
      error: { name: "PlanariaError", code: "http/denied", message: "may not", data: { host: "a" } },
    });
    expect(
      await evaluate(`
        const error = await fetch("http://a/").catch((error) => error);
        return [error instanceof TypeError, error.message, error.code, error.cause.code, error.cause.message, error.cause.data,
          /\\bat evaluate\\b|<input>/.test(error.stack)];
      `),
    ).toEqual([true, "fetch failed", "http/denied", "http/denied", "may not", { host: "a" }, true]);
    await expect(evaluate("await fetch('http://a/')")).rejects.toMatchObject({
      name: "TypeError",
      code: "http/denied",
      cause: { code: "http/denied" },
    });
  });

  test("ends with its signal: rejects with the reason, and takes the request back", async () => {
    expect(
      await evaluate(`
        const controller = new AbortController();
        const fetched = fetch("http://a/slow", { signal: controller.signal });
        await sleep(5);
        controller.abort();
        const mine = await fetched.catch((error) => error.name);
        const late = await fetch("http://a/late", { signal: AbortSignal.timeout(3) }).catch((error) => error.name);
        const why = await fetch("http://a/never", { signal: AbortSignal.abort("why") }).catch((reason) => reason);
        return [mine, late, why];
      `),
    ).toEqual(["AbortError", "TimeoutError", "why"]);
    expect(requests()).toHaveLength(2);
    expect(host.listCalls("operation.cancel").length).toBeGreaterThanOrEqual(2);
  });

  test("is taken back when its invocation ends without it", async () => {
    expect(await evaluate("void fetch('http://a/slow'); return 1")).toBe(1);
    expect(host.listCalls("operation.cancel")).toHaveLength(1);
  });

  test.each([
    ["a relative URL", "'/x'", "{}", { name: "TypeError" }],
    ["a URL with a password", "'http://u:p@a/'", "{}", { name: "TypeError" }],
    ["a body of GET", "'http://a/'", "{ body: 'x' }", { name: "TypeError", message: "A GET request has no body." }],
    [
      "an object as a body",
      "'http://a/'",
      "{ method: 'POST', body: { a: 1 } }",
      { message: expect.stringContaining("JSON.stringify") },
    ],
    ["a method that is none", "'http://a/'", "{ method: 'a b' }", { name: "TypeError" }],
    ["CONNECT", "'http://a/'", "{ method: 'connect' }", { name: "TypeError" }],
    ["a header with a line break", "'http://a/'", "{ headers: { a: 'b\\nc' } }", { name: "TypeError" }],
    ["a header that is no Latin-1", "'http://a/'", "{ headers: { a: '€' } }", { name: "TypeError" }],
    ["a name that is none", "'http://a/'", "{ headers: { 'a b': '1' } }", { name: "TypeError" }],
    ["a redirect that is none", "'http://a/'", "{ redirect: 'maybe' }", { name: "TypeError" }],
    ["a signal that is none", "'http://a/'", "{ signal: {} }", { name: "TypeError" }],
    [
      "a cache",
      "'http://a/'",
      "{ cache: 'no-store' }",
      { code: "guest/not-supported", message: expect.stringContaining("cache") },
    ],
    ["a mode", "'http://a/'", "{ mode: 'cors' }", { code: "guest/not-supported" }],
    ["a timeout that is none", "'http://a/'", "{ timeoutMs: -1 }", { code: "guest/bad-argument" }],
    ["a limit that is none", "'http://a/'", "{ limitBytes: 1.5 }", { code: "guest/bad-argument" }],
    ["a retry that is none", "'http://a/'", "{ retry: { attempts: 0 } }", { code: "guest/bad-argument" }],
  ])("rejects %s, and asks the host for nothing", async (_what, input, init, error) => {
    await expect(evaluate(`await fetch(${input}, ${init})`)).rejects.toMatchObject(error);
    expect(requests()).toEqual([]);
  });
});

describe("a response", () => {
  test("is read once", async () => {
    await expect(evaluate("const r = new Response('x'); await r.text(); await r.json()")).rejects.toMatchObject({
      name: "TypeError",
      message: "The body was read already.",
    });
    await expect(evaluate("const r = new Response('x'); await r.text(); r.clone()")).rejects.toMatchObject({
      name: "TypeError",
    });
  });

  test.each(["new Response('x').body", "await new Response('x').blob()", "await new Response('x').formData()"])(
    "says what it can't do: %s",
    async (expression) => {
      await expect(evaluate(`return ${expression}`)).rejects.toMatchObject({ code: "guest/not-supported" });
    },
  );

  test.each([
    "const r = new Response('é', { status: 201, statusText: 'Made', headers: { a: 'b' } }); return [r.status, r.statusText, r.ok, r.url, r.redirected, r.type, [...r.headers], await r.text(), r.bodyUsed]",
    "const r = Response.json({ a: [1] }, { status: 500 }); return [r.status, r.ok, [...r.headers], await r.json()]",
    "const r = Response.json(1, { headers: { 'content-type': 'x/y' } }); return [...r.headers]",
    "const r = Response.redirect('http://a/b', 307); return [r.status, [...r.headers]]",
    "const r = Response.error(); return [r.status, r.type, r.ok, [...r.headers]]",
    "const r = new Response(); return [r.status, await r.text(), r.bodyUsed, (await r.bytes()).length]",
    "const r = new Response(new URLSearchParams('a=1')); return [[...r.headers], await r.text()]",
    "const r = new Response(Uint8Array.of(0xff, 0x41)); return [[...r.headers], await r.text()]",
    "return [() => new Response('', { status: 199 }), () => new Response('x', { status: 204 }), () => Response.redirect('http://a', 200), () => Response.json(undefined), () => Response.redirect('/x')].map((f) => { try { f(); return 'made' } catch (error) { return error.name } })",
  ])("is like Node's: %s", expectAsInNode);
});

describe("headers", () => {
  test.each([
    "const h = new Headers({ B: ' 2 ', a: '1' }); h.append('b', '3'); h.append('Set-Cookie', 'x'); h.append('set-cookie', 'y'); return [[...h], h.get('B'), h.get('none'), h.has('A'), h.getSetCookie(), [...h.keys()], [...h.values()]]",
    "const h = new Headers([['a', '1'], ['b', '2'], ['A', '3']]); h.set('A', '4'); h.delete('b'); return [...h]",
    "const h = new Headers(new Headers({ a: 'b' })); const seen = []; h.forEach((v, n, o) => seen.push(v, n, o === h)); return seen",
    "return [...new Headers(new Map([['x', 1]]))]",
    "return [() => new Headers({ 'a b': '1' }), () => new Headers({ a: '\\0' }), () => new Headers([['a']]), () => new Headers('a'), () => new Headers({ a: '€' })].map((f) => { try { f(); return 'made' } catch (error) { return error.name } })",
    "return String(new Headers())",
  ])("are like Node's: %s", expectAsInNode);
});

describe("a request", () => {
  test.each([
    "const r = new Request('http://a/b?c#d', { method: 'put', body: 'x', headers: { a: 'b' } }); return [r.method, r.url, [...r.headers], r.redirect, await r.text(), r.bodyUsed, r.signal.aborted]",
    "const r = new Request('http://a', { method: 'POST', body: 'x' }); const s = new Request(r, { headers: { y: 'z' } }); return [r.bodyUsed, await s.text(), [...s.headers], s.method]",
    "const r = new Request('http://a', { method: 'POST', body: 'x' }); const c = r.clone(); return [await r.text(), await c.text(), c.url]",
    "const r = new Request('http://a', { method: 'propfind' }); return r.method",
  ])("is like Node's: %s", expectAsInNode);
});
