import { exitCode, exitCodeOf } from "./exit-code.ts";
import { Output } from "./output.ts";
import { makeProgram } from "./program.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { CommanderError } from "commander";

/** Runs one command line and returns its exit code, once everything that it opened is closed. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = makeProgram(terminal);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode.ok;
  } catch (error) {
    // Commander has said already what it does not understand.
    if (!(error instanceof CommanderError)) new Output(terminal, program.opts()).error(error);
    return exitCodeOf(error);
  }
}

/** What the launcher calls. */
export async function main(): Promise<void> {
  process.stdout.on("error", leaveOnClosedPipe);
  process.exitCode = await runCommand(process.argv.slice(2), processTerminal());
}

/** The reader of a pipe, such as `head`, has seen enough. */
function leaveOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCode.ok);
}
