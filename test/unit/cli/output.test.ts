import { describe, expect, test } from "vitest";
import { HostError } from "../../../host/base/error.ts";
import { exitCodeOf } from "../../../host/cli/exit-code.ts";
import { findNearest } from "../../../host/base/nearest.ts";
import { formatJson } from "../../../host/cli/json.ts";
import { quoteWord } from "../../../host/cli/shell.ts";
import { Output, type OutputOptions } from "../../../host/cli/output.ts";
import { formatBytes, formatFacts, formatSpan, formatTable } from "../../../host/cli/table.ts";
import type { Terminal } from "../../../host/cli/terminal.ts";
import { collect, makeTerminal } from "./fake-terminal.ts";

function makeOutput(options: Partial<OutputOptions & Terminal> = {}) {
  const stdout = collect();
  const stderr = collect();
  const terminal = makeTerminal({ stdout, stderr, ...options });
  return { stdout, stderr, output: new Output(terminal, { json: false, quiet: false, color: true, ...options }) };
}

const refused = new HostError("replay/mismatch", "c() left its path at entry 3\n  recorded  x", {
  data: { index: 3, big: 1n },
  cause: new Error("because"),
});

describe("output", () => {
  test("puts results on stdout and talk on stderr", () => {
    const { output, stdout, stderr } = makeOutput();
    output.say("wait");
    output.result([1, 2], (value) => value.join(" and "));
    expect([stdout.text, stderr.text]).toEqual(["1 and 2\n", "wait\n"]);
  });

  test("prints results as JSON, and stays quiet, if asked to", () => {
    const { output, stdout, stderr } = makeOutput({ json: true, quiet: true });
    output.say("wait");
    output.result([1, 2], () => "never");
    expect([stdout.text, stderr.text]).toEqual(["[1,2]\n", ""]);
  });

  test("shows what a terminal would act upon, in what guests say, and lets colors be", () => {
    const { output, stdout, stderr } = makeOutput();
    output.say("\u001b[2Jgone \u001b]0;title\u0007 over\rwritten\u009b1A \u202eback\t\u001b[31mred\u001b[0m");
    output.result("a\u001b[1Ab\nc", (text) => text);
    output.error(new HostError("invocation/failed", "the guest said \u001b[2J"));
    expect(stderr.text).toContain("\\u{1b}[2Jgone \\u{1b}]0;title\\u{7} over\\u{d}written\\u{9b}1A \\u{202e}back\t");
    expect(stderr.text).toContain("\u001b[31mred\u001b[0m");
    expect(stderr.text).toContain("the guest said \\u{1b}[2J");
    expect(stdout.text).toBe("a\\u{1b}[1Ab\nc\n");
  });

  test("has neither colour nor motion where there is no terminal", () => {
    const { output, stdout, stderr } = makeOutput();
    {
      using _progress = output.progress("building");
      output.result("x", (value, paint) => paint("red", value));
    }
    expect([stdout.text, stderr.text]).toEqual(["x\n", ""]);
  });

  test("tells facts in words, or as lines of JSON if asked to", () => {
    const spoken = makeOutput();
    spoken.output.fact({ event: "ready" }, "Ready.");
    expect([spoken.stdout.text, spoken.stderr.text]).toEqual(["", "Ready.\n"]);
    const written = makeOutput({ json: true });
    written.output.fact({ event: "ready" }, "Ready.");
    expect([written.stdout.text, written.stderr.text]).toEqual(['{"event":"ready"}\n', ""]);
  });

  test("prints nothing at all for an empty list", () => {
    const { output, stdout } = makeOutput();
    output.result([], () => "");
    expect(stdout.text).toBe("");
  });
});

describe("an error", () => {
  test("is printed with its code, and its hints below", () => {
    const { output, stderr } = makeOutput();
    output.error(refused);
    expect(stderr.text).toBe("error[replay/mismatch]: c() left its path at entry 3\n  recorded  x\n");
  });

  test("is printed with stacks and causes when debugging", () => {
    const { output, stderr } = makeOutput({ debug: true });
    output.error(refused);
    expect(stderr.text).toMatch(/\n {2}HostError: c\(\) left[^]*\n {2}caused by Error: because\n {4,}at /);
  });

  test("is one line of JSON with --json, whatever its data", () => {
    const { output, stderr } = makeOutput({ json: true });
    output.error(refused);
    expect(JSON.parse(stderr.text)).toEqual({
      error: { code: "replay/mismatch", message: refused.message, data: { index: 3, big: "1" } },
    });
  });

  test("that nobody foresaw says that it is a defect", () => {
    const { output, stderr } = makeOutput();
    output.error(new TypeError("x is undefined"));
    expect(stderr.text).toBe(
      "error[internal]: x is undefined\n  This is a defect of Planaria. PLANARIA_DEBUG=1 shows where it happened.\n",
    );
  });

  test.each([
    ["call/syntax", 2],
    ["cli/store-url", 2],
    ["agent/name", 2],
    ["agent/unknown", 1],
    ["agent/waiting", 1],
    ["component/unknown", 1],
    ["http/denied", 1],
    ["rpc/timed-out", 1],
    ["http/bad-host", 2],
    ["rpc/bad-option", 2],
    ["rpc/bad-target", 2],
    ["component/bad-setting", 2],
    ["node/name-taken", 4],
    ["build/syntax", 3],
    ["component/not-a-component", 3],
    ["store/full", 4],
    ["snapshot/corrupt", 4],
    ["agent/elsewhere", 4],
    ["replay/mismatch", 5],
    ["replay/other-component", 2],
    ["guest/trap", 1],
    ["base/invariant", 70],
  ])("%s ends the process with %i", (code, expected) => {
    expect(exitCodeOf(new HostError(code, ""))).toBe(expected);
  });

  test("that comes of an interruption ends the process as the signal would", () => {
    const interruption = (signal: string) => new HostError("cli/interrupted", "", { data: { signal } });
    expect([exitCodeOf(interruption("SIGINT")), exitCodeOf(interruption("SIGTERM"))]).toEqual([130, 143]);
  });

  test("is printed once, whoever prints it first", () => {
    const { output, stderr } = makeOutput();
    const error = new HostError("call/syntax", "no");
    output.error(error);
    output.error(error);
    expect(stderr.text).toBe("error[call/syntax]: no\n");
  });

  test("that is no HostError ends the process with 70", () => {
    expect(exitCodeOf(new TypeError("x"))).toBe(70);
  });
});

describe("a table", () => {
  test("has columns as wide as their widest cell, wide characters and colours included", () => {
    const rows = [
      ["日本", "1"],
      ["\u001b[31mred\u001b[39m", ""],
    ];
    expect(formatTable(["A", "N"], rows)).toBe("A     N\n日本  1\n\u001b[31mred\u001b[39m");
    expect(
      formatFacts([
        ["a", "1"],
        ["long", ""],
      ]),
    ).toBe("a     1\nlong");
  });

  test("has numbers to the right", () => {
    expect(
      formatTable(
        ["N", "A"],
        [
          ["10", "x"],
          ["9", "y"],
        ],
        { right: [0] },
      ),
    ).toBe(" N  A\n10  x\n 9  y");
  });

  test("shows sizes and spans in units that people read", () => {
    expect([formatBytes(4096), formatBytes(1_507_328)]).toEqual(["4 KiB", "1.44 MiB"]);
    expect([formatSpan(250), formatSpan(90_000), formatSpan(-5)]).toEqual(["250ms", "1m", "0ms"]);
  });
});

describe("JSON for people", () => {
  test("stays on one line if that is short, and loses no digit if not", () => {
    expect(formatJson('{"a":1}')).toBe('{"a":1}');
    const long = `{"id":12345678901234567890.10,"text":"${"x".repeat(80)}"}`;
    expect(formatJson(long)).toMatch(/^\{\n {2}"id": 12345678901234567890\.10,\n {2}"text": "x+"\n\}$/);
  });
});

describe("a word of a shell's command line", () => {
  test("stands in quotes if it has to", () => {
    expect(["order-42", "it's", 'counter("c1")', ""].map(quoteWord)).toEqual([
      "order-42",
      String.raw`'it'\''s'`,
      `'counter("c1")'`,
      "''",
    ]);
  });
});

describe("the nearest name", () => {
  test("is the one that differs least", () => {
    expect(findNearest('coutner("c1")', ['counter("c1")', 'counter("c2")'])).toBe('counter("c1")');
  });

  test("is none if all differ much, and if the text is too long to compare", () => {
    expect(findNearest("shelf()", ['counter("c1")'])).toBe(undefined);
    expect(findNearest("x".repeat(500), ["x".repeat(500)])).toBe(undefined);
  });
});
