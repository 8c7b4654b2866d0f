/** Beyond this length nobody types by hand, and comparing costs too much. */
const maxLength = 200;

/** More names than this are no help. */
const maxListed = 12;

/** The candidate that differs least from `text`, if it differs little enough to be a slip of the finger. */
export function findNearest(text: string, candidates: readonly string[]): string | undefined {
  if (text.length > maxLength) return undefined;
  let nearest: string | undefined;
  let least = Math.floor(text.length * 0.4) + 1;
  for (const candidate of candidates) {
    if (candidate.length > maxLength) continue;
    const distance = editDistance(text, candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** A sentence that says which of the names was probably meant, however it may be spelled, or else which there are. */
export function suggestName(text: string, names: readonly string[], spellings = names): string {
  const nearest = findNearest(text, spellings);
  if (nearest !== undefined) return `Did you mean ${nearest}?`;
  if (names.length === 0) return "There is none at all.";
  const others = names.length - maxListed;
  return `There is ${names.slice(0, maxListed).join(", ")}${others > 0 ? ` and ${others} more` : ""}.`;
}

/** Insertions, deletions and replacements that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (from[i] === to[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length]!;
}
