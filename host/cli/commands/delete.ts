import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria delete 'counter("c1")'`;

export const declareDelete: Declare = (program, terminal) => {
  program
    .command("delete")
    .description("delete an agent with its oplog and memory; its unfinished invocations fail")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .addHelpText("after", examples)
    .action(act(terminal, deleteAgent));
};

async function deleteAgent(context: Context, _: object, text: string): Promise<void> {
  const agent = await findExisting(context, text);
  await withHost(context, (host) => host.deleteAgent(agent));
  context.output.result({ deleted: agent }, ({ deleted }) => `deleted ${deleted}`);
}

async function findExisting({ openStoreToRead, terminal }: Context, text: string) {
  await using store = await openStoreToRead();
  return (await findAgent(store, text, terminal)).id;
}
