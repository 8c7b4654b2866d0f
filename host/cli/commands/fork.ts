import type { AgentId } from "../../base/id.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgentId } from "../find-agent.ts";
import { addHostOptions, type HostFlags } from "../host-option.ts";
import { parseCount } from "../option.ts";
import { withHost } from "../with-host.ts";

const examples = `
Examples:
  planaria fork 'coordinator("c1")'
  planaria fork 'coordinator("c1")' --at 12
  planaria invoke "$(planaria fork 'counter("c1")').get()"

The fork has the memory that the agent had behind the step of that entry, and goes on from there by itself: it finishes
the invocation that was running, under the same key.
Prints the fork's id. With --json: {fork, parent, at}, at being the index of the last entry that it inherits.`;

interface Options extends HostFlags {
  at?: number;
}

interface Report {
  fork: AgentId;
  parent: AgentId;
  at: number;
}

export const declareFork: Declare = (program, terminal) => {
  const command = program
    .command("fork")
    .description("make a copy of an agent, as it is or as it was")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .option("--at <index>", "as it was at this entry of its oplog (default: as it is now)", parseCount);
  addHostOptions(command).addHelpText("after", examples).action(act(terminal, fork));
};

async function fork(context: Context, { at, ...flags }: Options, text: string): Promise<void> {
  const parent = await findAgentId(context, text);
  await withHost(context, flags, async ({ host }) => {
    const made = await host.forkAgent(parent, at);
    const { agent } = await host.inspect(made);
    const report: Report = { fork: made, parent, at: agent.parent!.index };
    context.output.result(report, () => made);
  });
}
