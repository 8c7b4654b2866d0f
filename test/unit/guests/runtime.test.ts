import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { buildGuest } from "../../../build/build.ts";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call("evaluate", body);
/** The value of an expression in a guest. */
const value = (expression: string) => evaluate(`return ${expression}`);

describe("Date", () => {
  test("tells the time of the host", async () => {
    expect(
      await value("[Date.now(), new Date().toISOString(), +new Date(), performance.now(), performance.timeOrigin]"),
    ).toEqual([1_000_000, "1970-01-01T00:16:40.000Z", 1_000_000, 1_000_000, 0]);
    expect(await value("Date().startsWith('Thu Jan 01 1970 00:16:40 GMT+0000')")).toBe(true);
  });

  test("is otherwise as ever", async () => {
    expect(
      await value(
        "[new Date(0) instanceof Date, new Date(2020, 1, 3).getMonth(), Date.UTC(1970, 0, 2), Date.parse('1970-01-01'), new Date(5).constructor === Date, new (class D extends Date { day() { return this.getDate() } })(0).day(), Date.length, Date.name]",
      ),
    ).toEqual([true, 1, 86_400_000, 0, true, 1, 7, "Date"]);
  });
});

describe("randomness", () => {
  test("comes from the host, once for Math.random and each time for crypto", async () => {
    const drawn = await value("Array.from({ length: 1000 }, Math.random)");
    expect(drawn.every((number: number) => number >= 0 && number < 1)).toBe(true);
    expect(new Set(drawn).size).toBe(1000);
    expect(Math.abs(drawn.reduce((sum: number, number: number) => sum + number) / 1000 - 0.5)).toBeLessThan(0.05);
    expect(host.listCalls("random")).toEqual(["random.bytes(12)"]);
  });

  test("makes UUIDs, bytes and whole numbers", async () => {
    expect(await value("crypto.randomUUID()")).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    expect(await value("[...crypto.getRandomValues(new Uint16Array(3))].length + random.bytes(4).length")).toBe(7);
    expect(
      await value("Array.from({ length: 100 }, () => random.int(1, 3)).filter((n) => ![1, 2, 3].includes(n))"),
    ).toEqual([]);
  });

  test("refuses counts and ranges that are none", async () => {
    for (const bad of [
      "random.bytes(-1)",
      "random.bytes(65537)",
      "random.bytes('4')",
      "random.int(3, 1)",
      "random.int(0.5, 1)",
    ]) {
      await expect(value(bad)).rejects.toMatchObject({ code: "guest/bad-argument" });
    }
    await expect(value("crypto.getRandomValues(new Uint8Array(65537))")).rejects.toMatchObject({
      name: "QuotaExceededError",
    });
  });
});

describe("timers", () => {
  test("fire in order, with arguments, each in a step of its own", async () => {
    const order = await evaluate(
      "const seen = []; await new Promise((done) => { setTimeout((x) => { seen.push(x); done() }, 30, 'c'); setTimeout(() => seen.push('b'), 20); setTimeout(() => seen.push('a')); }); return [...seen, now()]",
    );
    expect(order).toEqual(["a", "b", "c", 1_000_030]);
  });

  test("repeat until they are cleared, even from within", async () => {
    expect(
      await evaluate(
        "let n = 0; await new Promise((done) => { const t = setInterval(() => { if (++n === 3) { clearInterval(t); done() } }, 10) }); return [n, now()]",
      ),
    ).toEqual([3, 1_000_030]);
    await host.drain();
    expect(host.now).toBeLessThanOrEqual(1_000_040);
  });

  test("that are cleared never fire", async () => {
    await evaluate(
      "const t = setTimeout(() => log.info('no'), 5); clearTimeout(t); clearTimeout(t); clearTimeout(undefined); clearTimeout(7); await sleep(20)",
    );
    expect(host.logs).toEqual([]);
  });

  test("whose callback throws say so and harm nobody", async () => {
    expect(await evaluate("setTimeout(() => { throw new Error('oops') }); await sleep(5); return 1")).toBe(1);
    expect(host.logs).toEqual([expect.stringMatching(/^error Uncaught in a timer: Error: oops/)]);
    await expect(evaluate("setTimeout('code')")).rejects.toMatchObject({ name: "TypeError" });
  });
});

describe("console", () => {
  test("writes to the log, at its level, with directives and values shown", async () => {
    await evaluate(`
      console.log("%s is %d of %i%%, %o", "a", 4.5, "7x", { b: [1, "two", null, undefined] }, "rest");
      console.warn(new Map([["k", new Set([1])]]), [1n, true], Symbol("s"), function named() {});
      console.error(new TypeError("bad", { cause: new PlanariaError("a/b", "why") }));
      console.debug("100%", 1);
    `);
    expect(host.logs[0]).toBe("info a is 4.5 of 7%, { b: [ 1, 'two', null, undefined ] } rest");
    expect(host.logs[1]).toBe("warn Map{ 'k' => Set{ 1 } } [ 1n, true ] Symbol(s) [Function named]");
    expect(host.logs[2]).toMatch(/^error TypeError: bad\n {4}at [^]*\n {2}\[cause\] PlanariaError \[a\/b\]: why/);
    expect(host.logs[3]).toBe("debug 100% 1");
  });

  test("groups, counts, times and asserts", async () => {
    await evaluate(
      "console.group('g'); console.info('in\\nside'); console.groupEnd(); console.count(); console.count(); console.time('t'); await sleep(7); console.timeEnd('t'); console.timeEnd('t'); console.assert(1 === 2, 'no'); console.assert(true, 'yes')",
    );
    expect(host.logs).toEqual([
      "info g",
      "info   in\n  side",
      "info default: 1",
      "info default: 2",
      "info t: 7 ms",
      "error Assertion failed: no",
    ]);
  });

  test("gets over values that can't be shown, cycles, and half a character", async () => {
    await evaluate(
      "const o = {}; o.self = o; console.log(o); console.log({ get x() { throw new Error() } }, new Proxy({}, { ownKeys() { throw 1 } })); console.log('\\ud800')",
    );
    expect(host.logs).toHaveLength(3);
    expect(host.logs[0]).toContain("[Circular]");
    expect(host.logs[2]).toBe("info \ufffd");
  });
});

describe("text", () => {
  test("is encoded and decoded as UTF-8", async () => {
    expect(await value("[...new TextEncoder().encode('aé€😀\\ud800')]")).toEqual([
      97, 195, 169, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189,
    ]);
    expect(
      await value("new TextDecoder().decode(new TextEncoder().encode('aé€😀'.repeat(5000))) === 'aé€😀'.repeat(5000)"),
    ).toBe(true);
    expect(
      await value("(() => { const b = new Uint8Array(4); return [new TextEncoder().encodeInto('é€x', b), [...b]] })()"),
    ).toEqual([{ read: 1, written: 2 }, [195, 169, 0, 0]]);
  });

  test("is repaired as the standard says", async () => {
    const bytes = [0x61, 0xf0, 0x9f, 0x98, 0x62, 0xff, 0xe0, 0x80, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xe2, 0x82];
    expect(await value(`new TextDecoder().decode(Uint8Array.of(${bytes.join()}))`)).toBe(
      new TextDecoder().decode(Uint8Array.from(bytes)),
    );
  });

  test("is decoded in pieces, from views and buffers, with or without its mark", async () => {
    expect(
      await evaluate(
        "const d = new TextDecoder(); return [0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac, 0x41].map((b) => d.decode(Uint8Array.of(b), { stream: true })).join('|') + d.decode()",
      ),
    ).toBe("|||||€|A");
    expect(
      await value(
        "new TextDecoder().decode(new Uint16Array([0x6261]).buffer) + new TextDecoder().decode() + new TextDecoder('utf8', { ignoreBOM: true }).decode(Uint8Array.of(0xef, 0xbb, 0xbf))",
      ),
    ).toBe("ba\ufeff".replace("ba", "ab"));
    expect(await value("new TextDecoder('utf-16le').decode(Uint8Array.of(0x3d, 0xd8, 0x00, 0xde, 0x61))")).toBe(
      "😀\ufffd",
    );
  });

  test("that is malformed is refused by a fatal decoder, and so is an unknown encoding", async () => {
    for (const bytes of ["0xff", "0xc0, 0x80", "0xed, 0xa0, 0x80", "0xe2, 0x82"]) {
      await expect(
        value(`new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.of(${bytes}))`),
      ).rejects.toMatchObject({ name: "TypeError" });
    }
    await expect(
      value("new TextDecoder('utf-16le', { fatal: true }).decode(Uint8Array.of(0, 0xd8))"),
    ).rejects.toMatchObject({ name: "TypeError" });
    await expect(value("new TextDecoder('ebcdic')")).rejects.toMatchObject({ name: "RangeError" });
  });
});

describe("URL", () => {
  test("reads, resolves and writes addresses", async () => {
    expect(await value("new URL('../b?q=ü#h', 'HTTP://user:pw@Example.COM:80/x/y/z').href")).toBe(
      "http://user:pw@example.com/x/b?q=%C3%BC#h",
    );
    expect(await value("[...new URL('http://a/?x=1&y=%20&x=+2').searchParams]")).toEqual([
      ["x", "1"],
      ["y", " "],
      ["x", " 2"],
    ]);
    expect(
      await evaluate(
        "const u = new URL('http://a.b'); u.pathname = '/ü'; u.searchParams.append('k', 'v w'); return String(u)",
      ),
    ).toBe("http://a.b/%C3%BC?k=v+w");
  });

  test("refuses what is no address", async () => {
    for (const bad of ["", "nope", "http://", "http://a:99999/"])
      await expect(value(`new URL(${JSON.stringify(bad)})`)).rejects.toMatchObject({ name: "TypeError" });
    expect(await value("[URL.canParse('http://a'), URL.canParse('a')]")).toEqual([true, false]);
  });
});

describe("events", () => {
  test("reach listeners in order, once if asked, until one stops them", async () => {
    expect(
      await evaluate(`
        const seen = [], target = new EventTarget();
        target.addEventListener("e", (e) => seen.push(1, e.detail, e.target === target), { once: true });
        target.addEventListener("e", { handleEvent() { seen.push(2) } });
        target.addEventListener("e", () => { throw new Error("in listener") });
        target.addEventListener("e", (e) => { e.preventDefault(); e.stopImmediatePropagation() });
        target.addEventListener("e", () => seen.push("never"));
        const again = () => target.dispatchEvent(new CustomEvent("e", { detail: "d", cancelable: true }));
        return [again(), again(), target.dispatchEvent(new Event("other")), seen];
      `),
    ).toEqual([false, false, true, [1, "d", true, 2, 2]]);
    expect(host.logs[0]).toMatch(/^error Uncaught in an event listener: Error: in listener/);
  });

  test("abort what listens to a signal", async () => {
    expect(
      await evaluate(`
        const a = new AbortController(), any = AbortSignal.any([a.signal, new AbortController().signal]), seen = [];
        any.onabort = () => seen.push("any"); any.onabort = () => seen.push("any again");
        a.signal.addEventListener("abort", () => seen.push("a"));
        a.abort(new Error("enough")); a.abort();
        try { any.throwIfAborted() } catch (e) { seen.push(e.message) }
        const timeout = AbortSignal.timeout(5); await sleep(10);
        return [seen, any.aborted, timeout.reason.name, AbortSignal.abort().reason.name];
      `),
    ).toEqual([["any again", "a", "enough"], true, "TimeoutError", "AbortError"]);
    await expect(value("new AbortSignal()")).rejects.toMatchObject({ name: "TypeError" });
  });
});

describe("other globals", () => {
  test("copy structures and code base64", async () => {
    expect(
      await evaluate(
        "const o = { m: new Map([[1, new Date(5)]]) }; o.o = o; const c = structuredClone(o); return [c.o === c, c !== o, +c.m.get(1)]",
      ),
    ).toEqual([true, true, 5]);
    await expect(value("structuredClone(() => 1)")).rejects.toMatchObject({ name: "DataCloneError" });
    expect(await value("[btoa('abc'), atob('YWJj')]")).toEqual(["YWJj", "abc"]);
  });
});

describe("at the top level of a module", () => {
  const folder = mkdtempSync(join(tmpdir(), "planaria-top-level-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (source: string) => {
    const entry = join(folder, "guest.ts");
    writeFileSync(entry, `import * as sdk from "planaria/guest";\n${source}\nexport const used = sdk.now;`);
    return entry;
  };

  test("what a replay could not repeat is refused, with a way out", async () => {
    const refused = [
      "Date.now()",
      "new Date()",
      "performance.now()",
      "Math.random()",
      "crypto.randomUUID()",
      "setTimeout(f, 1)",
      "sdk.fork()",
      "sdk.run(f)",
      "sdk.self.id",
    ];
    const guest = write(`
      const f = () => {};
      const attempt = (work: () => unknown) => { try { return work() } catch (error) { return String(error) } };
      const messages = [${refused.map((code) => `attempt(() => ${code})`).join()}];
      export function getMessages() { return messages }
    `);
    const messages = await new FakeHost(await compileGuest(guest)).call("getMessages");
    expect(messages).toHaveLength(refused.length);
    for (const message of messages)
      expect(message).toMatch(
        /^PlanariaError: .* at the top level of a module\. .*: move it into a method or function\.$/,
      );
  });

  test("a refusal ends the build", async () => {
    await expect(
      buildGuest({ entry: write("export const born = Date.now(); export function f() {}"), cacheFolder: null }),
    ).rejects.toMatchObject({
      code: "build/top-level",
      message: expect.stringContaining("move it into a method or function"),
    });
  });

  test("console.log says nothing, and the rest of the globals work", async () => {
    const guest = write(`
      console.log("x"); sdk.log.info("y");
      const made = [new Date(0).toISOString(), new URL("http://a").href, new AbortController().signal.aborted, structuredClone([1])];
      export function getMade() { return made }
    `);
    const fresh = new FakeHost(await compileGuest(guest));
    expect(await fresh.call("getMade")).toEqual(["1970-01-01T00:00:00.000Z", "http://a/", false, [1]]);
    expect(fresh.logs).toEqual([]);
  });
});
