/** How often each word occurs. */
export type Tally = ReadonlyMap<string, number>;

/** Letters and digits; apostrophes and hyphens between them belong to the word. */
const word = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;

/** Counts the words of a text, all in lower case. */
export function tallyWords(text: string): Tally {
  return addTallies([text.matchAll(word).map(([found]): [string, number] => [found.toLowerCase(), 1])]);
}

export function addTallies(tallies: Iterable<Iterable<[string, number]>>): Tally {
  const sums = new Map<string, number>();
  for (const tally of tallies) {
    for (const [found, times] of tally) sums.set(found, (sums.get(found) ?? 0) + times);
  }
  return sums;
}

export function countWords(tally: Tally): number {
  return tally.values().reduce((sum, times) => sum + times, 0);
}

/** The words that occur most often; those that do equally often, in the order of their letters. */
export function topWords(tally: Tally, count: number): Record<string, number> {
  const ranked = [...tally].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return Object.fromEntries(ranked.slice(0, count));
}
