import { describe, expect, test } from "vitest";
import { agentId, invocationKey, promiseId } from "../../../host/base/id.ts";
import { emptyChanges, invocationRowKey, isEmpty, operationRowKey, splitRowKey } from "../../../host/store/changes.ts";
import { makeAgent, makePage, makePromise, makeStep } from "../../store/rows.ts";

describe("changes", () => {
  test("are empty at first, and each time anew", () => {
    emptyChanges().pages.push(makePage("p"));
    expect(isEmpty(emptyChanges())).toBe(true);
  });

  test("are not empty with a row of any kind, or with one that deletes", () => {
    const a = makeAgent("a()");
    expect(isEmpty({ ...emptyChanges(), steps: [makeStep("a()", 0)] })).toBe(false);
    expect(isEmpty({ ...emptyChanges(), pages: [makePage("p")] })).toBe(false);
    expect(isEmpty({ ...emptyChanges(), agents: new Map([[a.id, null]]) })).toBe(false);
    expect(isEmpty({ ...emptyChanges(), promises: new Map([[promiseId("p"), makePromise("p")]]) })).toBe(false);
  });
});

describe("row keys", () => {
  test("come apart into what they were made of, even if the key holds a line feed", () => {
    const id = agentId('a("x y")');
    expect(splitRowKey(invocationRowKey(id, invocationKey("k 1\n2")))).toEqual([id, "k 1\n2"]);
    expect(splitRowKey(operationRowKey(id, 12))).toEqual([id, "12"]);
  });
});
