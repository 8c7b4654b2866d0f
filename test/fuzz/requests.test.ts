import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HostError } from "../../host/base/error.ts";
import { checkAllowedHost, isAllowed } from "../../host/http/allow-list.ts";
import { makeRequest, readUrl, type FetchStart } from "../../host/http/request.ts";
import { expectAlways, mangled, valueOrRefusal } from "./fuzz.ts";

const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string());
const start: FetchStart = {
  kind: "fetch-started",
  operation: 1,
  method: "GET",
  url: "http://a.com/",
  headers: [],
  redirect: "follow",
};

/** Ways to write an address of `evil.com` so that it looks like one of `good.com`. */
const disguises = [
  "http://good.com@evil.com/",
  "http://good.com:80@evil.com/",
  "http://evil.com#good.com",
  "http://evil.com?good.com",
  "http://evil.com/good.com",
  "http://evil.com\\good.com",
  "http:\\\\evil.com\\@good.com",
  "http://evil.com%2fgood.com/",
  "http://good.com.evil.com/",
  "http://evilgood.com/",
  "http://good.com%00.evil.com/",
  "http://good。com.evil.com/",
  "h\nttp://ev\til.com/good.com",
  "http:evil.com",
  "//evil.com/",
  "http://[::ffff:127.0.0.1]/",
  "http://0x7f.1/",
  "http://2130706433/",
  "http://ｇood.com.evil.com",
  "file://good.com/etc/passwd",
  "data:text/plain,good.com",
  "blob:http://good.com/x",
  "javascript:good.com",
];

describe("an address that is not allowed", () => {
  test.each(disguises)("is not reached as %j", (text) => {
    const url = valueOrRefusal(() => readUrl(text, new URL("http://evil.com/")));
    expect(url instanceof HostError || !isAllowed(["good.com", "*.good.com"], url)).toBe(true);
  });

  test("is not reached however it is written", () => {
    const text = fc.oneof(
      anyText,
      mangled(fc.constantFrom(...disguises, "http://good.com/", "https://a.good.com:8080/x")),
    );
    expectAlways(
      fc.property(text, (written) => {
        const url = valueOrRefusal(() => readUrl(written, new URL("http://evil.com/")));
        if (url instanceof HostError || !isAllowed(["good.com", "*.good.com"], url)) return;
        // What is connected to is what the URL's host says.
        expect(url.hostname.replace(/\.$/, "")).toMatch(/^(?:[^/@:]*\.)?good\.com$/);
        expect([url.username, url.password, url.port]).toEqual(["", "", ""]);
      }),
      3_000,
    );
  });
});

test("a host of the allow-list is taken or refused, and one that was taken admits that host alone", () => {
  const some = fc.oneof(
    anyText,
    fc.domain(),
    fc.ipV4(),
    mangled(fc.constantFrom("*.a.com", "a.com:80", "[::1]:8080", "*")),
  );
  expectAlways(
    fc.property(some, fc.webUrl(), (text, other) => {
      const refused = valueOrRefusal(() => checkAllowedHost(text)) instanceof HostError;
      const url = new URL(other);
      if (refused || text === "*") expect(isAllowed([text], url)).toBe(text === "*");
      else if (isAllowed([text], url)) {
        const bare = text.replace(/^\*\./, "").replace(/:\d+$/, "");
        expect(`.${url.hostname}`.endsWith(`.${new URL(`http://${bare}`).hostname.replace(/\.$/, "")}`)).toBe(true);
      }
    }),
    2_000,
  );
});

test("a request that is made can't smuggle a line into what is sent, and others are refused", () => {
  const header = fc.tuple(
    fc.oneof(
      anyText,
      fc.constantFrom("Host", "host ", "Content-Length", "x-a", "X\r\nHost", "Transfer-Encoding", "__proto__"),
    ),
    fc.oneof(anyText, fc.constantFrom("a\r\nHost: evil.com", "a\0b", "\u{1f600}", "é")),
  );
  const request = fc.record({
    method: fc.oneof(anyText, fc.constantFrom("GET", "post", "CONNECT", "trace", "GET / HTTP/1.1\r\nHost:")),
    url: fc.oneof(anyText, fc.webUrl(), fc.constantFrom(...disguises)),
    headers: fc.array(header, { maxLength: 4 }),
  });
  expectAlways(
    fc.property(request, (said) => {
      const made = valueOrRefusal(() => makeRequest({ ...start, ...said }, "key"));
      if (made instanceof HostError) return void expect(made.code).toBe("http/bad-request");
      const line = [made.method, made.url.href, ...made.headers.flat()].join("");
      // oxlint-disable-next-line no-control-regex
      expect(line).not.toMatch(/[\r\n\0]/);
      expect(made.headers.map(([name]) => name.toLowerCase())).not.toContain("host");
      expect(made.url.protocol).toMatch(/^https?:$/);
    }),
    3_000,
  );
});
