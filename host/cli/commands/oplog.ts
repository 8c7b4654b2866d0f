import { decodeStep } from "../../oplog/codec.ts";
import { describeEntry } from "../../oplog/describe.ts";
import { readSteps } from "../../scheduler/live.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { parseCount } from "../option.ts";

const examples = `
Examples:
  planaria oplog 'coordinator("c1")'
  planaria oplog 'coordinator("c1")' --from 12
  planaria oplog 'coordinator("c1")' --last 20
  planaria oplog 'coordinator("c1")' --json | jq 'select(.kind == "rpc-started")'`;

interface Options {
  from?: number;
  last?: number;
}

export const declareOplog: Declare = (program, terminal) => {
  program
    .command("oplog")
    .description("print what entered an agent and what it called, entry by entry")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .option("--from <index>", "begin at this entry", parseCount)
    .option("--last <count>", "only so many entries, the newest", parseCount)
    .addHelpText("after", examples)
    .action(act(terminal, printOplog));
};

async function printOplog(
  { output, terminal, openStoreToRead }: Context,
  { from = 0, last }: Options,
  text: string,
): Promise<void> {
  await using store = await openStoreToRead();
  const agent = await findAgent(store, text, terminal);
  const start = Math.max(from, last === undefined ? 0 : agent.length - last);
  const width = String(agent.length).length;
  for (const { agent: owner, first, entries } of await readSteps(store, agent, start)) {
    const inherited = owner !== agent.id;
    for (const [position, entry] of decodeStep(entries, { agent: owner, first }).entries()) {
      const index = first + position;
      if (index < start) continue;
      output.result({ index, ...(inherited && { inherited: owner }), ...entry }, (_, paint) => {
        const line = describeEntry(entry);
        const isAside = inherited || entry.kind === "stepped";
        return `${paint("dim", String(index).padStart(width))}  ${isAside ? paint("dim", line) : line}`;
      });
    }
  }
}
