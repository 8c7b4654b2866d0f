import { HostError } from "../base/error.ts";
import { shortDigest, type Digest } from "../base/id.ts";
import { describeEntry } from "../oplog/describe.ts";
import type { Entry } from "../oplog/entry.ts";
import type { Mismatch } from "../replay/journal.ts";
import { describeDifference, findDifferences } from "./difference.ts";
import { withoutFrames } from "./frames.ts";
import type { Golden } from "./golden.ts";

/** How many entries are shown before and behind the one that differs. */
const contextCount = { before: 4, behind: 2 };
/** How many places are shown at which the two entries differ. */
const differenceLimit = 5;

/** The error `replay/mismatch` for a guest that did something else: where, among which entries, and in what. */
export function pathError({ header, entries }: Golden, mismatch: Mismatch, component: Digest): HostError {
  const { index, recorded, attempted } = mismatch;
  const isRecorded = component === header.component;
  const lines = [
    `${header.agent} left its recorded path at entry ${index}`,
    ...listContext(entries, mismatch),
    ...listDifferences(mismatch, isRecorded).map((line) => `  ${line}`),
    `  - recorded   with component ${shortDigest(header.component)}, host ${header.host}`,
    `  + attempted  with ${isRecorded ? "the same component" : `component ${shortDigest(component)}`}`,
    isRecorded
      ? "  It is the component that was recorded, so it reads something that is not journaled, or the file was altered."
      : "  It is another component than the recorded one, and acts otherwise. If it is meant to, delete the file, and record another.",
  ];
  return new HostError("replay/mismatch", lines.join("\n"), {
    data: { index, recorded, attempted, agent: header.agent },
  });
}

/** The same for a guest that did all that was recorded, and remembers something else. */
export function memoryError({ header, entries }: Golden, memory: string): HostError {
  const lines = [
    `${header.agent} did all that was recorded, and ended with another memory`,
    `  - recorded   ${header.memory}`,
    `  + attempted  ${memory}`,
    "  It reads something that is not journaled, or the file was altered: in what entered the guest, or in its header.",
  ];
  const data = { index: entries.length, recorded: null, attempted: null, agent: header.agent, memory };
  return new HostError("replay/mismatch", lines.join("\n"), { data });
}

/** The error `golden/altered`. */
export function alteredError({ header }: Golden): HostError {
  const message = [
    `The golden of ${header.agent} is not what was recorded`,
    "  It replays, so it was altered where no replay can tell: in the time of a step, in a step that was undone, or in",
    "  its header. Restore the file: what is recorded never changes.",
  ];
  return new HostError("golden/altered", message.join("\n"), { data: { agent: header.agent } });
}

/** The entries around the one that differs, `-` before what was recorded and `+` before what was attempted. */
function listContext(entries: readonly Entry[], { index, recorded, attempted }: Mismatch): string[] {
  const behind = index + (recorded ? 1 : 0);
  const last = Math.min(behind + contextCount.behind, entries.length) - 1;
  const width = String(Math.max(index, last)).length;
  const line = (mark: string, at: number, what: string) => `  ${mark} ${String(at).padStart(width)}  ${what}`;
  const list = (from: number, to: number) =>
    entries.slice(from, to).map((entry, offset) => line(" ", from + offset, describeEntry(entry)));
  return [
    ...list(Math.max(0, index - contextCount.before), index),
    line("-", index, recorded ? describeEntry(recorded) : "the end of the step"),
    line("+", index, attempted ? describeAttempt(attempted) : "the end of the step"),
    ...list(behind, behind + contextCount.behind),
  ];
}

/** Bytes that were not drawn can't be shown, only how many. */
function describeAttempt(attempted: Entry): string {
  if (attempted.kind !== "random-drawn") return describeEntry(attempted);
  return `random.bytes(${Buffer.from(attempted.bytes, "base64").length})`;
}

/** In what two entries of one kind differ, where a line of words for each may not show it. */
function listDifferences({ recorded, attempted }: Mismatch, isRecorded: boolean): string[] {
  if (recorded?.kind !== attempted?.kind || !recorded || !attempted || recorded.kind === "random-drawn") return [];
  const [a, b] = isRecorded ? [recorded, attempted] : [withoutFrames(recorded), withoutFrames(attempted)];
  const differences = [...findDifferences(a, b)];
  const lines = differences.slice(0, differenceLimit).flatMap(describeDifference);
  const more = differences.length - differenceLimit;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}
