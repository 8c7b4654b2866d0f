/** Integers of as many digits may be beyond what a number holds. It is begun at no digit, and so looks at each once. */
const longNumber = /(?:^|\D)\d{16}/;
/** No WIT type holds more digits: a number of more is out of range, however exactly it is read. */
const longInteger = /^-?\d{16,40}$/;

/** Reads JSON text; an integer that a number does not hold exactly becomes a bigint. */
export function parseExact(text: string): unknown {
  // To be asked about every value makes it ten times slower.
  return longNumber.test(text) ? JSON.parse(text, keepIntegers) : JSON.parse(text);
}

function keepIntegers(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined) return value;
  return longInteger.test(source) ? BigInt(source) : value;
}

/** For `JSON.parse` of what is written again: numbers stay as they were written, to the last digit. */
export function keepDigits(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  return typeof value === "number" && source !== undefined ? JSON.rawJSON(source) : value;
}

declare global {
  interface JSON {
    /** Since Node 22; not in the libraries that TypeScript knows. */
    rawJSON(text: string): unknown;
  }
}
