import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalAgentId, formatAgentName, parseAgentName } from "../../host/agent/agent-name.ts";
import { parseTarget } from "../../host/agent/target.ts";
import { HostError } from "../../host/base/error.ts";
import { parseAgent, parseCall, parseValue, type ReadText } from "../../host/cli/call-expression.ts";
import { parseDescription } from "../../host/component/description.ts";
import { mergeSettings, parseSettings, type SaidSettings } from "../../host/component/settings.ts";
import { decodeGolden, encodeGolden } from "../../host/golden/golden.ts";
import { decodeStep, encodeStep } from "../../host/oplog/codec.ts";
import { expectAlways, mangled, valueOrRefusal } from "./fuzz.ts";

const goldens = globSync("test/golden/v1/*.jsonl").map((file) => readFileSync(file, "utf8"));
const steps = goldens.flatMap((golden) => golden.split("\n").slice(1, -1)).map((line) => `[${line}]`);
const noFile = (): never => {
  throw new HostError("call/file", "There are no files here at all.");
};
/** JSON has a zero below zero, and nobody has a use for it. */
const plain = (text: string) => JSON.stringify(JSON.parse(text));
const json = fc.jsonValue({ stringUnit: "grapheme" }).map((value) => JSON.stringify(value));
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string(), json);

describe("an oplog's text", () => {
  const origin = { agent: "a()", first: 0 };

  test("that was changed anywhere is refused, or reads as what it says", () => {
    const some = fc.oneof(anyText, mangled(fc.constantFrom(...steps)));
    expectAlways(
      fc.property(some, (text) => {
        const entries = valueOrRefusal(() => decodeStep(text, origin));
        if (!(entries instanceof HostError)) expect(decodeStep(encodeStep(entries), origin)).toEqual(entries);
      }),
      2_000,
    );
  });

  test("may hold a request whose body is as long as a payload may be", () => {
    const base64 = Buffer.alloc(12 * 2 ** 20, 7).toString("base64");
    const request = { operation: 1, method: "PUT", url: "http://a", headers: [], body: { base64 } };
    const entries = [{ kind: "fetch-started" as const, ...request, redirect: "follow" as const }];
    expect(decodeStep(encodeStep(entries), origin)).toEqual(entries);
    for (const wrong of ["AA=", "A", "=AAA", "AA==AA==", "A A=", "AB=="]) {
      const text = encodeStep([{ ...entries[0]!, body: { base64: wrong } }]);
      expect(valueOrRefusal(() => decodeStep(text, origin))).toMatchObject({ code: "oplog/invalid-entry" });
    }
  });
});

test("a golden file that was changed anywhere is refused, or known not to be as it was recorded", () => {
  expectAlways(
    fc.property(mangled(fc.constantFrom(...goldens)), (text) => {
      const golden = valueOrRefusal(() => decodeGolden(text, "some.jsonl"));
      const isSame = goldens.some((each) => each.replaceAll("\r\n", "\n") === text.replaceAll("\r\n", "\n"));
      if (!(golden instanceof HostError))
        expect(golden.isIntact && !isSame && !goldens.includes(encodeGolden(golden))).toBe(false);
    }),
    500,
  );
});

describe("a call on the command line", () => {
  const written = fc.constantFrom(
    'counter("c1").add(2)',
    "act[00000000-0000-0000-0000-000000000000]",
    "a({b: [1, 'x', null, -1e9, \"\\u{1f600}\"], 'c d': true}).run(@file, {})",
    'f("\\x41", [,], 0x10)',
    "docs:adder/add@0.1.0#[method]a-b.c-d({e-f: (1, -inf), g: some(none)}, {read, %ok}, circle(18446744073709551615))",
  );

  test.each([
    ["a call", parseCall],
    [
      "a call of a component that has types",
      (text: string, readText: ReadText) => parseCall(text, readText, { typed: true }),
    ],
    ["an agent", parseAgent],
    ["a value", parseValue],
  ])("reads as %s, or is refused with a reason", (_, parse) => {
    expectAlways(
      fc.property(
        fc.oneof(anyText, written, mangled(written)),
        (text) => void valueOrRefusal(() => parse(text, noFile)),
      ),
      1_000,
    );
  });

  test("has every JSON value as a literal, whatever its keys are called", () => {
    const odd = fc.constantFrom('{"__proto__":{"polluted":true}}', '{"constructor":1,"toString":null}', "-0", "1e999");
    expectAlways(
      fc.property(fc.oneof(json, odd), (text) => {
        const read = valueOrRefusal(() => parseValue(text, noFile));
        if (!(read instanceof HostError)) expect(JSON.parse(read)).toEqual(JSON.parse(plain(text)));
        expect("polluted" in {}).toBe(false);
      }),
      1_000,
    );
  });

  test("nested ten thousand times deep is refused, and no stack overflows", () => {
    for (const text of ["[".repeat(10_000), `f(${"[".repeat(10_000)}`, `${"{a:".repeat(10_000)}1`])
      expect(valueOrRefusal(() => parseValue(text, noFile))).toMatchObject({ code: "call/syntax" });
  });
});

describe("an agent's name", () => {
  const name = fc
    .tuple(fc.constantFrom("counter", "é", "$_", "constructor", "__proto__"), fc.array(fc.jsonValue()))
    .map(([type, params]) => `${type}(${params.map((each) => JSON.stringify(each)).join(" , ")})`);

  test("has one way to be written, or is refused", () => {
    expectAlways(
      fc.property(fc.oneof(anyText, name, mangled(name)), (text) => {
        const parsed = valueOrRefusal(() => parseAgentName(text));
        const id = canonicalAgentId(text);
        if (parsed instanceof HostError) return void expect(id).toBe(text);
        expect(formatAgentName(parsed)).toBe(id);
        expect(formatAgentName(parseAgentName(id))).toBe(id);
      }),
      2_000,
    );
  });

  test("of one agent is never that of another with other parameters", () => {
    expectAlways(
      fc.property(fc.array(fc.jsonValue()), fc.array(fc.jsonValue()), (left, right) => {
        const idOf = (params: unknown[]) =>
          valueOrRefusal(() => formatAgentName(parseAgentName(`a(${JSON.stringify(params).slice(1, -1)})`)));
        if (JSON.stringify(left) !== JSON.stringify(right)) expect(idOf(left)).not.toEqual(idOf(right));
      }),
      500,
    );
  });
});

test("a target reads, or is refused", () => {
  const some = fc.oneof(anyText, mangled(fc.constantFrom("poll://any@g", "poll://any@g/n", "poll://uni@g/n")));
  expectAlways(
    fc.property(some, (text) => void valueOrRefusal(() => parseTarget(text))),
    1_000,
  );
});

test("a component's description reads, or is refused", () => {
  const good = '{"sdk":"1","agents":[{"name":"a","params":[{"name":"p","type":null}],"methods":null}],"functions":[]}';
  expectAlways(
    fc.property(
      fc.oneof(anyText, mangled(fc.constant(good))),
      (text) => void valueOrRefusal(() => parseDescription(text)),
    ),
    1_000,
  );
});

describe("settings", () => {
  const keys = [
    "allowedHosts",
    "fetchTimeoutMs",
    "depthLimit",
    "payloadLimitBytes",
    "agentLimit",
    "__proto__",
    "other",
  ];
  const said = fc.dictionary(fc.constantFrom(...keys), fc.oneof(fc.jsonValue(), fc.nat(), fc.array(fc.domain())));

  test("that were taken read as what was said, and others are refused", () => {
    expectAlways(
      fc.property(said, said, (first, second) => {
        const merged = valueOrRefusal(() => {
          const once = mergeSettings("{}", first as SaidSettings);
          return mergeSettings(once, second as SaidSettings);
        });
        if (!(merged instanceof HostError)) expect(parseSettings(merged)).toMatchObject({ ...first, ...second });
      }),
      1_000,
    );
  });

  test("in a damaged store are refused as such", () => {
    const stored = mangled(fc.constant('{"allowedHosts":["a.com"],"depthLimit":7}'));
    expectAlways(
      fc.property(stored, (text) => {
        const read = valueOrRefusal(() => parseSettings(text));
        if (read instanceof HostError) expect(read.code).toBe("store/corrupt");
      }),
      1_000,
    );
  });
});
