import type { Scanner } from "./scanner.ts";

/** Deeper nesting than this is a mistake, and would exhaust the stack of whoever reads it. */
const maxDepth = 500;

const identifier = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const number = /-?\s*(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{ID_Continue}$.])/uy;
const strings: Record<string, RegExp> = {
  '"': /"(?:[^"\\\n\r]|\\[^])*"/y,
  "'": /'(?:[^'\\\n\r]|\\[^])*'/y,
  "`": /`(?:[^`\\$]|\\[^]|\$(?!\{))*`/y,
};
const constants: Record<string, string> = { true: "true", false: "false", null: "null", undefined: "null" };
const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", "0": "\0" };
const literals =
  "Values are strings, numbers, true, false, null, [arrays], {objects}, or @file for the JSON in a file.";
const unquoted = "A word is a string in quotes; keep them from the shell by single quotes around the whole call.";

/**
 * Reads a value as people write it in JavaScript, and returns its JSON text.
 *
 * Shape:  strings in any quotes, numbers, booleans, null, undefined (null), arrays, objects; trailing commas and unquoted
 *         keys are fine. Nothing that would have to be evaluated.
 * Errors: HostError `call/syntax`.
 */
export function readLiteral(scanner: Scanner, depth = 0): string {
  checkDepth(scanner, depth);
  const readItem = () => readLiteral(scanner, depth + 1);
  if (scanner.take("[")) return `[${readList(scanner, "]", readItem).join()}]`;
  if (scanner.take("{")) return readObject(scanner, (at) => at.match(identifier), readItem);
  return readString(scanner) ?? readNumber(scanner) ?? readConstant(scanner);
}

/** Refuses what is nested deeper than anybody means. */
export function checkDepth(scanner: Scanner, depth: number): void {
  if (depth > maxDepth) scanner.fail(`Values are nested deeper than ${maxDepth} levels`);
}

/** Reads items with commas between them, and one after the last if you like, up to and with `close`. */
export function readList<T>(scanner: Scanner, close: string, readItem: () => T): T[] {
  const items: T[] = [];
  while (!scanner.take(close)) {
    items.push(readItem());
    if (scanner.take(",")) continue;
    scanner.expect(close, "or a comma");
    break;
  }
  return items;
}

/** Takes a key that has no quotes, if one stands here. */
type ReadName = (scanner: Scanner) => string | undefined;

/** Reads an object behind its opening brace. */
export function readObject(scanner: Scanner, readName: ReadName, readItem: () => string): string {
  const keys = new Set<string>();
  const members = readList(scanner, "}", () => {
    const start = scanner.at;
    const key = readKey(scanner, readName);
    if (keys.has(key)) scanner.fail(`The key ${key} stands here a second time`, start);
    keys.add(key);
    scanner.expect(":", "after the key");
    return `${key}:${readItem()}`;
  });
  return `{${members.join()}}`;
}

function readKey(scanner: Scanner, readName: ReadName): string {
  const name = readName(scanner);
  if (name !== undefined) return JSON.stringify(name);
  const text = readString(scanner);
  if (text !== undefined) return text;
  const digits = readNumber(scanner);
  if (digits !== undefined && !digits.startsWith("-")) return JSON.stringify(digits);
  return scanner.failExpecting("a key");
}

/** A string in any quotes, as JSON text; undefined if there is none. */
export function readString(scanner: Scanner): string | undefined {
  const start = scanner.at;
  const quote = scanner.text[start] ?? "";
  const pattern = strings[quote];
  if (!pattern) return undefined;
  const quoted = scanner.match(pattern);
  if (quoted === undefined) {
    return scanner.fail(quote === "`" ? "This template has a hole or no end" : "This string has no end", start);
  }
  return JSON.stringify(
    quoted
      .slice(1, -1)
      .replace(/\r\n?/g, "\n")
      .replace(
        /\\(?:u\{([\da-f]+)\}|u([\da-f]{4})|x([\da-f]{2})|([^]))/giu,
        (whole, wide, four, two, one, at: number) => {
          if (one !== undefined && !/[ux1-9]/.test(one)) return one === "\n" ? "" : (escapes[one] ?? one);
          const code = parseInt(wide ?? four ?? two ?? "", 16);
          if (!(code <= 0x10ffff)) scanner.fail(`There is no escape \`${whole}\``, start + 1 + at);
          return String.fromCodePoint(code);
        },
      ),
  );
}

/** A decimal number, as JSON text; undefined if there is none. `isExact`: an integer may have more digits than numbers hold. */
export function readNumber(scanner: Scanner, isExact = false): string | undefined {
  const start = scanner.at;
  const text = scanner.match(number)?.replace(/\s/g, "");
  if (text === undefined) {
    if (/^[-+.\d]/.test(scanner.text.slice(start, start + 1)) && !scanner.text.startsWith("...", start)) {
      scanner.fail(
        "This is not a decimal number",
        start,
        'Write other numbers, and ones of many digits, as strings: "9007199254740993".',
      );
    }
    return undefined;
  }
  const value = Number(text);
  if (!Number.isFinite(value)) scanner.fail(`${text} is too large for a number`, start);
  if (isExact && /^-?\d+$/.test(text)) return text;
  if (/^-?\d+$/.test(text) && !Number.isSafeInteger(value) && String(value) !== text) {
    scanner.fail(`${text} would lose digits as a number`, start, `Write it as a string: "${text}".`);
  }
  return JSON.stringify(value);
}

function readConstant(scanner: Scanner): string {
  const start = scanner.at;
  const name = scanner.match(identifier);
  const constant = name !== undefined && Object.hasOwn(constants, name) ? constants[name] : undefined;
  if (constant !== undefined) return constant;
  scanner.at = start;
  return scanner.failExpecting("a value", name === undefined ? literals : unquoted);
}
