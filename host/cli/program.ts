import { styleText } from "node:util";
import { Command, Option } from "commander";
import { declareAgents } from "./commands/agents.ts";
import { declareBuild } from "./commands/build.ts";
import { declareCancel } from "./commands/cancel.ts";
import { declareComponents } from "./commands/components.ts";
import { declareDelete } from "./commands/delete.ts";
import { declareFork } from "./commands/fork.ts";
import { declareInspect } from "./commands/inspect.ts";
import { declareInvoke } from "./commands/invoke.ts";
import { declareNodes } from "./commands/nodes.ts";
import { declareOplog } from "./commands/oplog.ts";
import { declarePromise } from "./commands/promise.ts";
import { declareRecord } from "./commands/record.ts";
import { declareReplay } from "./commands/replay.ts";
import { declareRun } from "./commands/run.ts";
import { declareServe } from "./commands/serve.ts";
import { version } from "../system/version.ts";
import type { Terminal } from "./terminal.ts";

/** In the order of the help. */
const commands = [
  declareRun,
  declareInvoke,
  declareCancel,
  declareServe,
  declareBuild,
  declareNodes,
  declareComponents,
  declareAgents,
  declareInspect,
  declareOplog,
  declareFork,
  declarePromise,
  declareRecord,
  declareReplay,
  declareDelete,
];

const examples = `
Examples:
  planaria run guests/fan-out 'coordinator("c1").dispatchAndCollect(["eu","us"])'
  planaria agents
  planaria oplog 'coordinator("c1")'

A call is written like JavaScript, with literal arguments; @file.json is the JSON in a file, @- that on stdin.
Keep it from the shell by single quotes around the whole of it.

Exit codes:
  0    done
  1    the invocation failed, or what was named does not exist
  2    the command line, or a call or value on it, cannot be understood
  3    the guest does not build, or the component is not one that Planaria can run
  4    the store is missing, damaged, full, busy or in other hands
  5    a replay left its recorded path
  69   the Node that runs it is too old
  70   a defect of Planaria
  130  interrupted by Ctrl-C (143: by SIGTERM); nothing durable is lost. \`planaria serve\` exits with 0 then`;

/** The whole command line: its options, its commands, and what they do. */
export function makeProgram(terminal: Terminal): Command {
  const program = new Command("planaria")
    .description("Runs WebAssembly components as durable agents.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print the help of a command")
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
    .option("--json", "print results and errors as JSON")
    .option("-q, --quiet", "print nothing but results and errors")
    .option("--no-color", "print without colour and motion, as does NO_COLOR=1")
    .addHelpText("after", examples)
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => styleText("bold", title) })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showHelpAfterError("`planaria --help` shows what there is.")
    .exitOverride();
  for (const declare of commands) declare(program, terminal);
  return program;
}
