import { expect, test } from "vitest";
import type { Entry } from "../../../host/oplog/entry.ts";
import { Recorder, Replayer } from "../../../host/replay/journal.ts";
import { mismatchError } from "../../../host/replay/mismatch.ts";
import type { Digest } from "../../../host/base/id.ts";

const random = { bytes: (count: number) => new Uint8Array(count).fill(7) };
const sleep: Entry = { kind: "sleep-started", operation: 1, spanMs: 5 };
const await42: Entry = { kind: "promise-awaited", operation: 2, id: "order-42" };

test("a recorder counts operations on from where the agent is", () => {
  const recorder = new Recorder({ at: 1, operations: 41, random });
  expect([recorder.nextOperation(), recorder.nextOperation()]).toEqual([42, 43]);
});

test("bytes that were drawn are journaled, and a replay draws the same", () => {
  const recorder = new Recorder({ at: 1, operations: 0, random });
  const drawn = recorder.draw(4);
  const replayer = new Replayer({ at: 1, operations: 0, recorded: recorder.entries, first: 3 });
  expect([...replayer.draw(4)]).toEqual([...drawn]);
  replayer.end();
  expect(replayer.mismatch).toBeNull();
});

test("a guest that does as recorded leaves no mismatch", () => {
  const replayer = new Replayer({ at: 1, operations: 0, recorded: [sleep, await42], first: 3 });
  replayer.note({ ...sleep });
  replayer.note({ ...await42 });
  replayer.end();
  expect(replayer.mismatch).toBeNull();
});

test("a guest that does something else is stopped at that entry", () => {
  const replayer = new Replayer({ at: 1, operations: 0, recorded: [sleep, await42], first: 3 });
  replayer.note(sleep);
  const attempted: Entry = { ...await42, id: "order-43" };
  expect(() => replayer.note(attempted)).toThrow(expect.objectContaining({ code: "replay/mismatch" }));
  expect(replayer.mismatch).toEqual({ index: 4, recorded: await42, attempted });
});

test("a guest that does more than recorded is stopped behind the last entry", () => {
  const replayer = new Replayer({ at: 1, operations: 0, recorded: [], first: 3 });
  expect(() => replayer.note(sleep)).toThrow("left its recorded path");
  expect(replayer.mismatch).toEqual({ index: 3, recorded: null, attempted: sleep });
});

test("a guest that does less than recorded is told apart at the end", () => {
  const replayer = new Replayer({ at: 1, operations: 0, recorded: [sleep, await42], first: 3 });
  replayer.note(sleep);
  replayer.end();
  expect(replayer.mismatch).toEqual({ index: 4, recorded: await42, attempted: null });
});

test("a guest that traps where it did not before is a mismatch there, unless it left its path earlier", () => {
  const trapped: Entry = { kind: "trapped", error: "{}" };
  const replayer = new Replayer({ at: 1, operations: 0, recorded: [sleep, await42], first: 3 });
  replayer.note(sleep);
  replayer.trap("{}");
  expect(replayer.mismatch).toEqual({ index: 4, recorded: await42, attempted: trapped });
  const left = new Replayer({ at: 1, operations: 0, recorded: [sleep], first: 3 });
  expect(() => left.note(await42)).toThrow("left its recorded path");
  left.trap("{}");
  expect(left.mismatch).toEqual({ index: 3, recorded: sleep, attempted: await42 });
});

test("who replays may say what counts as the same", () => {
  const isSame = (recorded: Entry, attempted: Entry) => recorded.kind === attempted.kind;
  const replayer = new Replayer({ at: 1, operations: 0, recorded: [sleep], first: 3, isSame });
  replayer.note({ ...sleep, spanMs: 6 });
  expect(() => replayer.note(sleep)).toThrow(expect.objectContaining({ code: "replay/mismatch" }));
});

test("drawing another number of bytes than recorded is a mismatch", () => {
  const replayer = new Replayer({
    at: 1,
    operations: 0,
    recorded: [{ kind: "random-drawn", bytes: "AAE=" }],
    first: 0,
  });
  expect(() => replayer.draw(3)).toThrow("left its recorded path");
  expect(replayer.mismatch?.index).toBe(0);
});

test("the message shows recorded against attempted, and where", () => {
  const digest = "9c1e52ab".repeat(8) as Digest;
  const error = mismatchError(
    { index: 12, recorded: await42, attempted: sleep },
    {
      agent: 'coordinator("c1")',
      recorded: { component: digest, host: "0.3.0" },
      component: "77".repeat(32) as Digest,
    },
  );
  expect(error.code).toBe("replay/mismatch");
  expect(error.message).toContain('coordinator("c1") left its recorded path at entry 12');
  expect(error.message).toMatch(
    /recorded +#2 promise\.await\("order-42"\) +\(component sha256:9c1e52ab, host 0\.3\.0\)/,
  );
  expect(error.message).toMatch(/attempted +#1 time\.sleep\(5 ms\)/);
});
