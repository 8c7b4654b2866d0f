import { HostError, isHostError } from "../base/error.ts";
import type { Output } from "./output.ts";

/**
 * An error for people: its code, what its message says (hints are indented there), and when debugging, stacks and causes.
 *
 * An error that is no HostError is a defect of Planaria, and says so.
 */
export function renderError(error: unknown, { paint, debug }: { paint: Output["paint"]; debug: boolean }): string {
  const lines: string[] = [];
  if (isHostError(error)) {
    lines.push(`${paint("red", `error[${error.code}]`)}: ${error.message}`);
  } else {
    lines.push(`${paint("red", "error[internal]")}: ${messageOf(error)}`);
    if (!debug) lines.push("  This is a defect of Planaria. PLANARIA_DEBUG=1 shows where it happened.");
  }
  if (debug) lines.push(...renderStacks(error).map((line) => paint("dim", line)));
  return lines.join("\n");
}

/** An error as one line of JSON. */
export function renderErrorJson(error: unknown): string {
  const { code, data } = error instanceof HostError ? error : { code: "internal", data: {} };
  return JSON.stringify({ error: { code, message: messageOf(error), data } }, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value instanceof Error ? messageOf(value) : value,
  );
}

function renderStacks(error: unknown): string[] {
  const lines: string[] = [];
  for (let cause: unknown = error, depth = 0; cause !== undefined && depth < 8; depth++) {
    const stack = cause instanceof Error ? (cause.stack ?? messageOf(cause)) : messageOf(cause);
    lines.push(...`${depth === 0 ? "" : "caused by "}${stack}`.split("\n").map((line) => `  ${line}`));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
