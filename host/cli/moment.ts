import { InvalidArgumentError } from "commander";
import { makeSpanParser } from "./option.ts";

const span = makeSpanParser({ least: "0s", most: "3650d" });

/** A date with a time and a zone. Without a zone it would mean one thing here and another there. */
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Makes a reader of moments, in milliseconds since the epoch: `2026-12-24T18:00Z`, `+10s`, `in 10s`.
 *
 * One that has passed is as good as now: a command that is repeated under its key means the same call.
 */
export function makeMomentParser(now: () => number): (text: string) => number {
  return (text) => {
    const later = /^(?:\+|in )(.+)$/.exec(text)?.[1];
    if (later !== undefined) return now() + readSpan(later);
    if (!iso.test(text) || !isDay(text.slice(0, 10))) refuse();
    const moment = Date.parse(text);
    return Number.isNaN(moment) ? refuse() : moment;
  };
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const midnight = Date.parse(`${text}T00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(text);
}

function readSpan(text: string): number {
  try {
    return span(text);
  } catch {
    return refuse();
  }
}

function refuse(): never {
  throw new InvalidArgumentError("It must be a moment such as 2026-12-24T18:00Z, or a span from now such as +10s.");
}
