import { callAgent, readCall } from "../call-agent.ts";
import { act, type Context, type Declare } from "../command.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria invoke 'counter("c1").get()'
  planaria invoke 'counter("c1").add(2)' --key add-1`;

export const declareInvoke: Declare = (program, terminal) => {
  program
    .command("invoke")
    .description("call a method or function of a guest that the store holds, and print what it returns")
    .argument("<call>", "such as 'counter(\"c1\").add(2)'")
    .option("--key <key>", "the idempotency key of the call (default: a new one)")
    .addHelpText("after", examples)
    .action(act(terminal, invoke));
};

async function invoke(context: Context, options: { key?: string }, text: string): Promise<void> {
  const call = readCall(context, text);
  await withHost(context, (host) => callAgent(context, host, call, options));
}
