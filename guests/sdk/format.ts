import { inspect } from "loupe";
import { toFailure, type Failure } from "./failure.ts";

/** How deep and how long a value is shown before it is cut. */
const shown = { depth: 5, truncate: 10_000, customInspect: false };

/**
 * Writes what `console.log` was given as one text.
 *
 * Source: the Console standard's formatter: %s %d %i %f %j %o %O %c %% in a first text, what is left over behind it.
 */
export function format(words: readonly unknown[]): string {
  const [first, ...rest] = words;
  if (typeof first !== "string" || !first.includes("%") || rest.length === 0) return words.map(show).join(" ");
  const text = first.replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%") return "%";
    return rest.length === 0 ? directive : substitute(directive, rest.shift());
  });
  return [text, ...rest.map(show)].join(" ");
}

/** A value as people read it. */
function show(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return value instanceof Error ? showFailure(toFailure(value)) : inspect(value, shown);
  } catch {
    return "[a value that cannot be shown]";
  }
}

function showFailure({ name, message, code, stack, cause }: Failure): string {
  const head = `${name}${code === undefined ? "" : ` [${code}]`}: ${message}`;
  const trace = stack === undefined ? "" : `\n${stack.trimEnd()}`;
  return head + trace + (cause === undefined ? "" : `\n  [cause] ${showFailure(cause)}`);
}

function substitute(directive: string, word: unknown): string {
  switch (directive) {
    case "%s":
      return show(word);
    case "%d":
      return typeof word === "bigint" ? `${word}n` : String(typeof word === "object" ? Number.NaN : Number(word));
    case "%i":
      return String(Number.parseInt(String(word), 10));
    case "%f":
      return String(Number.parseFloat(String(word)));
    case "%j":
      return JSON.stringify(word) ?? "undefined";
    case "%c":
      return "";
    default:
      return typeof word === "string" ? inspect(word, shown) : show(word);
  }
}
