import { basename, resolve } from "node:path";
import { callAgent, readCall } from "../call-agent.ts";
import { addCallOptions, callHelp, isWaitedFor, readCallOptions, type CallFlags } from "../call-option.ts";
import { act, type Context, type Declare } from "../command.ts";
import type { Call } from "../call-expression.ts";
import { findCommand, readTypes } from "../component-world.ts";
import { addSettingsOptions, readSettings, settingsHelp, type SettingsFlags } from "../component-option.ts";
import { addHostOptions, type NodeFlags } from "../host-option.ts";
import { isComponent, readComponent } from "../read-component.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria run guests/fan-out 'coordinator("c1").dispatchAndCollect(["eu","us"])'
  planaria run guests/enrichment 'enrichBatch(@ids.json)' --key batch-7
  planaria run counter.wasm 'counter("c1").add(2)' --memory-cap 64MiB
  planaria run guests/crawl 'crawl("https://example.com/", 2)' --allow-host example.com --retry 3
  planaria run adder.wasm 'docs:adder/add#add(1, 2)'
  planaria run command.wasm --arg --verbose --env LANG --dir .::/data
  planaria run golem.wasm 'start("a")' --import golem:api/host=./adapter.ts
  planaria run guests/reminder 'inbox("ann").note("tea")' --at +10m
  planaria run guests/enrichment 'enrichOne("a")' --target poll://any@enrichment-workers

The same --key gives the same invocation: run again, it is not begun again, and its result is printed.
What the call set going is finished before the command ends, unless it waits for the time or for somebody outside.
Prints what was returned as JSON: with --json as the guest wrote it, on one line. A failed call exits with 1; with
--json its error is {error: {code: "invocation/failed", message, data: {failure, stacks}}} on stderr.
${callHelp}
${settingsHelp}`;

interface Options extends CallFlags, SettingsFlags, NodeFlags {
  wait?: boolean;
}

export const declareRun: Declare = (program, terminal) => {
  const command = program
    .command("run")
    .description("call a method or function of a guest, and print what it returns")
    .argument("<guest>", "a .ts or .js file, a folder with an index.ts, or a .wasm component")
    .argument("[call]", "such as 'counter(\"c1\").add(2)' (default: run() of a command)");
  addHostOptions(addSettingsOptions(addCallOptions(command, terminal)))
    .addHelpText("after", examples)
    .action(act(terminal, run));
};

async function run(context: Context, flags: Options, guest: string, text?: string): Promise<void> {
  const options = readCallOptions(flags);
  const settings = await readSettings(flags);
  // A mistake in the call is told before a source is built, which takes its time.
  const early = text === undefined || isComponent(guest) ? null : readCall(context, text, null);
  const bytes = await readComponent(context, guest);
  const call = early ?? readCallOf(context, bytes, text);
  await withHost(context, { ...flags, wait: isWaitedFor(flags), makesStore: true }, async (open) => {
    const { digest } = await open.host.addComponent(bytes, basename(resolve(guest)), settings);
    await callAgent(context, open, call, { ...options, component: digest });
  });
}

/** Reads a call by the types of the component that it is for; without one, it is a command's. */
function readCallOf(context: Context, bytes: Uint8Array, text: string | undefined): Call {
  const world = readTypes(bytes);
  return readCall(context, text ?? findCommand(world), world);
}
