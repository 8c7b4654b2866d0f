import { checkDepth, readList, readNumber, readObject, readString } from "./literal.ts";
import type { Scanner } from "./scanner.ts";

const name = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*(?:-[\p{ID_Continue}$]+)*`;
const label = new RegExp(name, "uy");
/** A name that is also a word of the language is marked. */
const mark = new RegExp(`%(?=${name})`, "uy");
/** What flags begin with, and no record. */
const flag = new RegExp(String.raw`%?${name}\s*[,}]`, "uy");
const emptyRecord = /:\s*\}/y;
const negativeInfinity = /-\s*(?:inf|Infinity)(?![\p{ID_Continue}$-])/uy;
/** What stands for an option. */
const option = /(?:some|none|null|undefined)(?![\p{ID_Continue}$-])/uy;

const words = new Map([
  ["true", "true"],
  ["false", "false"],
  ["none", "null"],
  ["null", "null"],
  ["undefined", "null"],
  ["inf", '"Infinity"'],
  ["nan", '"NaN"'],
]);

/**
 * Reads a value for a component that has types, and returns its JSON text: JavaScript's literals, and WAVE's.
 *
 * Shape:  integers keep all their digits; `(1, "a")` is an array; `red` is a string, `circle(1.5)` is `{"circle":1.5}`, and
 *         `{read, write}` an array of strings; `none` is null, and `some(1)` is 1, unless it holds an option again. What
 *         is meant by them is for the types to say.
 * Errors: HostError `call/syntax`.
 * Source: WAVE, the WebAssembly value encoding (wasm-tools, crates/wasm-wave), without its comments and its strings of
 *         many lines.
 */
export function readWave(scanner: Scanner, depth = 0): string {
  checkDepth(scanner, depth);
  const readItem = () => readWave(scanner, depth + 1);
  if (scanner.take("[")) return `[${readList(scanner, "]", readItem).join()}]`;
  if (scanner.take("(")) return `[${readList(scanner, ")", readItem).join()}]`;
  if (scanner.take("{")) return readBraces(scanner, readItem);
  if (scanner.match(negativeInfinity) !== undefined) return '"-Infinity"';
  return readString(scanner) ?? readNumber(scanner, true) ?? readWord(scanner, readItem);
}

function readBraces(scanner: Scanner, readItem: () => string): string {
  if (scanner.match(emptyRecord) !== undefined) return "{}";
  return isNext(scanner, flag)
    ? `[${readList(scanner, "}", () => JSON.stringify(readLabel(scanner) ?? scanner.failExpecting("a flag"))).join()}]`
    : readObject(scanner, readLabel, readItem);
}

/** A constant, or a case of a variant, perhaps with what it carries. */
function readWord(scanner: Scanner, readItem: () => string): string {
  const isMarked = isNext(scanner, mark);
  const word = readLabel(scanner) ?? scanner.failExpecting("a value");
  const constant = isMarked ? undefined : words.get(word);
  if (constant !== undefined) return constant;
  if (!scanner.take("(")) return JSON.stringify(word);
  const holdsOption = isNext(scanner, option);
  const value = readItem();
  scanner.expect(")", `after the value of ${word}`);
  if (word !== "some" || isMarked) return `{${JSON.stringify(word)}:${value}}`;
  return holdsOption ? `{"tag":"some","val":${value}}` : value;
}

function readLabel(scanner: Scanner): string | undefined {
  scanner.match(mark);
  return scanner.match(label);
}

function isNext(scanner: Scanner, pattern: RegExp): boolean {
  pattern.lastIndex = scanner.at;
  return pattern.test(scanner.text);
}
