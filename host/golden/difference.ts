import { isDeepStrictEqual } from "node:util";

/** A place at which two entries differ: `outcome.value.items[3]`, and what stands there; undefined: nothing. */
export interface Difference {
  path: string;
  recorded: unknown;
  attempted: unknown;
}

/** Finds the innermost places at which two values differ. Texts that hold JSON objects or lists are looked into. */
export function* findDifferences(recorded: unknown, attempted: unknown, path = ""): Generator<Difference> {
  if (isDeepStrictEqual(recorded, attempted)) return;
  const [a, b] = [open(recorded), open(attempted)];
  const isInside = a !== null && b !== null && Array.isArray(a) === Array.isArray(b) && !isDeepStrictEqual(a, b);
  if (!isInside) {
    yield { path, recorded, attempted };
    return;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    yield* findDifferences(a[key], b[key], Array.isArray(a) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`);
  }
}

/** A list or an object with named values, be it one or the JSON text of one; else null. */
function open(value: unknown): Record<string, unknown> | null {
  if (typeof value === "object") return value as Record<string, unknown> | null;
  if (typeof value !== "string" || !/^[[{]/.test(value)) return null;
  try {
    return JSON.parse(value) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** How many characters of a value are shown, and how many of those before the first that differs. */
const shownSize = 72;
const leadSize = 24;

/** A difference as lines for people: the place, and a piece of both sides from shortly before they part. */
export function describeDifference({ path, recorded, attempted }: Difference): string[] {
  const [a, b] = [show(recorded), show(attempted)];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const from = Math.max(0, same - leadSize);
  return [`${path}:`, `  recorded   ${excerpt(a, from)}`, `  attempted  ${excerpt(b, from)}`];
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function excerpt(text: string, from: number): string {
  const end = from + shownSize;
  return `${from > 0 ? "…" : ""}${text.slice(from, end)}${end < text.length ? "…" : ""}`;
}
