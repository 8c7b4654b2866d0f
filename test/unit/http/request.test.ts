import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { idempotencyKey } from "../../../host/http/idempotency.ts";
import { makeRequest, type FetchStart } from "../../../host/http/request.ts";

const start = (fields: Partial<FetchStart> = {}): FetchStart => ({
  kind: "fetch-started",
  operation: 1,
  method: "GET",
  url: "http://example.com/",
  headers: [],
  redirect: "follow",
  ...fields,
});

describe("a request", () => {
  test("is what the guest asked for, with what every request has behind it", () => {
    const request = makeRequest(
      start({
        method: "POST",
        url: "http://Example.com:80/a b#part",
        headers: [
          ["B", "2"],
          ["a", "1"],
          ["B", "3"],
        ],
        body: { base64: "/wA=" },
      }),
      "key",
    );
    expect({ ...request, url: request.url.href, body: [...request.body!] }).toEqual({
      method: "POST",
      url: "http://example.com/a%20b",
      headers: [
        ["B", "2"],
        ["a", "1"],
        ["B", "3"],
        ["accept", "*/*"],
        ["user-agent", "planaria"],
        ["idempotency-key", "key"],
      ],
      body: [255, 0],
    });
  });

  test("has the guest's own headers where it gave them", () => {
    const headers: FetchStart["headers"] = [
      ["Accept", "text/html"],
      ["User-Agent", "me"],
      ["IDEMPOTENCY-KEY", "mine"],
    ];
    expect(makeRequest(start({ headers }), "key").headers).toEqual(headers);
  });

  test.each([
    ["no URL", { url: "nonsense" }, '"nonsense" is no URL'],
    ["a relative URL", { url: "/x" }, "is no URL"],
    ["a file", { url: "file:///etc/passwd" }, "no address of the web"],
    ["data", { url: "data:,x" }, "no address of the web"],
    ["a password", { url: "http://u:secret@example.com/" }, "has a user name or password"],
    ["a long URL", { url: `http://example.com/${"x".repeat(70_000)}` }, "too long"],
    ["CONNECT", { method: "CONNECT" }, "no method"],
    ["no method", { method: "" }, "no method"],
    ["a method with a space", { method: "GET /" }, "no method"],
    ["a body of GET", { body: { text: "" } }, "has no body"],
    ["a body of HEAD", { method: "HEAD", body: { text: "x" } }, "has no body"],
    ["a name with a space", { headers: [["a b", "1"]] }, '"a b" is no name'],
    ["a line break", { headers: [["a", "1\r\nHost: evil"]] }, "line break"],
    ["a NUL", { headers: [["a", "\0"]] }, "can't hold"],
    ["a character of two bytes", { headers: [["a", "€"]] }, "can't hold"],
    ["many headers", { headers: Array.from({ length: 257 }, (_, i) => [`h${i}`, ""]) }, "257 headers"],
    ["long headers", { headers: [["a", "x".repeat(70_000)]] }, "bytes"],
    ...[
      "Host",
      "content-length",
      "Connection",
      "Transfer-Encoding",
      "Expect",
      "Keep-Alive",
      "TE",
      "Trailer",
      "Upgrade",
      "Proxy-Connection",
      "Proxy-Authorization",
    ].map((name) => [name, { headers: [[name, "1"]] }, `the header ${name} is the host's own`] as const),
  ] as [string, Partial<FetchStart>, string][])("with %s is refused, and says why", (_what, fields, why) => {
    expect(() => makeRequest(start(fields), "key")).toThrow(
      expect.objectContaining({ code: "http/bad-request", message: expect.stringContaining(why) }),
    );
    expect(() => makeRequest(start(fields), "key")).not.toThrow("secret");
  });
});

describe("an idempotency key", () => {
  test("is the agent and the operation, in what a header can hold", () => {
    expect(idempotencyKey(agentId('counter("c1")'), 7)).toBe('counter("c1")#7');
    expect(idempotencyKey(agentId('käfer("蟲🪱")'), 7)).toBe('k\\u00e4fer("\\u87f2\\ud83e\\udeb1")#7');
  });

  test("of a long agent is its digest", () => {
    const key = idempotencyKey(agentId(`counter("${"x".repeat(300)}")`), 7);
    expect(key).toMatch(/^sha256:[\da-f]{64}$/);
    expect(idempotencyKey(agentId(`counter("${"x".repeat(300)}")`), 8)).not.toBe(key);
  });
});
