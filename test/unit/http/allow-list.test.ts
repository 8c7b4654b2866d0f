import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allowedHostFor, checkAllowedHost, isAllowed } from "../../../host/http/allow-list.ts";

describe("a list of hosts", () => {
  test.each([
    ["example.com", "http://example.com/x"],
    ["example.com", "https://example.com/"],
    ["example.com", "http://example.com:80/"],
    ["example.com", "https://EXAMPLE.com./"],
    ["Example.COM.", "https://example.com/"],
    ["example.com:8080", "http://example.com:8080/"],
    ["example.com:8080", "https://example.com:8080/"],
    ["example.com:443", "https://example.com/"],
    ["*.example.com", "http://a.example.com/"],
    ["*.example.com", "http://a.b.example.com/"],
    ["*.example.com:81", "http://a.example.com:81/"],
    ["*", "http://anything.test:1234/"],
    ["*", "http://[::1]:1/"],
    ["[::1]", "http://[0:0:0:0:0:0:0:1]/"],
    ["[::1]:8080", "http://[::1]:8080/"],
    ["127.0.0.1", "http://127.1/"],
    ["0x7f.1", "http://127.0.0.1/"],
    ["bücher.example", "http://xn--bcher-kva.example/"],
    ["xn--bcher-kva.example", "http://BÜCHER.example/"],
  ])("with %s admits %s", (host, url) => {
    checkAllowedHost(host);
    expect(isAllowed(["other.test", host], new URL(url))).toBe(true);
  });

  test.each([
    ["example.com", "http://example.com:8080/"],
    ["example.com", "http://a.example.com/"],
    ["example.com", "http://example.com.evil.test/"],
    ["example.com", "http://evilexample.com/"],
    ["example.com:80", "https://example.com/"],
    ["example.com:8080", "http://example.com/"],
    ["*.example.com", "http://example.com/"],
    ["*.example.com", "http://evilexample.com/"],
    ["*.example.com", "http://a.example.com:8080/"],
    ["localhost", "http://127.0.0.1/"],
    ["127.0.0.1", "http://127.0.0.2/"],
    ["[::1]", "http://[::2]/"],
  ])("with %s does not admit %s", (host, url) => {
    checkAllowedHost(host);
    expect(isAllowed([host], new URL(url))).toBe(false);
  });

  test("that is empty admits nothing", () => {
    expect(isAllowed([], new URL("http://example.com/"))).toBe(false);
  });

  test.each([
    ["https://example.com", "without a scheme"],
    ["http://example.com/x", "without a scheme"],
    ["::1", "in brackets"],
    ["fe80::1", "in brackets"],
    ["exam*ple.com", "* stands for"],
    ["*:8080", "* stands for"],
    ["**.example.com", "* stands for"],
    ["*.127.0.0.1", "* stands for"],
    ["*.[::1]", "* stands for"],
    ["example.com/path", "no place in a URL"],
    ["user@example.com", "no place in a URL"],
    ["*.", "* stands for"],
    [":80", "no place in a URL"],
    ["example.com:65536", "no place in a URL"],
    ["example.com:http", "no place in a URL"],
    ["a b", "no place in a URL"],
    ["", "no place in a URL"],
    [".", "no place in a URL"],
    ["%65xample.com", "no place in a URL"],
  ])("can't have %j, and says why", (host, why) => {
    expect(() => checkAllowedHost(host)).toThrow(
      expect.objectContaining({ code: "http/bad-host", message: expect.stringContaining(why) }),
    );
    expect(isAllowed([host], new URL("http://example.com/"))).toBe(false);
  });

  test("admits a URL by what it says would admit it, and no other host by that", () => {
    const urls = fc.webUrl({ authoritySettings: { withPort: true, withIPv4: true, withIPv6: true } });
    fc.assert(
      fc.property(urls, urls, (text, otherText) => {
        const [url, other] = [new URL(text), new URL(otherText)];
        const host = allowedHostFor(url);
        checkAllowedHost(host);
        expect(isAllowed([host], url)).toBe(true);
        if (isAllowed([host], other)) expect(other.hostname.replace(/\.$/, "")).toBe(url.hostname.replace(/\.$/, ""));
      }),
    );
  });
});
