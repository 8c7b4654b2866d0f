import { expect, test } from "vitest";
import { agentId, callKey, forkId } from "../../../host/base/id.ts";
import type { Entry } from "../../../host/oplog/entry.ts";
import {
  applyEntry,
  canceledOutcome,
  copyState,
  decodeState,
  encodeState,
  forkOutcome,
  makeState,
  openCalls,
  takeFinished,
  calleeOf,
} from "../../../host/agent/state.ts";

const agent = agentId('coordinator("c1")');
const created: Entry = { kind: "created", agent, component: "00".repeat(32), host: "0.1.0" };
const invoked: Entry = { kind: "invoked", invocation: 1, key: "k", method: "go", args: "[]" };
const call: Entry = {
  kind: "rpc-started",
  operation: 1,
  callee: { agent: 'counter("x")', method: "add" },
  args: "[]",
  mode: "attached",
};
const finished: Entry = { kind: "finished", invocation: 1, outcome: { value: "1" } };

function fold(...entries: Entry[]) {
  const state = makeState(agent);
  for (const entry of [created, { kind: "stepped", at: 5 } as const, invoked, ...entries]) applyEntry(state, entry);
  return state;
}

test("an invocation is finished when the guest says so and no call is open", () => {
  const state = fold(finished);
  expect(takeFinished(state)).toEqual({ number: 1, key: "k", outcome: { value: "1" } });
  expect(state.invocation).toBeNull();
});

test("an invocation waits for the calls that it left open", () => {
  const state = fold(call, finished);
  expect(takeFinished(state)).toBeNull();
  expect(openCalls(state)).toHaveLength(1);
  applyEntry(state, { kind: "delivered", operation: 1, outcome: { value: "2" } });
  expect(takeFinished(state)?.outcome).toEqual({ value: "1" });
});

test("a triggered call is not waited for", () => {
  expect(takeFinished(fold({ ...call, mode: "triggered" } as Entry, finished))).not.toBeNull();
});

test("only the first finish of the running invocation counts", () => {
  const state = fold({ ...finished, invocation: 7 } as Entry, finished, {
    ...finished,
    outcome: { value: "9" },
  } as Entry);
  expect(takeFinished(state)?.outcome).toEqual({ value: "1" });
});

test("a canceled operation ends with a failure, unless it has ended", () => {
  const state = fold(
    { kind: "sleep-started", operation: 1, spanMs: 5 },
    { kind: "operation-canceled", operation: 1 },
    { kind: "operation-canceled", operation: 99 },
  );
  expect(state.inFlight.get(1)?.outcome).toEqual(canceledOutcome);
  expect(state.inFlight.has(99)).toBe(false);
});

test("a trap ends the invocation, which stays until the guest was told to forget it", () => {
  const state = fold(call, { kind: "trapped", error: '{"name":"TrapError"}' });
  expect(state.inFlight.size).toBe(0);
  expect(takeFinished(state)).toBeNull();
  applyEntry(state, { kind: "abandoned", invocation: 1 });
  expect(takeFinished(state)?.outcome).toEqual({ error: '{"name":"TrapError"}' });
});

test("a fork inherits what is in flight, and is told apart by the operation that made it", () => {
  const parent = fold(call, { kind: "fork-started", operation: 2 }, { kind: "fork-started", operation: 3 });
  const child = copyState(parent);
  const childId = forkId(agent, 2);
  applyEntry(child, { kind: "forked", agent: childId, parent: agent, operation: 2 });
  const told = (state: typeof child, operation: number) =>
    JSON.parse((forkOutcome(state, operation, state.inFlight.get(operation)!) as { value: string }).value);
  expect(told(parent, 2)).toEqual({ kind: "original", fork: childId });
  expect(told(child, 2)).toEqual({ kind: "forked", id: childId, parent: agent });
  expect(told(child, 3)).toEqual({ kind: "original", fork: forkId(agent, 3) });
  expect(calleeOf(child.inFlight.get(1)!.by, call)).toEqual({ agent: 'counter("x")', key: callKey(agent, 1) });
  applyEntry(child, { kind: "delivered", operation: 1, outcome: { value: "2" } });
  expect(parent.inFlight.has(1)).toBe(true);
});

test("a state survives being encoded", () => {
  const state = fold(
    call,
    { kind: "sleep-started", operation: 2, spanMs: 5 },
    { kind: "operation-canceled", operation: 2 },
  );
  expect(decodeState(encodeState(state))).toEqual(state);
});
