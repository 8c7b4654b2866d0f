import fc from "fast-check";
import { expect, test } from "vitest";
import { keepDigits, parseExact } from "../../../host/wit/json.ts";

test("JSON reads as it always does, but for integers that a number does not hold", () => {
  const rounded = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.stringify(parseExact(text), rounded)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
  expect(parseExact('[9007199254740993, -9007199254740993, 9007199254740991, {"a":18446744073709551615}]')).toEqual([
    9_007_199_254_740_993n,
    -9_007_199_254_740_993n,
    9_007_199_254_740_991,
    { a: 18_446_744_073_709_551_615n },
  ]);
  expect(parseExact("9007199254740993")).toBe(9_007_199_254_740_993n);
});

test("a fraction, an exponent, and an integer beyond all types stay numbers", () => {
  expect(parseExact('["1234567890123456", 1e300, 0.12345678901234560]')).toEqual([
    "1234567890123456",
    1e300,
    0.1234567890123456,
  ]);
  expect(parseExact(`[${"9".repeat(100)}]`)).toEqual([1e100]);
});

test("text that is no JSON is refused with or without long numbers", () => {
  for (const text of ["[1,", "[12345678901234567890,"]) expect(() => parseExact(text)).toThrow(SyntaxError);
});

test("JSON that is written again keeps its digits", () => {
  const text = '{"a":[9007199254740993,1.0,-0,1e2,"1"]}';
  expect(JSON.stringify(JSON.parse(text, keepDigits))).toBe(text);
});
