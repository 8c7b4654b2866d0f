import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeStep, encodeStep } from "../../../host/oplog/codec.ts";
import { describeEntry } from "../../../host/oplog/describe.ts";
import { entrySchema, type Entry } from "../../../host/oplog/entry.ts";

const origin = { agent: 'counter("c1")', first: 10 };

/** One entry of every kind. */
const everyKind: Entry[] = [
  { kind: "created", agent: 'counter("c1")', component: "ab".repeat(32), host: "0.1.0" },
  { kind: "forked", agent: 'counter("c1")[x]', parent: 'counter("c1")', operation: 3 },
  { kind: "stepped", at: 1_795_296_035_746 },
  { kind: "invoked", invocation: 1, key: "k", method: "add", args: "[1]" },
  { kind: "delivered", operation: 1, outcome: { value: "7" } },
  { kind: "delivered", operation: 2, outcome: { error: '{"name":"Error","message":"no"}' } },
  { kind: "cancel-requested", invocation: 1 },
  { kind: "abandoned", invocation: 1 },
  {
    kind: "rpc-started",
    operation: 1,
    callee: { agent: 'counter("c2")', method: "add" },
    args: "[1]",
    mode: "attached",
  },
  {
    kind: "rpc-started",
    operation: 1,
    callee: { function: "enrichOne" },
    args: "[]",
    mode: "triggered",
    at: 5,
    key: "k",
  },
  { kind: "delete-started", operation: 1, agent: 'counter("c2")' },
  { kind: "fetch-started", operation: 1, method: "GET", url: "https://example.com/", headers: [], redirect: "follow" },
  { kind: "promise-created", operation: 1, id: "order-42", timeoutMs: 10 },
  { kind: "promise-awaited", operation: 1, id: "order-42" },
  { kind: "promise-settled", operation: 1, id: "order-42", as: "rejected", payload: "{}" },
  { kind: "fork-started", operation: 1 },
  { kind: "sleep-started", operation: 1, spanMs: 1000 },
  { kind: "operation-canceled", operation: 1 },
  { kind: "random-drawn", bytes: "AAECAw==" },
  { kind: "observed", what: "read 5 from 0 of /data/a.txt", answer: '{"ok":"aGVsbG8="}' },
  { kind: "logged", level: "info", message: "hello" },
  { kind: "run-started", operation: 1, name: "enrichOne", args: "[]" },
  { kind: "run-finished", operation: 1, outcome: { value: "null" } },
  { kind: "finished", invocation: 1, outcome: { value: "null" } },
  { kind: "trapped", error: "{}" },
];

test("the sample has an entry of every kind", () => {
  const kinds = entrySchema.options.map((option) => option.entries.kind.literal);
  expect(new Set(everyKind.map(({ kind }) => kind))).toEqual(new Set(kinds));
});

test("what is encoded is decoded as it was", () => {
  expect(decodeStep(encodeStep(everyKind), origin)).toEqual(everyKind);
});

test("every entry is described in one line", () => {
  for (const entry of everyKind) expect(describeEntry(entry)).toMatch(/^\S[^\n]*$/);
});

test("a number that a guest made up is read as it was written", () => {
  const claims: Entry[] = [
    { kind: "operation-canceled", operation: 0 },
    { kind: "run-finished", operation: 0, outcome: { value: "1" } },
    { kind: "finished", invocation: 0, outcome: { value: "1" } },
  ];
  expect(decodeStep(encodeStep(claims), origin)).toEqual(claims);
});

test("an entry of an unknown kind is refused, with its index", () => {
  const text = JSON.stringify([everyKind[0], { kind: "teleported", to: "mars" }]);
  expect(() => decodeStep(text, origin)).toThrow(
    expect.objectContaining({ code: "oplog/unknown-entry", message: expect.stringMatching(/entry 11.*"teleported"/) }),
  );
});

test("an entry with a missing, superfluous or wrong field is refused", () => {
  for (const entry of everyKind) {
    const fields = Object.keys(entry).filter((field) => field !== "kind");
    const [field] = fields;
    const damaged = [
      { ...entry, superfluous: 1 },
      { ...entry, [field!]: { wrong: true } },
    ];
    for (const each of damaged)
      expect(() => decodeStep(JSON.stringify([each]), origin)).toThrow(
        expect.objectContaining({ code: "oplog/invalid-entry" }),
      );
  }
});

test("a text that is cut off, or no list, is refused", () => {
  const text = encodeStep(everyKind);
  expect(() => decodeStep(text.slice(0, -5), origin)).toThrow(expect.objectContaining({ code: "oplog/corrupt" }));
  expect(() => decodeStep('{"kind":"stepped","at":1}', origin)).toThrow(
    expect.objectContaining({ code: "oplog/corrupt" }),
  );
});

test("a text with a flipped character is refused, or differs in what it says", () => {
  const text = encodeStep(everyKind);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 127 }), (index, flip) => {
      const damaged = text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ flip) + text.slice(index + 1);
      try {
        expect(decodeStep(damaged, origin)).not.toEqual(everyKind);
      } catch (error) {
        expect((error as { code?: string }).code ?? String(error)).toMatch(/^oplog\//);
      }
    }),
  );
});
