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
  /** Calls `listener` at the first Ctrl-C or SIGTERM, until it is disposed; a second one ends the process at once. */
  onInterrupt(listener: (signal: NodeJS.Signals) => void): Disposable;
}

const interrupts: NodeJS.Signals[] = ["SIGINT", "SIGTERM"];

export function processTerminal(): Terminal {
  let stdin: string | undefined;
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    debug: process.env["PLANARIA_DEBUG"] === "1",
    readText: (path) => (path === "-" ? (stdin ??= readFileSync(0, "utf8")) : readFileSync(path, "utf8")),
    now: () => Date.now(),
    onInterrupt(listener) {
      for (const signal of interrupts) process.once(signal, listener);
      return {
        [Symbol.dispose]: () => {
          for (const signal of interrupts) process.off(signal, listener);
        },
      };
    },
  };
}
