import { HostError } from "../base/error.ts";

/** How an error looks that a guest threw, as the guest wrote it down. Anything may be missing: guests are strangers. */
interface Failure {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  stack?: unknown;
  cause?: unknown;
}

/** Causes deeper than this are of no help. */
const maxCauses = 8;

/**
 * The error `invocation/failed` for a failure that a guest gave as JSON text.
 *
 * Shape: `mapStack` turns a stack of the component into one of the guest's sources.
 */
export function guestFailure(call: string, json: string, mapStack: (stack: string) => string): HostError {
  const failure = JSON.parse(json) as Failure;
  const lines = describe(failure, mapStack).map((line) => `  ${line}`);
  return new HostError("invocation/failed", `${call} failed\n${lines.join("\n")}`, { data: { failure } });
}

function describe(failure: Failure, mapStack: (stack: string) => string): string[] {
  const lines: string[] = [];
  let next: Failure | undefined = failure;
  for (let depth = 0; next && depth < maxCauses; depth++) {
    lines.push(`${depth === 0 ? "" : "caused by "}${headline(next)}`);
    if (typeof next.stack === "string" && next.stack !== "") lines.push(...mapStack(next.stack).trimEnd().split("\n"));
    next = typeof next.cause === "object" && next.cause !== null ? next.cause : undefined;
  }
  return lines;
}

function headline({ name, message, code }: Failure): string {
  const shown = typeof code === "string" ? ` [${code}]` : "";
  return `${typeof name === "string" ? name : "Error"}${shown}: ${typeof message === "string" ? message : "no message"}`;
}
