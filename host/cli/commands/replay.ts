import { HostError } from "../../base/error.ts";
import { decodeGolden, type Golden } from "../../golden/golden.ts";
import { recordGolden, replayGolden } from "../../golden/record.ts";
import { readSteps } from "../../scheduler/live.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { loadComponent, loadComponentOf } from "../load-component.ts";
import { readComponent } from "../read-component.ts";

const examples = `
Examples:
  planaria replay test/golden/order.oplog.jsonl guests/order
  planaria replay 'order("o-7")'                 with the component that it runs
  planaria replay 'order("o-7")' guests/order    would the new code do the same?`;

export const declareReplay: Declare = (program, terminal) => {
  program
    .command("replay")
    .description("run a recorded oplog again, and compare every step with the recording")
    .argument("<recorded>", "a golden file, or an agent such as 'counter(\"c1\")'")
    .argument("[guest]", "what to replay it with: a guest's source or a .wasm component")
    .addHelpText("after", examples)
    .action(act(terminal, replay));
};

async function replay(context: Context, _: object, recorded: string, guest: string | undefined): Promise<void> {
  const isAgent = /[)\]]\s*$/.test(recorded);
  const golden = isAgent ? await goldenOf(context, recorded) : readGolden(context, recorded, guest);
  const { agent, entries, memory } = golden.header;
  let digest = memory;
  if (guest !== undefined) {
    const replayed = await replayGolden(golden, await loadComponent(await readComponent(context, guest)));
    if (replayed.failure) throw replayed.failure;
    digest = replayed.memory;
  }
  context.output.result(
    { agent, entries, memory: digest },
    () => `${agent} replays: ${entries} entries, memory ${digest}`,
  );
}

function readGolden({ terminal }: Context, file: string, guest: string | undefined): Golden {
  if (guest === undefined) {
    throw new HostError("cli/guest-missing", `Name the guest to replay ${file} with: planaria replay ${file} GUEST`);
  }
  let text: string;
  try {
    text = terminal.readText(file);
  } catch (cause) {
    throw new HostError("cli/input", `Cannot read ${file}: ${(cause as Error).message}`, { data: { file }, cause });
  }
  return decodeGolden(text, file);
}

/** An agent's oplog as it is in the store. To record it is to replay it, with the component that the agent runs. */
async function goldenOf({ terminal, openStoreToRead }: Context, text: string): Promise<Golden> {
  const { version } = await import("../../open-host.ts");
  await using store = await openStoreToRead();
  const agent = await findAgent(store, text, terminal);
  return recordGolden(agent, await readSteps(store, agent, 0), await loadComponentOf(agent, store), version);
}
