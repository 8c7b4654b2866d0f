import { describe, expect, test } from "vitest";
import { appendCustomSection } from "../../../build/custom-section.ts";
import { makeSourceMap, mapStack, readSourceMap } from "../../../build/source-map.ts";

// Line 1 comes from guest.ts:10:3, line 2 from the SDK, line 3 from nowhere.
const json = JSON.stringify({
  version: 3,
  sources: ["src/guest.ts", "planaria:guest/register.ts"],
  names: [],
  mappings: "AASE;ACTF;",
});
const empty = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
const component = appendCustomSection(empty, "planaria:source-map", Buffer.from(json));

describe("mapStack", () => {
  const stack = [
    "TypeError: no",
    "    at charge (componentize-qjs:user.js:1:1)",
    "    at <anonymous> (componentize-qjs:user.js:1:1)",
    "    at map (native)",
    "    at carryOut (componentize-qjs:user.js:2:1)",
    "    at glue (componentize-qjs:user.js:3:1)",
    "",
  ].join("\n");
  const mapped = "TypeError: no\n    at charge (src/guest.ts:10:3)\n    at src/guest.ts:10:3\n    at map (native)\n";

  test("frames are moved to the guest's lines, and those of the SDK are left out", () => {
    expect(mapStack(makeSourceMap(json), stack)).toBe(mapped);
  });

  test("a component can be given in place of its map", () => {
    expect(mapStack(component, stack)).toBe(mapped);
  });

  test("a component without a map leaves a stack as it is", () => {
    expect(readSourceMap(empty)).toBe(undefined);
    expect(mapStack(empty, stack)).toBe(stack);
  });

  test("lines that are no frames stay, even if they look much like one", () => {
    const text = "at the end (componentize-qjs:user.js) of 1:1\n  at x (other.js:1:1)";
    expect(mapStack(makeSourceMap(json), text)).toBe(text);
  });

  test("a component that is cut off is refused", () => {
    expect(() => readSourceMap(component.subarray(0, component.length - 1))).toThrow(RangeError);
  });
});
