import { basename, resolve } from "node:path";
import { callAgent, readCall } from "../call-agent.ts";
import { act, type Context, type Declare } from "../command.ts";
import { readComponent } from "../read-component.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria run guests/fan-out 'coordinator("c1").dispatchAndCollect(["eu","us"])'
  planaria run guests/fan-out 'enrichBatch(@ids.json)' --key batch-7
  planaria run counter.wasm 'counter("c1").add(2)'

The same --key gives the same invocation: run again, it is not begun again, and its result is printed.`;

export const declareRun: Declare = (program, terminal) => {
  program
    .command("run")
    .description("call a method or function of a guest, and print what it returns")
    .argument("<guest>", "a .ts or .js file, a folder with an index.ts, or a .wasm component")
    .argument("<call>", "such as 'counter(\"c1\").add(2)'")
    .option("--key <key>", "the idempotency key of the call (default: a new one)")
    .addHelpText("after", examples)
    .action(act(terminal, run));
};

async function run(context: Context, { key }: { key?: string }, guest: string, text: string): Promise<void> {
  const call = readCall(context, text);
  const bytes = await readComponent(context, guest);
  await withHost(context, async (host) => {
    const { digest } = await host.addComponent(bytes, basename(resolve(guest)));
    await callAgent(context, host, call, { component: { digest, bytes }, ...(key && { key }) });
  });
}
