/** What there is, and which of it was probably meant: the end of a message about an unknown name. */
export function suggest(wanted: string, known: readonly string[], kind: string): string {
  if (known.length === 0) return `There are no ${kind}.`;
  const near = known.filter(
    (name) => distance(wanted.toLowerCase(), name.toLowerCase()) <= Math.max(1, wanted.length / 3),
  );
  const meant = near.length === 0 ? "" : `Did you mean ${near.join(" or ")}? `;
  return `${meant}The ${kind} are: ${known.toSorted().join(", ")}.`;
}

/**
 * How many letters have to be added, taken away or changed to make `b` of `a`.
 *
 * Source: Levenshtein's distance by Wagner and Fischer, row by row.
 */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const above = row;
    row = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      row.push(Math.min(above[j]! + (a[i] === b[j] ? 0 : 1), above[j + 1]! + 1, row[j]! + 1));
    }
  }
  return row[b.length]!;
}
