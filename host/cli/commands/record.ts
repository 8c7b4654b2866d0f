import { writeFile } from "node:fs/promises";
import { HostError } from "../../base/error.ts";
import { encodeGolden } from "../../golden/golden.ts";
import { recordGolden } from "../../golden/record.ts";
import { readSteps } from "../../scheduler/live.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { loadComponentOf } from "../load-component.ts";
import { formatFacts } from "../table.ts";

const examples = `
Examples:
  planaria record 'order("o-7")' --output test/golden/order.oplog.jsonl
  planaria replay test/golden/order.oplog.jsonl guests/order`;

export const declareRecord: Declare = (program, terminal) => {
  program
    .command("record")
    .description("write an agent's oplog to a golden file, for tests that replay it")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .requiredOption("-o, --output <file>", "the golden file, such as counter.oplog.jsonl")
    .addHelpText("after", examples)
    .action(act(terminal, record));
};

async function record(context: Context, options: { output: string }, text: string): Promise<void> {
  const { version } = await import("../../open-host.ts");
  await using store = await context.openStoreToRead();
  const agent = await findAgent(store, text, context.terminal);
  const component = await loadComponentOf(agent, store);
  const golden = await recordGolden(agent, await readSteps(store, agent, 0), component, version);
  await writeFile(options.output, encodeGolden(golden)).catch((cause: Error) => {
    throw new HostError("cli/output", `Cannot write ${options.output}: ${cause.message}`, { cause });
  });
  context.output.result({ file: options.output, ...golden.header }, ({ file, entries, memory }) =>
    formatFacts([
      ["golden", file],
      ["entries", String(entries)],
      ["memory", memory],
    ]),
  );
}
