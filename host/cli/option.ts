import { InvalidArgumentError } from "commander";

const sizeUnits: Record<string, number> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};
/** None of them goes without saying. */
const spanUnits: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a count or an index from the command line. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("It must be a whole number from 0.");
  }
  return count;
}

/** Reads a count of at least one. */
export function parsePositiveCount(text: string): number {
  const count = parseCount(text);
  if (count === 0) throw new InvalidArgumentError("It must be a whole number from 1.");
  return count;
}

/** Makes a reader of sizes such as `64MiB`, in bytes, within bounds. */
export function makeSizeParser({ least, most }: { least: string; most: string }): (text: string) => number {
  const read = (text: string) => readMeasure(text, sizeUnits);
  return boundedParser(read, least, most, "a size such as 64MiB");
}

/** Makes a reader of spans of time such as `500ms`, in milliseconds, within bounds. */
export function makeSpanParser({ least, most }: { least: string; most: string }): (text: string) => number {
  const read = (text: string) => readMeasure(text, spanUnits);
  return boundedParser(read, least, most, "a span of time such as 500ms or 10s");
}

function boundedParser(read: (text: string) => number, least: string, most: string, what: string) {
  return (text: string): number => {
    const measure = read(text);
    if (measure >= read(least) && measure <= read(most)) return measure;
    throw new InvalidArgumentError(`It must be ${what}, from ${least} to ${most}.`);
  };
}

/** A number and its unit as one number; NaN if it is no such thing. */
function readMeasure(text: string, units: Record<string, number>): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text) ?? [];
  return Math.round(Number(number) * (units[unit.toLowerCase()] ?? NaN));
}
