import type * as Arguments from "@bytecodealliance/preview2-shim/interfaces/wasi-cli-environment";
import type { Outcome } from "../oplog/entry.ts";
import { absent } from "./absent.ts";
import { LineLog } from "./line-log.ts";
import { InputStream, OutputStream } from "./streams.ts";
import type { WasiContext } from "./wasi-context.ts";

/** The guest left by `exit`, with a stack that nobody unwinds. */
export class GuestExit extends Error {
  override readonly name = "GuestExit";
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`The guest exited with status ${statusCode}.`);
    this.statusCode = statusCode;
  }

  get isOk(): boolean {
    return this.statusCode === 0;
  }

  /** What becomes of the invocation. */
  get outcome(): Outcome {
    if (this.isOk) return { value: "null" };
    const { message, statusCode } = this;
    return { error: JSON.stringify({ name: "GuestExit", code: "guest/exit", message, data: { statusCode } }) };
  }
}

const noTerminal = "a guest has no terminal";

/** Where text goes that the guest prints. */
export interface Printed {
  stdout: LineLog;
  stderr: LineLog;
}

export const makePrinted = (context: Pick<WasiContext, "journal">): Printed => ({
  stdout: new LineLog("stdout", "info", context),
  stderr: new LineLog("stderr", "warn", context),
});

/** `wasi:cli`: a command without a terminal, whose input is at its end. */
export function makeCli(context: Pick<WasiContext, "environment">, { stdout, stderr }: Printed) {
  const environmentFunctions: typeof Arguments = {
    getEnvironment: () => context.environment().variables,
    getArguments: () => ["component", ...context.environment().arguments],
    initialCwd: () => undefined,
  };
  return {
    "wasi:cli/environment": environmentFunctions,
    "wasi:cli/exit": {
      exit(status: { tag: "ok" | "err" }): never {
        throw new GuestExit(status.tag === "ok" ? 0 : 1);
      },
      exitWithCode(statusCode: number): never {
        throw new GuestExit(statusCode);
      },
    },
    "wasi:cli/stdin": { getStdin: () => new InputStream(null) },
    "wasi:cli/stdout": { getStdout: () => new OutputStream(stdout) },
    "wasi:cli/stderr": { getStderr: () => new OutputStream(stderr) },
    "wasi:cli/terminal-input": { TerminalInput: absent("terminal-input", noTerminal) },
    "wasi:cli/terminal-output": { TerminalOutput: absent("terminal-output", noTerminal) },
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
  };
}
