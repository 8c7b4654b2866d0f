import { describe, expect, test } from "vitest";
import type { Digest } from "../../../host/base/id.ts";
import { decodeGolden, encodeGolden, makeGolden } from "../../../host/golden/golden.ts";
import { splitSteps } from "../../../host/golden/shape.ts";
import type { Entry } from "../../../host/oplog/entry.ts";

const component = "9c".repeat(32) as Digest;
const agent = 'counter("c1")';
const fork = 'counter("c1")[0b8f3d9e-0000-5000-8000-000000000000]';

const created: Entry = { kind: "created", agent, component, host: "0.1.0" };
const forked: Entry = { kind: "forked", agent: fork, parent: agent, operation: 1 };
const step: Entry[] = [
  { kind: "stepped", at: 1_795_296_035_746 },
  { kind: "invoked", invocation: 1, key: "k", method: "add", args: "[1]" },
  { kind: "finished", invocation: 1, outcome: { value: "1" } },
];

function make(entries: Entry[], named = agent) {
  return makeGolden(
    { host: "0.1.0", agent: named, component, memoryCapBytes: 65_536, memory: "7e".repeat(32) },
    entries,
  );
}

const golden = make([created, ...step]);
const text = encodeGolden(golden);
const lines = text.split("\n");
const refusal = (code: string, message: RegExp | string = "") =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const decode = (damaged: string) => () => decodeGolden(damaged, "order.jsonl");
const withHeader = (fields: object) => [JSON.stringify({ ...golden.header, ...fields }), ...lines.slice(1)].join("\n");

describe("a golden file", () => {
  test("is read as it was written: a header, then an entry a line", () => {
    expect(decodeGolden(text, "order.jsonl")).toEqual(golden);
    expect(lines.slice(1, -1).map((line) => JSON.parse(line) as Entry)).toEqual([created, ...step]);
  });

  test("is the same with the line ends of Windows", () => {
    expect(decodeGolden(text.replaceAll("\n", "\r\n"), "order.jsonl")).toEqual(golden);
  });

  test("of a fork has the entries that it inherited, and those of its own", () => {
    const ofFork = make([created, ...step, forked, ...step], fork);
    expect(decodeGolden(encodeGolden(ofFork), "fork.jsonl")).toEqual(ofFork);
    expect(splitSteps(ofFork.entries)).toEqual([[created], step, [forked], step]);
  });

  test("says that it is not intact if a letter of an entry or of the header differs", () => {
    const isIntact = (altered: string) => decodeGolden(altered, "order.jsonl").isIntact;
    expect(isIntact(text)).toBe(true);
    expect(isIntact(text.replace('"key":"k"', '"key":"l"'))).toBe(false);
    expect(isIntact(text.replace('"key":"k"', '"key": "k"'))).toBe(false);
    expect(isIntact(withHeader({ host: "0.1.1" }))).toBe(false);
    expect(isIntact(withHeader({ memoryCapBytes: 65_537 }))).toBe(false);
    expect(isIntact(withHeader({ digest: "00".repeat(32) }))).toBe(false);
  });
});

describe("a file is refused that", () => {
  test("is no golden", () => {
    for (const other of ["", "export const x = 1;", "{}", "null", '{"planaria":"store"}', lines.slice(1).join("\n")]) {
      expect(decode(other)).toThrow(refusal("golden/not-golden", /order\.jsonl.*planaria record/));
    }
  });

  test("is of another format, whatever else is in its header", () => {
    expect(decode(withHeader({ format: 2 }))).toThrow(refusal("golden/format", "order.jsonl is of format 2"));
    expect(decode('{"planaria":"golden","format":7,"pages":[]}\n')).toThrow(refusal("golden/format", "format 1"));
  });

  test("is cut off at any line, or within one", () => {
    for (let count = 1; count < lines.length - 1; count += 1) {
      expect(decode(`${lines.slice(0, count).join("\n")}\n`)).toThrow(refusal("golden/truncated", /is cut off/));
    }
    expect(decode(text.slice(0, -1))).toThrow(refusal("golden/truncated", "3 whole entries of 4"));
    expect(decode(text.slice(0, -9))).toThrow(refusal("golden/truncated"));
  });

  test("was added to", () => {
    expect(decode(`${text}${lines[2]}\n`)).toThrow(refusal("golden/truncated", /was added to.*5 whole entries of 4/));
  });

  test.each([
    ["agent", ""],
    ["component", "sha256:9c"],
    ["memory", "7E".repeat(32)],
    ["digest", undefined],
    ["entries", 0],
    ["memoryCapBytes", "256 MiB"],
    ["host", null],
    ["superfluous", 1],
  ])("has a damaged header: %s", (field, value) => {
    expect(decode(withHeader({ [field]: value }))).toThrow(refusal("golden/damaged", new RegExp(`line 1.*${field}`)));
  });

  test("has a line that is not JSON, and which", () => {
    expect(decode(text.replace('{"kind":"invoked"', '{"kind":"invoked'))).toThrow(refusal("golden/damaged", "line 4"));
    expect(decode(text.replace(lines[2]!, ""))).toThrow(refusal("golden/damaged", "line 3"));
  });

  test("has an entry of an unknown kind, or with other fields than its kind, and which", () => {
    const rename = text.replace('"kind":"finished"', '"kind":"teleported"');
    expect(decode(rename)).toThrow(refusal("oplog/unknown-entry", /order\.jsonl at entry 3.*"teleported"/));
    expect(decode(text.replace('"args"', '"arguments"'))).toThrow(
      refusal("oplog/invalid-entry", /order\.jsonl at entry 2/),
    );
    expect(decode(text.replace(lines[3]!, '{"kind":"stepped","at":1},{"kind":"stepped","at":1}'))).toThrow(
      refusal("golden/damaged", "line 4"),
    );
    const never = text.replace("1795296035746", "8640000000000001");
    expect(decode(never)).toThrow(refusal("oplog/invalid-entry", /entry 1: at/));
  });

  test("was recorded with another component than its header names", () => {
    const other = withHeader({ component: "00".repeat(32) });
    expect(decode(other)).toThrow(refusal("golden/damaged", /entry 0.*another component/));
  });

  test("has entries that can't follow each other", () => {
    const of = (entries: Entry[], named = agent) => decode(encodeGolden(make(entries, named)));
    expect(of(step)).toThrow(refusal("golden/damaged", /entry 0.*begins by being created/));
    expect(of([created, created])).toThrow(refusal("golden/damaged", /entry 1.*created once/));
    expect(of([created, ...step.slice(1)])).toThrow(refusal("golden/damaged", /entry 1.*invoked can't follow created/));
    expect(of([created, forked, step[2]!], fork)).toThrow(refusal("golden/damaged", /finished can't follow forked/));
    expect(of([created, { ...forked, parent: fork } as Entry], fork)).toThrow(
      refusal("golden/damaged", /entry 1.*go on/),
    );
    expect(of([created, ...step, forked])).toThrow(refusal("golden/damaged", /entry 4.*not of counter\("c1"\)/));
    expect(of([created, ...step], fork)).toThrow(refusal("golden/damaged", /entry 3.*entries of counter\("c1"\), not/));
  });
});
