import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAgent, parseCall, parseCalleeName } from "../../../host/cli/call-expression.ts";
import type { HostError } from "../../../host/base/error.ts";

const uuid = "0b6e2d26-8c10-5b6c-9f5d-7c1f0d5e4b8a";
const noFiles = (path: string): string => {
  throw new Error(`no such file: ${path}`);
};
const args = (text: string) => JSON.parse(parseCall(`f(${text})`, noFiles).args) as unknown[];

/** The message of the refusal, without its hint. */
function refusal(text: string, typed = false): string {
  try {
    parseCall(text, noFiles, { typed });
  } catch (error) {
    expect(error).toMatchObject({ name: "HostError", code: "call/syntax" });
    return (error as HostError).message.split("\n").slice(0, 3).join("\n");
  }
  throw new Error(`${text} was not refused`);
}

describe("a call", () => {
  test("of a method names an agent, a method and arguments", () => {
    expect(parseCall('coordinator("c1").dispatchAndCollect(["eu", "us"])', noFiles)).toEqual({
      callee: { agent: { type: "coordinator", params: '["c1"]', phantom: null }, method: "dispatchAndCollect" },
      args: '[["eu","us"]]',
    });
  });

  test("of a function names the function and arguments", () => {
    expect(parseCall('enrichOne("x")', noFiles)).toEqual({ callee: { function: "enrichOne" }, args: '["x"]' });
  });

  test("may go to a fork", () => {
    expect(parseCall(`counter('c1')[${uuid.toUpperCase()}].get()`, noFiles)).toEqual({
      callee: { agent: { type: "counter", params: '["c1"]', phantom: uuid }, method: "get" },
      args: "[]",
    });
  });

  test("takes white space wherever JavaScript does", () => {
    const call = parseCall(" counter ( 'a' )\n  . add ( 1 , ) ", noFiles);
    expect(call).toEqual(parseCall('counter("a").add(1)', noFiles));
  });
});

describe("a call of a component's function", () => {
  test.each([
    "add-two",
    "docs:adder/add#add",
    "docs:adder/add@0.1.0-rc.1+b2#add",
    "docs:store/buckets#[method]big-bucket.get-all",
    "[constructor]big-bucket",
    "[static]bucket.open",
    "bucket.get",
    "in-line#go",
  ])("names it %s", (name) => {
    expect(parseCall(`${name}(1, 2)`, noFiles)).toEqual({ callee: { function: name }, args: "[1,2]" });
    expect(parseCall(`any("a").${name} ("x")`, noFiles)).toEqual({
      callee: { agent: { type: "any", params: '["a"]', phantom: null }, method: name },
      args: '["x"]',
    });
    expect(parseAgent(`${name}[${uuid}]`, noFiles)).toEqual({ type: name, params: null, phantom: uuid });
    expect(parseCalleeName(` ${name}(red)`)).toBe(name);
    expect(parseCalleeName(`any("a").${name}(1)`)).toBe("any");
  });

  test("that has types keeps all digits of its arguments, whether they are written or in a file", () => {
    const file = () => "[18446744073709551615]";
    for (const callee of ["f", 'any("a").f'])
      expect(parseCall(`${callee}(-9007199254740993, @x)`, file, { typed: true }).args).toBe(
        "[-9007199254740993,[18446744073709551615]]",
      );
  });

  test("that has types may be one of an agent, whose own parameters are plain JSON", () => {
    const call = parseCall('any({a: "b"}, @-).paint(red)', () => "1", { typed: true });
    expect(call.callee).toEqual({ agent: { type: "any", params: '[{"a":"b"},1]', phantom: null }, method: "paint" });
    expect(call.args).toBe('["red"]');
    expect(refusal("any(red).paint(red)", true).split("\n")[0]).toBe("Expected a value, found `red`");
    expect(refusal("any(9007199254740993).get()", true).split("\n")[0]).toBe(
      "9007199254740993 would lose digits as a number",
    );
    expect(refusal(`any(red)[${uuid}].get()`, true).split("\n")[0]).toBe("Expected a value, found `red`");
  });

  test("asks for a text once, even if it is an agent's", () => {
    let reads = 0;
    const readText = () => JSON.stringify(++reads);
    expect(parseCall("any(@-).f(@-)", readText, { typed: true })).toMatchObject({
      callee: { agent: { params: "[1]" } },
      args: "[1]",
    });
  });

  test.each([
    ["f(1) x", "Expected the end, found `x`"],
    ["f(1", "Expected `)` or a comma, found the end"],
    ["f", "Expected `(` and arguments, found the end"],
    [`f[${uuid}].get()`, "The agent of one call of a function takes no further calls"],
    ["f(1).", "Expected the name of a method, found the end"],
    ["docs:adder/add#(1)", "Expected `(` and arguments, found `:`"],
    ["#add(1)", "Expected the name of an agent type or function, found `#`"],
  ])("of %s is refused, types or not", (text, why) => {
    expect([refusal(text), refusal(text, true)].map((message) => message.split("\n")[0])).toEqual([why, why]);
  });
});

describe("an argument", () => {
  test("is a string in any quotes, with JavaScript's escapes", () => {
    expect(args(`"it's", 'say "hi"', \`two\nlines $5\``)).toEqual(["it's", 'say "hi"', "two\nlines $5"]);
    expect(args(String.raw`"\n\t\\\"\x41\u0042\u{1F600}\q\0"`)).toEqual(['\n\t\\"AB😀q\0']);
  });

  test("is a number, true, false, null or undefined", () => {
    expect(args("1.0, -2, .5, 5., 1e3, - 7, -0")).toEqual([1, -2, 0.5, 5, 1000, -7, 0]);
    expect(args("true, false, null, undefined")).toEqual([true, false, null, null]);
  });

  test("is an array or an object, with unquoted keys and trailing commas", () => {
    expect(args("[1,[],], {a: 1, 'b-c': {}, 3: [null,],}")).toEqual([[1, []], { a: 1, "b-c": {}, 3: [null] }]);
  });

  test("keeps a key named __proto__ as data", () => {
    expect(parseCall('f({"__proto__":1})', noFiles).args).toBe('[{"__proto__":1}]');
  });

  test("reads back as it was printed, whatever JSON it is", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const text = JSON.stringify(values);
        expect(parseCall(`f(${text.slice(1, -1)})`, noFiles).args).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test("agrees with JavaScript itself on every string it accepts", () => {
    const pieces = fc.constantFrom(
      "\\n",
      "\\x4",
      "\\x41",
      "\\u00e9",
      "\\u{1f600}",
      "\\'",
      "\\\n",
      "a",
      '"',
      "$",
      "{",
      "\\8",
      "é",
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const literal = `'${parts.join("")}'`;
        let expected: unknown;
        try {
          // oxlint-disable-next-line no-eval -- JavaScript itself is the oracle
          expected = (0, eval)(`"use strict";${literal}`);
        } catch {
          expect(() => args(literal)).toThrow(expect.objectContaining({ code: "call/syntax" }));
          return;
        }
        expect(args(literal)).toEqual([expected]);
      }),
    );
  });
});

describe("an argument @path", () => {
  const files: Record<string, string> = { "data/x.json": '{ "n": 1.0 }', "-": "[true]", "a b.json": "1", bad: "{" };
  const readText = (path: string) => files[path] ?? noFiles(path);

  test("is the JSON in that file, and @- that on stdin", () => {
    expect(parseCall('f(@data/x.json, @-, @"a b.json")', readText).args).toBe('[{"n":1},[true],1]');
    expect(parseAgent("shelf(@-)", readText).params).toBe("[[true]]");
  });

  test("is refused if the file is missing or holds no JSON", () => {
    expect(() => parseCall("f(@nowhere)", readText)).toThrow("Cannot read nowhere: no such file: nowhere");
    expect(() => parseCall("f(@bad)", readText)).toThrow(/^bad does not hold JSON: /);
  });

  test("is refused inside a value", () => {
    expect(() => parseCall("f([@-])", readText)).toThrow(expect.objectContaining({ code: "call/syntax" }));
  });
});

describe("the name of an agent", () => {
  test("stands alone where no call is meant", () => {
    expect(parseAgent("counter('c1')", noFiles)).toEqual({ type: "counter", params: '["c1"]', phantom: null });
    expect(parseAgent(`counter()[${uuid}]`, noFiles)).toEqual({ type: "counter", params: "[]", phantom: uuid });
    expect(parseAgent(`enrichOne[${uuid}]`, noFiles)).toEqual({ type: "enrichOne", params: null, phantom: uuid });
  });

  test("is refused if it is a mere type, or goes on with a method", () => {
    expect(() => parseAgent("counter", noFiles)).toThrow("Expected `(` and the parameters of the agent, found the end");
    expect(() => parseAgent("counter(1).get()", noFiles)).toThrow("Expected the end, found `.`");
  });
});

describe("a refusal", () => {
  test("points at the column", () => {
    expect(refusal('counter("c1").add(region)')).toBe(
      ["Expected a value, found `region`", '  counter("c1").add(region)', "                    ^"].join("\n"),
    );
  });

  test("points past wide characters", () => {
    expect(refusal('f("日本", x)').split("\n")[2]).toBe(`  ${" ".repeat(10)}^`);
  });

  test("shows the line of an expression of many lines, and a stretch of a long one", () => {
    expect(refusal("f(\n  1,\n  two,\n)")).toBe("Expected a value, found `two`\n    two,\n    ^");
    expect(refusal(`f("${"x".repeat(5000)}", y)`).length).toBeLessThan(250);
  });

  test.each([
    ["f(g(1))", "Expected a value, found `g`"],
    ["f(...x)", "Expected a value, found `...`"],
    ["f(/x/)", "Expected a value, found `/`"],
    ["f(1n)", "This is not a decimal number"],
    ["f(0x10)", "This is not a decimal number"],
    ["f(007)", "This is not a decimal number"],
    ["f(+1)", "This is not a decimal number"],
    ["f(NaN)", "Expected a value, found `NaN`"],
    ["f(toString)", "Expected a value, found `toString`"],
    ["f([1,,2])", "Expected a value, found `,`"],
    ["f(1e999)", "1e999 is too large for a number"],
    ["f(9007199254740993)", "9007199254740993 would lose digits as a number"],
    ["f(`a${b}`)", "This template has a hole or no end"],
    ["f('a)", "This string has no end"],
    ["f('\\u12')", "There is no escape `\\u`"],
    ["f({a})", "Expected `:` after the key, found `}`"],
    ["f({[a]: 1})", "Expected a key, found `[`"],
    ["f({a: 1, 'a': 2})", 'The key "a" stands here a second time'],
    ["f({__proto__: 1, __proto__: 2})", 'The key "__proto__" stands here a second time'],
    ["f(1 2)", "Expected `)` or a comma, found `2`"],
    ["f(1", "Expected `)` or a comma, found the end"],
    ["f(1); g()", "Expected the end, found `;`"],
    ["", "Expected the name of an agent type or function, found the end"],
    ["enrichOne", "Expected `(` and arguments, found the end"],
    ["counter(1).get", "Expected `(` after get, found the end"],
    [`counter(1)[${uuid}]`, "Expected a method call, found the end"],
    [`enrichOne[${uuid}].get()`, "The agent of one call of a function takes no further calls"],
    ["counter(1)[2].get()", "Expected the UUID of a fork or of a function's call, found `2`"],
    [`f(${"[".repeat(100_000)})`, "Values are nested deeper than 500 levels"],
  ])("of %s says why", (text, why) => {
    expect(refusal(text).split("\n")[0]).toBe(why);
  });
});
