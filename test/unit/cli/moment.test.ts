import { describe, expect, test } from "vitest";
import { makeMomentParser } from "../../../host/cli/moment.ts";

const now = Date.parse("2026-01-01T00:00Z");
const parse = makeMomentParser(() => now);

describe("a moment", () => {
  test.each([
    ["+10s", now + 10_000],
    ["in 10s", now + 10_000],
    ["+1.5h", now + 5_400_000],
    ["in 2d", now + 172_800_000],
    ["+0s", now],
    ["2026-12-24T18:00Z", Date.parse("2026-12-24T18:00:00.000Z")],
    ["2026-12-24T18:00:30.5+01:00", Date.parse("2026-12-24T17:00:30.500Z")],
    // Has passed: the call may have been made then, and this is its repetition.
    ["2020-02-29T00:00Z", Date.parse("2020-02-29T00:00Z")],
  ])("%j is %i", (text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  // A bare number has no unit, a time without a zone is another moment elsewhere, and no February has 30 days.
  test.each([
    "",
    "10s",
    "+10",
    "+soon",
    "-10s",
    "now",
    "2026-12-24",
    "2026-12-24T18:00",
    "2026-02-30T00:00Z",
    "+9999d",
  ])("is not %j", (text) => {
    expect(() => parse(text)).toThrow(
      "It must be a moment such as 2026-12-24T18:00Z, or a span from now such as +10s.",
    );
  });
});
