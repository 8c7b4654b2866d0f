import { readFileSync } from "node:fs";
import type { Writable } from "node:stream";
import type { ReadText } from "./call-expression.ts";

/** What a command sees of the world around it. */
export interface Terminal {
  /** For results only, so that they can be piped. */
  stdout: Writable & { isTTY?: boolean };
  /** For everything that is said on the way. */
  stderr: Writable & { isTTY?: boolean };
  /** Whether errors show their stacks and causes. */
  debug: boolean;
  /** Reads a file that an argument names; `-` is stdin. */
  readText: ReadText;
  now(): number;
  /** Calls `listener` at the first Ctrl-C, until it is disposed; a second one ends the process at once. */
  onInterrupt(listener: () => void): Disposable;
}

export function processTerminal(): Terminal {
  let stdin: string | undefined;
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    debug: process.env["PLANARIA_DEBUG"] === "1",
    readText: (path) => (path === "-" ? (stdin ??= readFileSync(0, "utf8")) : readFileSync(path, "utf8")),
    now: () => Date.now(),
    onInterrupt(listener) {
      process.once("SIGINT", listener);
      return { [Symbol.dispose]: () => void process.off("SIGINT", listener) };
    },
  };
}
