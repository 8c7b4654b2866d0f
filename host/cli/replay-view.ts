import { describeEntry } from "../oplog/describe.ts";
import type { Entry } from "../oplog/entry.ts";
import { HostError } from "../base/error.ts";
import type { Output } from "./output.ts";

/** One entry of a recording against what a replay did in its place, and what stands around it. */
export interface ReplayView {
  index: number;
  /** Null: the step ends before. */
  recorded: Entry | null;
  /** What the guest did; null: it stopped before. */
  attempted: Entry | null;
  /** Whether the replay came so far. */
  reached: boolean;
  context: { index: number; entry: Entry }[];
}

/** What a `replay/mismatch` says of itself. */
export interface Difference {
  index: number;
  recorded: Entry | null;
  attempted: Entry | null;
}

/** How many entries are shown before and after. */
const contextCount = 4;

/**
 * Looks at an entry of a recording that was replayed.
 *
 * Errors: HostError `cli/no-entry`.
 */
export function viewReplay(entries: readonly Entry[], index: number, difference: Difference | null): ReplayView {
  if (index >= entries.length) {
    throw new HostError("cli/no-entry", `There is no entry ${index}; the entries are 0 to ${entries.length - 1}.`);
  }
  const first = Math.max(0, index - contextCount);
  const context = entries
    .slice(first, index + contextCount + 1)
    .map((entry, position) => ({ index: first + position, entry }))
    .filter((each) => each.index !== index);
  if (difference?.index === index) {
    const { recorded, attempted } = difference;
    return { index, recorded, attempted, reached: true, context };
  }
  const reached = difference === null || index < difference.index;
  return { index, recorded: entries[index]!, attempted: reached ? entries[index]! : null, reached, context };
}

/** A view as lines: the entry that was asked for with both sides, if they differ, among its neighbours. */
export function formatView(view: ReplayView, paint: Output["paint"]): string {
  const { index, recorded, attempted, reached, context } = view;
  const width = String(Math.max(index, ...context.map((each) => each.index))).length;
  const neighbour = (each: ReplayView["context"][number]) =>
    paint("dim", `  ${String(each.index).padStart(width)}  ${describeEntry(each.entry)}`);
  const words = (entry: Entry | null) => (entry ? describeEntry(entry) : "the end of the step");
  const place = `${String(index).padStart(width)}  `;
  const own =
    reached && recorded === attempted
      ? [`${paint("green", "=")} ${place}${words(recorded)}`]
      : [
          `${paint("red", "≠")} ${place}recorded   ${words(recorded)}`,
          `  ${" ".repeat(place.length)}attempted  ${reached ? words(attempted) : "not reached: the replay ended before"}`,
        ];
  return [
    ...context.filter((each) => each.index < index).map(neighbour),
    ...own,
    ...context.filter((each) => each.index > index).map(neighbour),
  ].join("\n");
}
