import { describe, expect, test } from "vitest";
import { makeSizeParser, makeSpanParser, parseCount, parsePositiveCount } from "../../../host/cli/option.ts";

const size = makeSizeParser({ least: "64KiB", most: "4GiB" });
const span = makeSpanParser({ least: "1ms", most: "1h" });

describe("a size", () => {
  test.each([
    ["65536", 65_536],
    ["64KiB", 65_536],
    ["64 mib", 67_108_864],
    ["1.5GiB", 1_610_612_736],
    ["100kB", 100_000],
    ["20MB", 20_000_000],
  ])("%j is %i bytes", (text, expected) => {
    expect(size(text)).toBe(expected);
  });

  test.each(["", "lots", "-64KiB", "64KiBs", "1e6", "10", "5GiB", "0x10000", "Infinity"])("is not %j", (text) => {
    expect(() => size(text)).toThrow("It must be a size such as 64MiB, from 64KiB to 4GiB.");
  });
});

describe("a span of time", () => {
  test.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5m", 90_000],
    ["1h", 3_600_000],
  ])("%j is %i ms", (text, expected) => {
    expect(span(text)).toBe(expected);
  });

  // A bare number would be taken for seconds by one and for milliseconds by another.
  test.each(["10", "0ms", "2h", "1d", "soon", "-1s"])("is not %j", (text) => {
    expect(() => span(text)).toThrow("from 1ms to 1h");
  });
});

describe("a count", () => {
  test("is a whole number, of at least one where none makes no sense", () => {
    expect([parseCount("0"), parsePositiveCount("3")]).toEqual([0, 3]);
    expect(() => parseCount("1.5")).toThrow("a whole number from 0");
    expect(() => parsePositiveCount("0")).toThrow("a whole number from 1");
  });
});
