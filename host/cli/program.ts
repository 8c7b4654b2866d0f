import { createRequire } from "node:module";
import { Command, Option } from "commander";
import { declareAgents } from "./commands/agents.ts";
import { declareBuild } from "./commands/build.ts";
import { declareDelete } from "./commands/delete.ts";
import { declareInspect } from "./commands/inspect.ts";
import { declareInvoke } from "./commands/invoke.ts";
import { declareOplog } from "./commands/oplog.ts";
import { declarePromise } from "./commands/promise.ts";
import { declareRecord } from "./commands/record.ts";
import { declareReplay } from "./commands/replay.ts";
import { declareRun } from "./commands/run.ts";
import type { Terminal } from "./terminal.ts";

/** In the order of the help. */
const commands = [
  declareRun,
  declareInvoke,
  declareBuild,
  declareAgents,
  declareInspect,
  declareOplog,
  declarePromise,
  declareRecord,
  declareReplay,
  declareDelete,
];

const { version } = createRequire(import.meta.url)("planaria/package.json") as { version: string };

const examples = `
Examples:
  planaria run guests/fan-out 'coordinator("c1").dispatchAndCollect(["eu","us"])'
  planaria agents
  planaria oplog 'coordinator("c1")'

A call is written like JavaScript, with literal arguments; @file.json is the JSON in a file, @- that on stdin.
Keep it from the shell by single quotes around the whole of it.`;

/** The whole command line: its options, its commands, and what they do. */
export function makeProgram(terminal: Terminal): Command {
  const program = new Command("planaria")
    .description("Runs WebAssembly components as durable agents.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addOption(
      new Option("--store <url>", "where agents live: sqlite:PATH, or memory: for this process alone")
        .env("PLANARIA_STORE")
        .default("sqlite:.planaria/planaria.db"),
    )
    .addOption(
      new Option("--durability <how>", "full survives the loss of power, relaxed only that of the process")
        .choices(["full", "relaxed"])
        .default("full"),
    )
    .option("--json", "print results and errors as JSON", false)
    .option("-q, --quiet", "print nothing but results and errors", false)
    .option("--no-color", "print without colour and motion, as does NO_COLOR=1")
    .addHelpText("after", examples)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showHelpAfterError("`planaria --help` shows what there is.")
    .exitOverride();
  for (const declare of commands) declare(program, terminal);
  return program;
}
