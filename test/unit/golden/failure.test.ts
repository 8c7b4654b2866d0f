import { describe, expect, test } from "vitest";
import type { Digest } from "../../../host/base/id.ts";
import { findDifferences } from "../../../host/golden/difference.ts";
import { alteredError, memoryError, pathError } from "../../../host/golden/failure.ts";
import { isSameButFrames } from "../../../host/golden/frames.ts";
import { makeGolden } from "../../../host/golden/golden.ts";
import type { Entry } from "../../../host/oplog/entry.ts";

const component = "9c1e52ab".repeat(8) as Digest;
const other = "77".repeat(32) as Digest;
const agent = 'order("o-7")';
const finished = (value: unknown): Entry => ({
  kind: "finished",
  invocation: 1,
  outcome: { value: JSON.stringify(value) },
});

const entries: Entry[] = [
  { kind: "created", agent, component, host: "0.1.0" },
  { kind: "stepped", at: 1_795_296_035_746 },
  { kind: "invoked", invocation: 1, key: "k", method: "pay", args: "[12]" },
  { kind: "logged", level: "info", message: "paying" },
  {
    kind: "rpc-started",
    operation: 1,
    callee: { agent: 'bank("b")', method: "charge" },
    args: "[12]",
    mode: "attached",
  },
  { kind: "stepped", at: 1_795_296_035_750 },
  { kind: "delivered", operation: 1, outcome: { value: "true" } },
  finished({ items: [{ id: "a", note: `${"x".repeat(200)} old` }], sum: 12 }),
];
const golden = makeGolden(
  { host: "0.1.0", agent, component, memoryCapBytes: 65_536, memory: "7e".repeat(32) },
  entries,
);
const at = (index: number, attempted: Entry | null) => ({ index, recorded: entries[index] ?? null, attempted });

describe("the failure of a replay that left its path", () => {
  const refund: Entry = { ...entries[4], callee: { agent: 'bank("b")', method: "refund" } } as Entry;

  test("shows recorded and attempted among the entries around them", () => {
    const { code, message, data } = pathError(golden, at(4, refund), other);
    expect([code, data["index"]]).toEqual(["replay/mismatch", 4]);
    expect(message.split("\n").slice(0, 9)).toEqual([
      'order("o-7") left its recorded path at entry 4',
      '    0  created order("o-7")',
      "    1  step at 2026-11-21T21:20:35.746Z",
      "    2  invoked pay(12)",
      "    3  log.info paying",
      '  - 4  #1 rpc bank("b").charge(12)',
      '  + 4  #1 rpc bank("b").refund(12)',
      "    5  step at 2026-11-21T21:20:35.750Z",
      "    6  #1 → true",
    ]);
  });

  test("says with which components, and what to make of it", () => {
    expect(pathError(golden, at(4, refund), other).message).toMatch(
      /sha256:9c1e52ab, host 0\.1\.0\n.*sha256:77777777\n.*another component.*delete the file, and record another/,
    );
    expect(pathError(golden, at(4, refund), component).message).toMatch(
      /the same component\n.*reads something that is not journaled/,
    );
  });

  test("shows what differs deep inside of long payloads", () => {
    const attempted = finished({ items: [{ id: "a", note: `${"x".repeat(200)} new` }], sum: 12 });
    expect(pathError(golden, at(7, attempted), other).message).toMatch(
      /outcome\.value\.items\[0\]\.note:\n +recorded +…x{20,} old"\n +attempted +…x{20,} new"\n/,
    );
  });

  test("shows a guest that stopped early, and one that did more", () => {
    expect(pathError(golden, at(7, null), other).message).toMatch(
      /- 7 {2}finished .*\n {2}\+ 7 {2}the end of the step\n/,
    );
    const more = pathError(golden, { index: 5, recorded: null, attempted: refund }, other).message;
    expect(more).toMatch(/- 5 {2}the end of the step\n {2}\+ 5 {2}#1 rpc .*\n {4}5 {2}step at/);
  });

  test("shows how many bytes it wanted to draw, since there are none", () => {
    const draw: Entry = { kind: "random-drawn", bytes: "AAAAAA==" };
    expect(pathError(golden, at(4, draw), other).message).toContain("+ 4  random.bytes(4)");
  });
});

test("the failure of a replay that ended with another memory shows both digests", () => {
  const { code, message, data } = memoryError(golden, "ab".repeat(32));
  expect([code, data["index"]]).toEqual(["replay/mismatch", entries.length]);
  expect(message).toContain(`- recorded   ${"7e".repeat(32)}\n  + attempted  ${"ab".repeat(32)}`);
});

test("the failure of a file that was altered where no replay can tell says to restore it", () => {
  expect(alteredError(golden)).toMatchObject({
    code: "golden/altered",
    message: expect.stringContaining("Restore the file"),
  });
});

describe("differences", () => {
  const find = (a: unknown, b: unknown) => [...findDifferences(a, b)];

  test("are looked for in JSON texts and in lists, and named by their path", () => {
    expect(find({ args: '[{"a":[1,2]}]' }, { args: '[{"a":[1,3],"b":null}]' })).toEqual([
      { path: "args[0].a[1]", recorded: 2, attempted: 3 },
      { path: "args[0].b", recorded: undefined, attempted: null },
    ]);
  });

  test("of texts that are no JSON, or mean the same, are those of the texts", () => {
    expect(find({ a: "[1" }, { a: "[2" })).toEqual([{ path: "a", recorded: "[1", attempted: "[2" }]);
    expect(find({ a: "[1]" }, { a: "[1 ]" })).toEqual([{ path: "a", recorded: "[1]", attempted: "[1 ]" }]);
    expect(find({ a: "[1]" }, { a: '{"0":1}' })).toHaveLength(1);
  });

  test("there are none between equals", () => {
    expect(find(entries[4], structuredClone(entries[4]))).toEqual([]);
  });
});

describe("the lines of stack traces", () => {
  const stack = (line: number) =>
    `    at pay (componentize-qjs:user.js:${line}:31)\n    at <anonymous> (native)\n    at componentize-qjs:user.js:${line + 9}\n`;
  const failed = (message: string, line: number): Entry => {
    const error = JSON.stringify({
      name: "Error",
      message,
      stack: stack(line),
      cause: { name: "E", stack: stack(line) },
    });
    return { kind: "finished", invocation: 1, outcome: { error } };
  };
  const logged = (message: string): Entry => ({ kind: "logged", level: "error", message });

  test("do not count, in failures and in messages", () => {
    expect(isSameButFrames(failed("no", 3), failed("no", 14))).toBe(true);
    expect(isSameButFrames(logged(`Error: no\n${stack(3)}`), logged(`Error: no\n${stack(5)}`))).toBe(true);
    const argument = (line: number): Entry => ({
      kind: "run-started",
      operation: 1,
      name: "f",
      args: JSON.stringify([failed("no", line)]),
    });
    expect(isSameButFrames(argument(3), argument(4))).toBe(true);
  });

  test("are all that does not count", () => {
    expect(isSameButFrames(failed("no", 3), failed("yes", 3))).toBe(false);
    expect(isSameButFrames(logged("we met at (noon)"), logged("we met at (night)"))).toBe(false);
    expect(isSameButFrames(logged("at home"), logged("at work"))).toBe(false);
    expect(isSameButFrames(logged("at native"), logged("at"))).toBe(false);
    expect(isSameButFrames(entries[1]!, entries[5]!)).toBe(false);
  });
});
