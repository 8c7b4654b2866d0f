import { InvalidArgumentError } from "commander";

/** Reads a count or an index from the command line. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count))
    throw new InvalidArgumentError("It must be a whole number from 0.");
  return count;
}
