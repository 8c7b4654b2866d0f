import type { Entry } from "../oplog/entry.ts";

/** Steps of an oplog, from the first to the last, both included, by their indices. */
export interface Span {
  begin: number;
  end: number;
}

/**
 * The invocations of a blocking guest that were undone, for they trapped or left by `exit`: their entries count, but the
 * memory is what it was before.
 */
export function findUndone(steps: readonly (readonly Entry[])[]): Span[] {
  const undone: Span[] = [];
  let begin = 0;
  for (const [index, entries] of steps.entries()) {
    if (entries.some(({ kind }) => kind === "invoked")) begin = index;
    if (entries.some(endsInTheMidst)) undone.push({ begin, end: index });
  }
  return undone;
}

export const isWithin = (spans: readonly Span[], index: number): boolean =>
  spans.some(({ begin, end }) => begin <= index && index <= end);

function endsInTheMidst(entry: Entry): boolean {
  return entry.kind === "trapped" || (entry.kind === "finished" && entry.exited === true);
}
