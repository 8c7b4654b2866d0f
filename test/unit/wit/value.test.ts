import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostError } from "../../../host/base/error.ts";
import { formatType } from "../../../host/wit/format.ts";
import type { Handles } from "../../../host/wit/handle.ts";
import type { WitFunction, WitResource, WitType } from "../../../host/wit/type.ts";
import { readArguments, writeValue } from "../../../host/wit/value.ts";
import { someType, someValue } from "./some-value.ts";

const noHandles: Handles = {
  give: () => {
    throw new Error("no handles here");
  },
  take: () => {
    throw new Error("no handles here");
  },
};

const takes = (...types: WitType[]): WitFunction => ({
  name: "f",
  params: types.map((type, index) => ({ name: "abc"[index]!, type })),
  result: null,
});
const read = (type: WitType, json: string) => readArguments(takes(type), `[${json}]`, noHandles)[0];
const write = (type: WitType | null, value: unknown) => writeValue(type, value, noHandles);

/** The message of a refusal, without the function's signature. */
function refusal(type: WitType, json: string): string {
  try {
    read(type, json);
  } catch (error) {
    expect(error).toMatchObject({ name: "HostError", code: "call/argument" });
    return (error as HostError).message.split("\n")[0]!;
  }
  throw new Error(`${json} was not refused`);
}

const u8: WitType = { kind: "u8" };
const u64: WitType = { kind: "u64" };
const string: WitType = { kind: "string" };
const optional = (element: WitType): WitType => ({ kind: "option", element });
const settings: WitType = {
  kind: "record",
  name: "settings",
  fields: [
    { name: "max-retries", type: { kind: "list", element: u8 } },
    { name: "label", type: optional(string) },
  ],
};
const shape: WitType = {
  kind: "variant",
  name: "shape",
  cases: [
    { name: "point", type: null },
    { name: "two-d", type: { kind: "tuple", elements: [u8, u8] } },
  ],
};
const rights: WitType = { kind: "flags", name: "rights", names: ["may-read", "write"] };
const colour: WitType = { kind: "enum", name: "colour", names: ["red", "dark-blue"] };
const bucket: WitResource = { kind: "resource", name: "bucket", owner: "docs:store/buckets@0.1.0" };

describe("a value", () => {
  test("reads back as it was written, whatever its type", () => {
    const typed = someType.chain((type) => fc.tuple(fc.constant(type), someValue(type)));
    fc.assert(
      fc.property(typed, ([type, value]) => {
        // By the letter: Vitest takes a field that is called `constructor` for one.
        expect(isDeepStrictEqual(read(type, write(type, value)), value)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test("is read from whatever JSON, or refused; and what was read stays what it is", () => {
    // Bits of what types are made of make it likelier that something fits.
    const json = fc.jsonValue({ maxDepth: 3 });
    const near = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, 0, -1, 300, true, "ok", "AQ==", "tag"),
        fc.array(tie("any"), { maxLength: 2 }),
        fc.record(
          { tag: fc.constantFrom("ok", "err", "some", "none", "val"), val: tie("any") },
          { requiredKeys: ["tag"] },
        ),
      ),
    })).any;
    fc.assert(
      fc.property(someType, fc.oneof(json, near), (type, value) => {
        let first;
        try {
          first = read(type, JSON.stringify(value));
        } catch (error) {
          expect(error).toMatchObject({ code: "call/argument" });
          return;
        }
        expect(isDeepStrictEqual(read(type, write(type, first)), first)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is written as JSON that people read", () => {
    expect(write(settings, { maxRetries: new Uint8Array([1, 2]), label: undefined })).toBe(
      '{"maxRetries":"AQI=","label":null}',
    );
    expect(write(shape, { tag: "two-d", val: [1, 2] })).toBe('{"tag":"two-d","val":[1,2]}');
    expect(write(rights, { mayRead: true, write: false })).toBe('["may-read"]');
    expect(write({ kind: "list", element: u64 }, new BigUint64Array([2n ** 64n - 1n]))).toBe("[18446744073709551615]");
    expect(write({ kind: "result", ok: null, error: string }, { tag: "err", val: "no" })).toBe(
      '{"tag":"err","val":"no"}',
    );
    expect(write(null, undefined)).toBe("null");
  });

  test("of type f32 is written with the digits that tell it apart", () => {
    const written = [0.1, 1 / 3, 16_777_217, 3.4028234663852886e38, 1e-45, -0, Number.NaN, -Infinity];
    expect(written.map((value) => write({ kind: "f32" }, Math.fround(value)))).toEqual(
      ["0.1", "0.333333", "16777216", "3.4028234663852886e+38", "1.4013e-45", "-0", '"NaN"', '"-Infinity"'].map(
        (text) => (text === "0.333333" ? expect.stringMatching(/^0\.33333334?$/) : text),
      ),
    );
  });
});

describe("an argument", () => {
  test("of type u64 keeps all its digits, as a number or as a string", () => {
    for (const text of ["18446744073709551615", '"18446744073709551615"']) expect(read(u64, text)).toBe(2n ** 64n - 1n);
    expect(read({ kind: "s64" }, "-9223372036854775808")).toBe(-(2n ** 63n));
    expect(read(u64, "1e3")).toBe(1000n);
    expect(read({ kind: "f64" }, "9007199254740993")).toBe(9_007_199_254_740_992);
  });

  test("of bytes is Base64 or an array", () => {
    const bytes: WitType = { kind: "list", element: u8 };
    for (const text of ['"AQL/"', "[1,2,255]"]) expect(read(bytes, text)).toStrictEqual(new Uint8Array([1, 2, 255]));
    expect(read(bytes, '""')).toStrictEqual(new Uint8Array());
  });

  test("of a record has its fields in kebab or in camel case, and may leave options out", () => {
    const value = { maxRetries: new Uint8Array([1]), label: undefined };
    for (const text of ['{"max-retries":[1]}', '{"maxRetries":[1],"label":null}']) {
      expect(read(settings, text)).toStrictEqual(value);
    }
  });

  test("of a variant, enum or result is said in any of three ways", () => {
    for (const text of ['"point"', '{"tag":"point"}', '{"point":null}'])
      expect(read(shape, text)).toEqual({ tag: "point" });
    for (const text of ['{"tag":"two-d","val":[1,2]}', '{"two-d":[1,2]}', '{"twoD":[1,2]}']) {
      expect(read(shape, text)).toEqual({ tag: "two-d", val: [1, 2] });
    }
    expect(read(colour, '"dark-blue"')).toBe("dark-blue");
    const result: WitType = { kind: "result", ok: u8, error: null };
    expect(read(result, '{"ok":1}')).toEqual({ tag: "ok", val: 1 });
    expect(read(result, '"err"')).toEqual({ tag: "err" });
  });

  test("of flags is an array of names or an object of booleans", () => {
    for (const text of ['["may-read"]', '{"mayRead":true}', '{"may-read":true,"write":false}']) {
      expect(read(rights, text)).toEqual({ mayRead: true, write: false });
    }
    expect(read(rights, "{}")).toEqual({ mayRead: false, write: false });
  });

  test("of an option in an option says which of the two is empty", () => {
    const nested = optional(optional(u8));
    expect(
      ["null", '{"tag":"none"}', '{"tag":"some","val":null}', '{"tag":"some","val":1}', "1"].map((text) =>
        read(nested, text),
      ),
    ).toEqual([
      { tag: "none" },
      { tag: "none" },
      { tag: "some", val: undefined },
      { tag: "some", val: 1 },
      { tag: "some", val: 1 },
    ]);
  });

  test("that is a handle is the object behind it, and a returned object gets a handle", () => {
    const object = {};
    const given: unknown[] = [];
    const handles: Handles = { give: (...asked) => (given.push(asked), object), take: () => 7 };
    const own: WitType = { kind: "own", resource: bucket };
    const text = writeValue(own, object, handles);
    expect(text).toBe('{"resource":"docs:store/buckets@0.1.0/bucket","handle":7}');
    const func = takes({ kind: "borrow", resource: bucket }, own);
    expect(readArguments(func, `[${text},${text}]`, handles)).toEqual([object, object]);
    expect(given).toEqual([
      [bucket, 7, false],
      [bucket, 7, true],
    ]);
  });

  test("at the end may be left out if it is an option", () => {
    expect(readArguments(takes(u8, optional(u8)), "[1]", noHandles)).toEqual([1, undefined]);
  });

  test("named __proto__ is data", () => {
    expect(refusal(settings, '{"__proto__":1}')).toMatch(/There is no field "__proto__"/);
    expect(refusal(colour, '"constructor"')).toMatch(/There is no case "constructor"/);
  });
});

describe("the refusal of", () => {
  test("too many or too few arguments shows the signature", () => {
    const func = takes(u8, string);
    for (const [args, count] of [
      ["[1]", 1],
      ["[1,2,3]", 3],
    ]) {
      expect(() => readArguments(func, args as string, noHandles)).toThrow(
        `f takes 2 arguments, and was given ${count}.\n  f: func(a: u8, b: string)`,
      );
    }
  });

  test.each(["{}", "", "[1", "[".repeat(100_000), `[${"[".repeat(100_000)}1234567890123456${"]".repeat(100_000)}]`])(
    "arguments that are no array of JSON says so (%#)",
    (args) => {
      expect(() => readArguments(takes(u8), args, noHandles)).toThrow(
        expect.objectContaining({ code: "call/argument" }),
      );
    },
  );

  test("a value deep inside names the way to it", () => {
    const configs: WitType = { kind: "list", element: settings };
    expect(refusal(configs, '[{"max-retries":[]},{"max-retries":[1,2,300]}]')).toBe(
      "The argument a[1].max-retries[2] of f has to be u8, and is 300. Its values go from 0 to 255.",
    );
    expect(refusal(shape, '{"two-d":[1,"x"]}')).toBe(
      'The argument a.two-d[1] of f has to be u8, and is the string "x". Its values go from 0 to 255.',
    );
  });

  const wrong: [WitType, string, string][] = [
    [u8, "1.5", "u8, and is 1.5. It has to be an integer."],
    [u8, "-1", "u8, and is -1. Its values go from 0 to 255."],
    [u8, '"1"', 'u8, and is the string "1". Its values go from 0 to 255.'],
    [
      u64,
      "18446744073709551616",
      "u64, and is 18446744073709551616. Its values go from 0 to 18446744073709551615, written with all digits.",
    ],
    [
      u64,
      "1e19",
      "u64, and is 10000000000000000000. Its values go from 0 to 18446744073709551615, written with all digits.",
    ],
    [
      u64,
      '"0x10"',
      'u64, and is the string "0x10". Its values go from 0 to 18446744073709551615, written with all digits.',
    ],
    [
      u64,
      '"-1"',
      'u64, and is the string "-1". Its values go from 0 to 18446744073709551615, written with all digits.',
    ],
    [{ kind: "f32" }, "1e39", "f32, and is 1e+39. That is too large for it."],
    [
      { kind: "f64" },
      '"nan"',
      'f64, and is the string "nan". Of strings, there are "NaN", "Infinity" and "-Infinity".',
    ],
    [{ kind: "bool" }, "1", "bool, and is 1."],
    [{ kind: "char" }, '"ab"', 'char, and is the string "ab". It has to be one character of Unicode.'],
    [{ kind: "char" }, '""', 'char, and is the string "". It has to be one character of Unicode.'],
    [
      string,
      '"\\ud800"',
      'string, and is the string "\\ud800". It holds half a surrogate pair, which is no character.',
    ],
    [string, "null", "string, and is null."],
    [{ kind: "list", element: string }, '"x"', 'list<string>, and is the string "x".'],
    [
      { kind: "list", element: u8 },
      '"AQI"',
      'list<u8>, and is the string "AQI". A string of bytes has to be Base64, padded.',
    ],
    [{ kind: "list", element: u8, length: 2 }, '"AQ=="', 'list<u8, 2>, and is the string "AQ==". Its length is 1.'],
    [{ kind: "list", element: string, length: 2 }, "[]", "list<string, 2>, and is an array of 0. Its length is 0."],
    [{ kind: "tuple", elements: [u8, u8] }, "[1]", "tuple<u8, u8>, and is an array of 1."],
    [
      settings,
      '{"max-retry":[]}',
      'settings, and is an object with max-retry. There is no field "max-retry". Did you mean max-retries?',
    ],
    [settings, "{}", "list<u8>, and is missing."],
    [
      settings,
      '{"maxRetries":[],"max-retries":[]}',
      "settings, and is an object with maxRetries, max-retries. The field max-retries stands there twice.",
    ],
    [settings, "[]", "settings, and is an array of 0."],
    [shape, '"circle"', 'shape, and is the string "circle". There is no case "circle". There is point, two-d.'],
    [shape, '{"point":1}', "shape, and is an object with point. The case point carries nothing."],
    [shape, '"two-d"', "tuple<u8, u8>, and is missing."],
    [shape, '{"point":null,"two-d":[1,2]}', "shape, and is an object with point, two-d. It has to have one case."],
    [shape, '{"tag":"point","vall":1}', "shape, and is an object with tag, vall. It has to have one case."],
    [colour, '{"tag":"red"}', "colour, and is an object with tag."],
    [colour, '"redd"', 'colour, and is the string "redd". There is no case "redd". Did you mean red?'],
    [rights, '["read"]', 'rights, and is an array of 1. There is no flag "read". There is may-read, write.'],
    [rights, '{"write":1}', "rights, and is an object with write."],
    [rights, '"write"', 'rights, and is the string "write".'],
    [
      { kind: "own", resource: bucket },
      "7",
      'own<bucket>, and is 7. It has to be {"resource":"docs:store/buckets@0.1.0/bucket","handle":N}, as a call has returned it.',
    ],
    [string, `[${'"x",'.repeat(99)}"x"]`, "string, and is an array of 100."],
    [
      u8,
      `"${"x".repeat(99)}"`,
      `u8, and is a string that begins with "${"x".repeat(40)}". Its values go from 0 to 255.`,
    ],
  ];

  test.each(
    wrong.map(([type, json, why]) => ({ type, json, why, expected: formatType(type), got: json.slice(0, 50) })),
  )("$got for $expected says why", ({ type, json, why }) => {
    expect(refusal(type, json)).toMatch(/^The argument a[^ ]* of f has to be /);
    expect(refusal(type, json).replace(/^.*? has to be /, "")).toBe(why);
  });
});
