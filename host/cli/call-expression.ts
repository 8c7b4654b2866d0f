import type { AgentName } from "../agent/agent-name.ts";
import { HostError } from "../base/error.ts";
import { keepDigits } from "../wit/json.ts";
import { functionPattern } from "../wit/name.ts";
import { readList, readLiteral } from "./literal.ts";
import { Scanner } from "./scanner.ts";
import { readWave } from "./wave.ts";

type Callee = { agent: AgentName; method: string } | { function: string };

export interface Call {
  callee: Callee;
  /** JSON array text. */
  args: string;
}

export interface CallSyntax {
  /**
   * The callee's component has types: words of WAVE are fine in the arguments, and integers of any length. A guest of
   * the SDK reads its arguments as JavaScript does, so that for it both are refused.
   */
  typed?: boolean;
}

/** Reads the text of a file that an argument `@path` names; `-` is stdin. */
export type ReadText = (path: string) => string;

const callee = new RegExp(functionPattern, "uy");
const uuid = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/iy;
const path = /[^\s,()"']+/y;

/**
 * Reads a call as people write it: `coordinator("c1").dispatchAndCollect(["eu", "us"])`, `enrichOne("x")`,
 * `counter("c1")[uuid].get()`, `docs:adder/add#add(1, 2)`. Nothing is evaluated: arguments are literals, or `@path` for the
 * JSON in a file.
 *
 * Errors: HostError `call/syntax`, `call/file`.
 */
export function parseCall(text: string, readText: ReadText, { typed = false }: CallSyntax = {}): Call {
  const scanner = new Scanner(text);
  const readOnce = rememberTexts(readText);
  const name = readName(scanner);
  if (typed) {
    const start = scanner.at;
    const args = scanner.take("(") ? readArguments(scanner, readOnce, typed) : null;
    if (args !== null && !/[.[]/.test(scanner.text[scanner.at] ?? "")) {
      scanner.expectEnd();
      return { callee: { function: name }, args };
    }
    // Those were the parameters of an agent: they are part of its id, which is plain JSON.
    scanner.at = start;
  }
  const { type, params, phantom } = readAgentName(scanner, readOnce, name);
  if (scanner.take(".")) {
    if (params === null) scanner.fail("The agent of one call of a function takes no further calls");
    const method = scanner.match(callee) ?? scanner.failExpecting("the name of a method");
    scanner.expect("(", `after ${method}`);
    const args = readArguments(scanner, readOnce, typed);
    scanner.expectEnd();
    return { callee: { agent: { type, params, phantom }, method }, args };
  }
  if (phantom !== null) scanner.failExpecting("a method call", "This names an agent: add .method(…).");
  if (params === null) return scanner.failExpecting("`(` and arguments");
  scanner.expectEnd();
  return { callee: { function: type }, args: params };
}

/** The name of the agent type or function that a call begins with: before its component is known, no more can be read. */
export function parseCalleeName(text: string): string {
  return readName(new Scanner(text));
}

/**
 * Reads the name of an agent as people write it: `counter('c1')`, `counter("c1")[uuid]`, `enrichOne[uuid]`.
 *
 * Errors: HostError `call/syntax`, `call/file`.
 */
export function parseAgent(text: string, readText: ReadText): AgentName {
  const scanner = new Scanner(text);
  const name = readAgentName(scanner, readText, readName(scanner));
  if (name.params === null && name.phantom === null) scanner.failExpecting("`(` and the parameters of the agent");
  scanner.expectEnd();
  return name;
}

/**
 * Reads one value: a literal, or `@path` for the JSON in a file. Returns its JSON text.
 *
 * Errors: HostError `call/syntax`, `call/file`.
 */
export function parseValue(text: string, readText: ReadText): string {
  const scanner = new Scanner(text);
  const value = scanner.take("@") ? readFile(scanner, readText, false) : readLiteral(scanner);
  scanner.expectEnd();
  return rewrite(value, false);
}

function readName(scanner: Scanner): string {
  return scanner.match(callee) ?? scanner.failExpecting("the name of an agent type or function");
}

function readAgentName(scanner: Scanner, readText: ReadText, type: string): AgentName {
  const params = scanner.take("(") ? readArguments(scanner, readText, false) : null;
  if (!scanner.take("[")) return { type, params, phantom: null };
  const phantom = scanner.match(uuid) ?? scanner.failExpecting("the UUID of a fork or of a function's call");
  scanner.expect("]", "after the UUID");
  return { type, params, phantom: phantom.toLowerCase() };
}

/** Reads arguments up to and with the closing parenthesis; canonical, so that equal arguments have equal texts. */
function readArguments(scanner: Scanner, readText: ReadText, typed: boolean): string {
  const texts = readList(scanner, ")", () =>
    scanner.take("@") ? readFile(scanner, readText, typed) : typed ? readWave(scanner) : readLiteral(scanner),
  );
  return rewrite(`[${texts.join()}]`, typed);
}

/** Writes JSON text as `JSON.stringify` does. */
function rewrite(text: string, isExact: boolean): string {
  return JSON.stringify(isExact ? JSON.parse(text, keepDigits) : JSON.parse(text));
}

/** What is read again is still there: stdin is not. */
function rememberTexts(readText: ReadText): ReadText {
  const texts = new Map<string, string>();
  return (name) => {
    const text = texts.get(name) ?? readText(name);
    texts.set(name, text);
    return text;
  };
}

function readFile(scanner: Scanner, readText: ReadText, isExact: boolean): string {
  const quoted = scanner.text[scanner.at] === '"';
  const name = quoted
    ? (JSON.parse(readLiteral(scanner)) as string)
    : (scanner.match(path) ?? scanner.failExpecting("the path of a file, or - for stdin"));
  const source = name === "-" ? "stdin" : name;
  let text: string;
  try {
    text = readText(name);
  } catch (cause) {
    throw new HostError("call/file", `Cannot read ${source}: ${(cause as Error).message}`, {
      data: { path: name },
      cause,
    });
  }
  try {
    return rewrite(text, isExact);
  } catch (cause) {
    const message = `${source} does not hold JSON: ${(cause as Error).message}`;
    throw new HostError("call/file", message, { data: { path: name }, cause });
  }
}
