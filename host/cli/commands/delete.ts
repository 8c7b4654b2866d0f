import { act, type Context, type Declare } from "../command.ts";
import { findAgentId } from "../find-agent.ts";
import { addHostOptions, type HostFlags } from "../host-option.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria delete 'counter("c1")'

With --json: {deleted}.`;

export const declareDelete: Declare = (program, terminal) => {
  const command = program
    .command("delete")
    .description("delete an agent with its oplog and memory; its unfinished invocations fail")
    .argument("<agent>", "such as 'counter(\"c1\")'");
  addHostOptions(command).addHelpText("after", examples).action(act(terminal, deleteAgent));
};

async function deleteAgent(context: Context, flags: HostFlags, text: string): Promise<void> {
  const agent = await findAgentId(context, text);
  await withHost(context, flags, async ({ host }) => {
    await host.deleteAgent(agent);
    context.output.result({ deleted: agent }, ({ deleted }) => `deleted ${deleted}`);
  });
}
