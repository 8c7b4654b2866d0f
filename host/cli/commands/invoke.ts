import { callAgent, readCall } from "../call-agent.ts";
import { act, type Context, type Declare } from "../command.ts";
import { addHostOptions, type HostFlags } from "../host-option.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria invoke 'counter("c1").get()'
  planaria invoke 'counter("c1").add(2)' --key add-1
  planaria invoke 'enrichOne("x")' --no-wait

Prints the same as \`planaria run\`.`;

interface Options extends HostFlags {
  key?: string;
}

export const declareInvoke: Declare = (program, terminal) => {
  const command = program
    .command("invoke")
    .description("call a method or function of a guest that the store holds, and print what it returns")
    .argument("<call>", "such as 'counter(\"c1\").add(2)'")
    .option("--key <key>", "the idempotency key of the call (default: a new one)");
  addHostOptions(command).addHelpText("after", examples).action(act(terminal, invoke));
};

async function invoke(context: Context, { key, ...flags }: Options, text: string): Promise<void> {
  const call = readCall(context, text);
  await withHost(context, flags, (open) => callAgent(context, open, call, { ...(key !== undefined && { key }) }));
}
