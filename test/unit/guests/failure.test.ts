import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

/** The failure that a body ends with, without its stacks. */
async function failureOf(body: string): Promise<unknown> {
  const error = await host.call("evaluate", body).then(
    (value) => Promise.reject(new Error(`It returned ${JSON.stringify(value)}`)),
    (thrown: { failure: object }) => thrown.failure,
  );
  return JSON.parse(JSON.stringify(error, (key, value: unknown) => (key === "stack" ? undefined : value)));
}

describe("a failure", () => {
  test("has the error's name, message, code, data, cause and stack", async () => {
    const error =
      "class CardError extends PlanariaError { name = 'CardError' }; throw new CardError('card/declined', 'no', { data: { cents: 5 }, cause: new TypeError('x') })";
    expect(await failureOf(error)).toEqual({
      name: "CardError",
      message: "no",
      code: "card/declined",
      data: { cents: 5 },
      cause: { name: "TypeError", message: "x" },
    });
    await expect(host.call("evaluate", error)).rejects.toMatchObject({ stack: expect.stringMatching(/^ {4}at /) });
  });

  test("is made of whatever is thrown", async () => {
    expect(await failureOf("throw 'text'")).toEqual({ name: "Error", message: "text" });
    expect(await failureOf("throw { a: 1 }")).toEqual({
      name: "Error",
      message: 'not an error was thrown: {"a":1}',
      data: { a: 1 },
    });
    expect(await failureOf("throw { message: 'like an error', code: 'x/y' }")).toEqual({
      name: "Error",
      message: "like an error",
      code: "x/y",
    });
    expect(await failureOf("throw undefined")).toEqual({
      name: "Error",
      message: "not an error was thrown: undefined",
    });
    expect(await failureOf("throw null")).toEqual({
      name: "Error",
      message: expect.stringContaining("null was thrown"),
    });
    expect(await failureOf("throw Symbol('s')")).toEqual({
      name: "Error",
      message: "not an error was thrown: Symbol(s)",
    });
    expect(await failureOf("throw 10n")).toEqual({ name: "Error", message: "not an error was thrown: 10" });
  });

  test("keeps the errors of an AggregateError", async () => {
    expect(await failureOf("await Promise.any([Promise.reject(new Error('a'))])")).toMatchObject({
      name: "AggregateError",
      data: { errors: [{ message: "a" }] },
    });
  });

  test("gets over errors that fight back", async () => {
    const hostile = [
      "const e = new Error('x'); e.cause = e; throw e",
      "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw e } }); throw e",
      "const e = new Error('x'); e.data = e; throw e",
      "const e = new Error('x'); e.data = 1n; e.code = 5; e.name = {}; throw e",
      "throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })",
      "throw Object.create(null)",
      "let e = new Error('deep'); for (let i = 0; i < 10000; i++) e = new Error('deep', { cause: e }); throw e",
      "throw { toString() { throw 1 }, toJSON() { throw 2 } }",
    ];
    for (const body of hostile) {
      expect(await failureOf(body)).toMatchObject({ name: "Error", message: expect.any(String) });
      expect(JSON.stringify(await failureOf(body)).length).toBeLessThan(2_000);
    }
  });
});

describe("results", () => {
  const result = (expression: string) => host.call("evaluate", `return ${expression}`);

  test("become what JSON makes of them", async () => {
    expect(await result("undefined")).toBeNull();
    expect(await result("[undefined, NaN, new Date(0), { a: undefined }]")).toEqual([
      null,
      null,
      "1970-01-01T00:00:00.000Z",
      {},
    ]);
    expect(await result("Object.assign(Object.create(null), { x: 1 })")).toEqual({ x: 1 });
    expect(await result("'\\ud800'")).toBe("\ud800");
  });

  test.each([
    ["{ items: [0, 1, 2, { total: 5n }] }", "result.items[3].total is a bigint: give a string or a number"],
    ["() => 1", "result is a function"],
    ["{ f() {} }", "result.f is a function"],
    ["[Symbol()]", "result[0] is a symbol"],
    ["{ 'a b': new Map() }", 'result["a b"] is a Map: give Object.fromEntries(map) or [...map]'],
    ["[new Set()]", "result[0] is a Set: give [...set]"],
    ["[sleep(1)]", "result[0] is a promise: await it first"],
    ["new Uint8Array(2)", "result is binary data: give an array of numbers or a string"],
    [
      "(() => { const o = { a: {} }; o.a.o = o; return o })()",
      "result.a.o is a cycle: it is an object that contains it",
    ],
    ["{ toJSON() { throw new Error('no') } }", "result cannot be written as JSON: no"],
  ])("that JSON can't carry are refused with the path: %s", async (expression, message) => {
    await expect(result(expression)).rejects.toMatchObject({ code: "guest/not-json", message });
  });
});
