import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostError } from "../../../host/base/error.ts";
import { Scanner } from "../../../host/cli/scanner.ts";
import { readWave } from "../../../host/cli/wave.ts";

function read(text: string): string {
  const scanner = new Scanner(text);
  const json = readWave(scanner);
  scanner.expectEnd();
  return json;
}

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).toMatchObject({ name: "HostError", code: "call/syntax" });
    return (error as HostError).message.split("\n")[0]!;
  }
  throw new Error(`${text} was not refused`);
}

describe("a value for a component with types", () => {
  test.each([
    ["true", "true"],
    ["123", "123"],
    ["-9", "-9"],
    ["18446744073709551615", "18446744073709551615"],
    ["-0", "-0"],
    ["6.022e+23", "6.022e+23"],
    ["1.50", "1.5"],
    ["inf", '"Infinity"'],
    ["-inf", '"-Infinity"'],
    ["- inf", '"-Infinity"'],
    ["nan", '"NaN"'],
    ["[nan, -Infinity]", '["NaN","-Infinity"]'],
    [String.raw`'\''`, `"'"`],
    [String.raw`'\u{0}'`, String.raw`"\u0000"`],
    ["'☃'", '"☃"'],
    [String.raw`"abc\t123"`, String.raw`"abc\t123"`],
    ['("abc", 123,)', '["abc",123]'],
    ["[]", "[]"],
    ["['a', 'b']", '["a","b"]'],
    ['{field-a: 1, %field-b: "two"}', '{"field-a":1,"field-b":"two"}'],
    ['{"field-a": {b: none}}', '{"field-a":{"b":null}}'],
    ["{a_b: [red]}", '{"a_b":["red"]}'],
    ["{true: true, none: none, some: some(1), inf: inf}", '{"true":true,"none":null,"some":1,"inf":"Infinity"}'],
    ["{:}", "{}"],
    ["{ : }", "{}"],
    ["{}", "{}"],
    ["{read}", '["read"]'],
    ["{ read-all, %write, }", '["read-all","write"]'],
    ["{true, none}", '["true","none"]'],
    ["south", '"south"'],
    ["dark-blue", '"dark-blue"'],
    ["get-HTTP3", '"get-HTTP3"'],
    ["%none", '"none"'],
    ["%true", '"true"'],
    ["%inf", '"inf"'],
    ["days(30)", '{"days":30}'],
    ["body([79, 75])", '{"body":[79,75]}'],
    ["two-d((1, 2))", '{"two-d":[1,2]}'],
    ["%some(1)", '{"some":1}'],
    ['%err("oops")', '{"err":"oops"}'],
    ["ok", '"ok"'],
    ["ok(1)", '{"ok":1}'],
    ['err("x")', '{"err":"x"}'],
    ["none", "null"],
    ["some(1)", "1"],
    ["some(none)", '{"tag":"some","val":null}'],
    ["some(some(1))", '{"tag":"some","val":1}'],
    ["some(some(none))", '{"tag":"some","val":{"tag":"some","val":null}}'],
    ["some(nonesuch)", '"nonesuch"'],
    ["some(none-such(1))", '{"none-such":1}'],
    ["ok(some(err({a: (1,)})))", '{"ok":{"err":{"a":[1]}}}'],
  ])("%s is %s", (text, json) => {
    expect(read(text)).toBe(json);
    expect(JSON.parse(json)).toBeDefined();
  });

  test("may be any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.parse(read(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    ["circle(1, 2)", "Expected `)` after the value of circle, found `,`"],
    ["circle()", "Expected a value, found `)`"],
    ["circle(1", "Expected `)` after the value of circle, found the end"],
    ["{read, write: 1}", "Expected `}` or a comma, found `:`"],
    ["{read: 1, write}", "Expected `:` after the key, found `}`"],
    ["{read, 1}", "Expected a flag, found `1`"],
    ["{a: 1, %a: 2}", 'The key "a" stands here a second time'],
    ["{:, a: 1}", "Expected a key, found `:`"],
    ["%", "Expected a value, found `%`"],
    ["red-", "Expected the end, found `-`"],
    ["1u8", "This is not a decimal number"],
    ["0x10", "This is not a decimal number"],
    ["-red", "This is not a decimal number"],
    ["-inf-x", "This is not a decimal number"],
    ["1e999", "1e999 is too large for a number"],
    ["(1 2)", "Expected `)` or a comma, found `2`"],
    ["@x", "Expected a value, found `@`"],
    ["", "Expected a value, found the end"],
    ["some(".repeat(1_000), "Values are nested deeper than 500 levels"],
    ["(".repeat(1_000), "Values are nested deeper than 500 levels"],
  ])("that is %s is refused", (text, why) => {
    expect(refusal(text)).toBe(why);
  });
});
