import { Writable } from "node:stream";
import { runCommand } from "../../../host/cli/main.ts";
import type { Terminal } from "../../../host/cli/terminal.ts";

interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one command line as `planaria` would, in this process. */
export async function runPlanaria(args: string[], options: Partial<Terminal> = {}): Promise<Ran> {
  const stdout = collect();
  const stderr = collect();
  const terminal = makeTerminal({ stdout, stderr, ...options });
  const exitCode = await runCommand(args, terminal);
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** A terminal without files, that nobody interrupts. */
export function makeTerminal(parts: Pick<Terminal, "stdout" | "stderr"> & Partial<Terminal>): Terminal {
  return {
    debug: false,
    readText: (path) => {
      throw new Error(`no such file: ${path}`);
    },
    now: () => Date.now(),
    onInterrupt: () => ({ [Symbol.dispose]: () => {} }),
    ...parts,
  };
}

/** A stream that keeps what is written to it. */
export function collect(): Writable & { text: string } {
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _, done) {
        stream.text += chunk.toString();
        done();
      },
    }),
    { text: "" },
  );
  return stream;
}
