import { placed } from "../../agent/placed.ts";
import { writeFile } from "node:fs/promises";
import { HostError } from "../../base/error.ts";
import { encodeGolden } from "../../golden/golden.ts";
import { recordGolden } from "../../golden/record.ts";
import { readSteps } from "../../scheduler/live.ts";
import { version } from "../../system/version.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { makeMemoryCapOption } from "../host-option.ts";
import { loadComponent, readComponentOf } from "../load-component.ts";
import { formatFacts } from "../table.ts";

const examples = `
Examples:
  planaria record 'order("o-7")' --output test/golden/order.oplog.jsonl
  planaria replay test/golden/order.oplog.jsonl --component guests/order

The file is JSON lines: a header, then the entries. Commit it, and replay it in tests.
With --json: {file, planaria, format, host, agent, component, memoryCapBytes, entries, memory, digest}.`;

interface Options {
  output: string;
  memoryCap?: number;
}

export const declareRecord: Declare = (program, terminal) => {
  program
    .command("record")
    .description("write an agent's oplog to a golden file, for tests that replay it")
    .argument("<agent>", "such as 'counter(\"c1\")'")
    .requiredOption("-o, --output <file>", "the golden file, such as counter.oplog.jsonl")
    .addOption(makeMemoryCapOption())
    .addHelpText("after", examples)
    .action(act(terminal, record));
};

async function record(context: Context, { output: file, memoryCap }: Options, text: string): Promise<void> {
  await using store = await context.openStore("read");
  const agent = placed(await findAgent(store, text, context.terminal));
  const component = await loadComponent(await readComponentOf(agent, store), memoryCap);
  const golden = await recordGolden(agent, await readSteps(store, agent, 0), component, version);
  await writeFile(file, encodeGolden(golden)).catch((cause: Error) => {
    throw new HostError("cli/output", `Cannot write ${file}: ${cause.message}`, { data: { file }, cause });
  });
  context.output.result({ file, ...golden.header }, ({ entries, memory }) =>
    formatFacts([
      ["golden", file],
      ["entries", String(entries)],
      ["memory", memory],
    ]),
  );
}
