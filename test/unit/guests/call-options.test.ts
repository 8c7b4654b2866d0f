import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call("evaluate", body);
const refusal = (code: string, message: string | RegExp) => ({
  name: "PlanariaError",
  code,
  message: typeof message === "string" ? message : expect.stringMatching(message),
});

describe("a call with options", () => {
  test("hands all of them to the host, in the host's words", async () => {
    await evaluate(`
      const options = { key: "k", at: new Date(5), target: "poll://any@workers", timeoutMs: 1.5, retry: { attempts: 4, only: ["a/b"] } };
      return [await cell.get("a").with(options).get(), await rpc(add, [1, 2], options)]`);
    const retry = { attempts: 4, first: 100, factor: 2, most: 60_000, jitter: 0.5, only: ["a/b"], never: [] };
    const options = { mode: "attached", at: 5, key: "k", target: "poll://any@workers", timeout: 2, retry };
    expect(host.calls.filter(({ name }) => name.startsWith("rpc")).map(({ args }) => args.at(-1))).toEqual([
      options,
      options,
    ]);
  });

  test("may say how often by a number alone", async () => {
    await evaluate("return rpc(add, [1, 2], { retry: 5 })");
    expect(host.listCalls("rpc")[0]).toContain('"retry":{"attempts":5,"first":100,"factor":2,"most":60000');
  });

  test("takes what is undefined for not said", async () => {
    await evaluate(
      "return rpc(add, [1, 2], { key: undefined, at: undefined, timeoutMs: undefined, retry: undefined, signal: undefined })",
    );
    expect(host.listCalls("rpc")).toEqual(['rpc.callFunction("add", "[1,2]", {"mode":"attached"})']);
  });

  test("adds those of one `with` to those of another", async () => {
    await evaluate("return cell.get('a').with({ key: 'k', timeoutMs: 5 }).with({ timeoutMs: 6 }).get()");
    expect(host.listCalls("rpc")[0]).toContain('{"mode":"attached","key":"k","timeout":6}');
  });

  test.each([
    ["{ kay: 'k' }", /A call has no option kay\. Did you mean key\? The options are: at, detached, key/],
    ["{ key: '' }", "The key of a call must be a text that is not empty, not ."],
    ["{ key: 5 }", "The key of a call must be a text that is not empty, not 5."],
    ["{ at: 'tomorrow' }", "The at of a call must be a Date or milliseconds since 1970, not tomorrow."],
    ["{ at: NaN }", /cannot be scheduled at NaN/],
    ["{ detached: 1 }", "The detached of a call must be true or false, not 1."],
    ["{ target: 5 }", "The target of a call must be a text such as poll://any@GROUP, not 5."],
    ["{ timeoutMs: -1 }", "The timeoutMs of a call takes a span in milliseconds from 0 up, not -1."],
    ["{ timeoutMs: '5s' }", "The timeoutMs of a call takes a span in milliseconds from 0 up, not 5s."],
    ["{ timeoutMs: 5, detached: true }", /nobody waits for takes no timeoutMs/],
    ["{ signal: true }", "The signal of a call must be an AbortSignal, not true."],
    ["{ retry: 0 }", "A retry must have attempts: a whole number from 1, not 0."],
    ["{ retry: 1.5 }", "A retry must have attempts: a whole number from 1, not 1.5."],
    ["{ retry: 2 ** 32 }", "A retry must have attempts: a whole number from 1, not 4294967296."],
    ["{ retry: true }", "A retry must be a number of attempts or an object, not true."],
    ["{ retry: { attemts: 2 } }", /A retry has no attemts\. Did you mean attempts\?/],
    ["{ retry: { firstMs: -1 } }", "The firstMs of a retry takes a span in milliseconds from 0 up, not -1."],
    ["{ retry: { factor: 0.5 } }", "A retry must have a factor: a number from 1, not 0.5."],
    ["{ retry: { factor: Infinity } }", "A retry must have a factor: a number from 1, not Infinity."],
    ["{ retry: { jitter: 2 } }", "A retry must have a jitter: a number from 0 to 1, not 2."],
    ["{ retry: { jitter: '0.5' } }", "A retry must have a jitter: a number from 0 to 1, not 0.5."],
    ["{ retry: { only: 'a/b' } }", "A retry must have only: a list of codes or names of errors, not a/b."],
    ["{ retry: { never: [5] } }", "A retry must have never: a list of codes or names of errors, not 5."],
    ["null", "The options of a call must be an object, not null."],
    ["'key'", "The options of a call must be an object, not key."],
  ])("as %s is refused before anything is started", async (options, message) => {
    await expect(evaluate(`rpc(add, [1, 2], ${options})`)).rejects.toMatchObject(
      refusal("guest/bad-argument", message),
    );
    await expect(evaluate(`await cell.get("a").with(${options}).get()`)).rejects.toMatchObject(
      refusal("guest/bad-argument", message),
    );
    expect(host.listCalls("rpc")).toEqual([]);
  });

  test("that nobody waits for takes no timeout from before either", async () => {
    const body = "cell.get('a').with({ timeoutMs: 5 }).trigger.get()";
    await expect(evaluate(body)).rejects.toMatchObject(refusal("guest/bad-argument", /takes no timeoutMs/));
    expect(host.listCalls("rpc")).toEqual([]);
  });
});

describe("a signal", () => {
  const never = "cell.get('a').with({ at: now() + 1e9, signal: given }).get()";

  test.each([
    ["a call of an agent", never],
    ["a call of a function", "rpc(add, [1, 2], { at: now() + 1e9, signal: given })"],
    ["a sleep", "sleep(1e9, { signal: given })"],
  ])("gives up %s, which rejects with its reason", async (_what, work) => {
    const body = `
      const controller = new AbortController();
      const given = controller.signal;
      const work = ${work};
      await sleep(5);
      controller.abort(new RangeError("enough"));
      try { await work } catch (e) { return [e instanceof RangeError, e.message] }`;
    expect(await evaluate(body)).toEqual([true, "enough"]);
    expect(host.listCalls("operation")).toEqual(["operation.cancel(1)"]);
  });

  test("that is aborted already lets nothing begin", async () => {
    const body = `const given = AbortSignal.abort(); try { await ${never} } catch (e) { return e.name }`;
    expect(await evaluate(body)).toBe("AbortError");
    expect(host.listCalls("operation")).toEqual(["operation.cancel(1)"]);
  });

  test("gives up a call that nobody waits for", async () => {
    await evaluate(`
      const controller = new AbortController();
      cell.get("a").with({ at: now() + 1e9, signal: controller.signal }).trigger.get();
      controller.abort()`);
    expect(host.listCalls("operation")).toEqual(["operation.cancel(1)"]);
  });

  test("that is aborted too late changes nothing", async () => {
    const body = `
      const controller = new AbortController();
      const sum = await rpc(add, [1, 2], { signal: controller.signal });
      controller.abort();
      await sleep(1);
      return sum`;
    expect(await evaluate(body)).toBe(3);
    expect(host.listCalls("operation")).toEqual([]);
  });

  test("leaves what a call is canceled by otherwise as it is", async () => {
    const body = `
      const given = new AbortController().signal;
      const work = ${never};
      work.cancel();
      try { await work } catch (e) { return e.code }`;
    expect(await evaluate(body)).toBe("operation/canceled");
  });

  test("that is none is refused", async () => {
    await expect(evaluate("await sleep(5, { signal: {} })")).rejects.toMatchObject(
      refusal("guest/bad-argument", "The signal of sleep() must be an AbortSignal, not [object Object]."),
    );
    expect(host.listCalls("time")).toEqual([]);
  });
});
