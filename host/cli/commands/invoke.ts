import { callAgent, readStoredCall } from "../call-agent.ts";
import { addCallOptions, callHelp, isWaitedFor, readCallOptions, type CallFlags } from "../call-option.ts";
import { act, type Context, type Declare } from "../command.ts";
import { addHostOptions, type NodeFlags } from "../host-option.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria invoke 'counter("c1").get()'
  planaria invoke 'counter("c1").add(2)' --key add-1
  planaria invoke 'enrichOne("x")' --no-wait
  planaria invoke 'counter("c1").add(2)' --at 2026-12-24T18:00Z --key gift
  planaria invoke 'enrichOne("x")' --retry 5 --retry-first 1s --timeout 1m
  planaria invoke 'adder("a").docs:adder/add#add(1, 2)'

Prints the same as \`planaria run\`.
${callHelp}`;

interface Options extends CallFlags, NodeFlags {
  wait?: boolean;
}

export const declareInvoke: Declare = (program, terminal) => {
  const command = program
    .command("invoke")
    .description("call a method or function of a guest that the store holds, and print what it returns")
    .argument("<call>", "such as 'counter(\"c1\").add(2)'");
  addHostOptions(addCallOptions(command, terminal)).addHelpText("after", examples).action(act(terminal, invoke));
};

async function invoke(context: Context, flags: Options, text: string): Promise<void> {
  const call = await readStoredCall(context, text);
  const options = readCallOptions(flags);
  await withHost(context, { ...flags, wait: isWaitedFor(flags) }, (open) => callAgent(context, open, call, options));
}
