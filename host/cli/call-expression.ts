import type { AgentName } from "../agent/agent-name.ts";
import { HostError } from "../base/error.ts";
import { identifier, readList, readLiteral } from "./literal.ts";
import { Scanner } from "./scanner.ts";

type Callee = { agent: AgentName; method: string } | { function: string };

export interface Call {
  callee: Callee;
  /** JSON array text. */
  args: string;
}

/** Reads the text of a file that an argument `@path` names; `-` is stdin. */
export type ReadText = (path: string) => string;

const uuid = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/iy;
const path = /[^\s,()"']+/y;

/**
 * Reads a call as people write it: `coordinator("c1").dispatchAndCollect(["eu", "us"])`, `enrichOne("x")`,
 * `counter("c1")[uuid].get()`. Nothing is evaluated: arguments are literals, or `@path` for the JSON in a file.
 *
 * Errors: HostError `call/syntax`, `call/file`.
 */
export function parseCall(text: string, readText: ReadText): Call {
  const scanner = new Scanner(text);
  const { type, params, phantom } = readAgentName(scanner, readText);
  if (scanner.take(".")) {
    if (params === null) scanner.fail("The agent of one call of a function takes no further calls");
    const method = scanner.match(identifier) ?? scanner.failExpecting("the name of a method");
    scanner.expect("(", `after ${method}`);
    const args = readArguments(scanner, readText);
    scanner.expectEnd();
    return { callee: { agent: { type, params, phantom }, method }, args };
  }
  if (phantom !== null) scanner.failExpecting("a method call", "This names an agent: add .method(…).");
  if (params === null) return scanner.failExpecting("`(` and arguments");
  scanner.expectEnd();
  return { callee: { function: type }, args: params };
}

/**
 * Reads the name of an agent as people write it: `counter('c1')`, `counter("c1")[uuid]`, `enrichOne[uuid]`.
 *
 * Errors: HostError `call/syntax`, `call/file`.
 */
export function parseAgent(text: string, readText: ReadText): AgentName {
  const scanner = new Scanner(text);
  const name = readAgentName(scanner, readText);
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
  const value = readArgument(scanner, readText);
  scanner.expectEnd();
  return JSON.stringify(JSON.parse(value));
}

function readAgentName(scanner: Scanner, readText: ReadText): AgentName {
  const type = scanner.match(identifier) ?? scanner.failExpecting("the name of an agent type or function");
  const params = scanner.take("(") ? readArguments(scanner, readText) : null;
  if (!scanner.take("[")) return { type, params, phantom: null };
  const phantom = scanner.match(uuid) ?? scanner.failExpecting("the UUID of a fork or of a function's call");
  scanner.expect("]", "after the UUID");
  return { type, params, phantom: phantom.toLowerCase() };
}

/** Reads arguments up to and with the closing parenthesis; canonical, so that equal arguments have equal texts. */
function readArguments(scanner: Scanner, readText: ReadText): string {
  const texts = readList(scanner, ")", () => readArgument(scanner, readText));
  return JSON.stringify(JSON.parse(`[${texts.join()}]`));
}

function readArgument(scanner: Scanner, readText: ReadText): string {
  return scanner.take("@") ? readFile(scanner, readText) : readLiteral(scanner);
}

function readFile(scanner: Scanner, readText: ReadText): string {
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
    return JSON.stringify(JSON.parse(text));
  } catch (cause) {
    const message = `${source} does not hold JSON: ${(cause as Error).message}`;
    throw new HostError("call/file", message, { data: { path: name }, cause });
  }
}
