import { HostError, isHostError } from "../../base/error.ts";
import { addAdapterOptions } from "../adapter-option.ts";
import { act, type Context, type Declare } from "../command.ts";
import { makeMemoryCapOption } from "../host-option.ts";
import { parseCount } from "../option.ts";
import { readAgentRecording, readGoldenRecording, type Recording, type ReplayOptions } from "../recording.ts";
import { formatView, viewReplay, type Difference } from "../replay-view.ts";
import { quoteWord } from "../shell.ts";
import { formatCount } from "../table.ts";

const examples = `
Examples:
  planaria replay 'order("o-7")'                            with the component that it runs
  planaria replay 'order("o-7")' --component guests/order   would the new code do the same?
  planaria replay order.oplog.jsonl --component guests/order
  planaria replay order.oplog.jsonl --at 12                 what stands there, and what the guest did

An agent's replay also holds its newest snapshot against its oplog. Without --component, a golden file is replayed with
the component that it was recorded with, from the store; without --import, with the adapters that the store has for it. A replay that leaves the recorded path exits with 5.
With --json: {agent, entries, memory, snapshot}; with --at also {at: {index, recorded, attempted, reached, context}}.`;

interface Options extends ReplayOptions {
  at?: number;
}

export const declareReplay: Declare = (program, terminal) => {
  const command = program
    .command("replay")
    .description("run a recorded oplog again, and compare every step with the recording")
    .argument("<recorded>", "a golden file, or an agent such as 'counter(\"c1\")'")
    .option("--component <guest>", "replay it with this one: a guest's source or a .wasm component")
    .option("--at <index>", "show recorded against attempted at this entry", parseCount)
    .addOption(makeMemoryCapOption());
  addAdapterOptions(command).addHelpText("after", examples).action(act(terminal, replay));
};

async function replay(context: Context, options: Options, recorded: string): Promise<void> {
  const { at } = options;
  const isAgent = /[)\]]\s*$/.test(recorded);
  const recording = await (isAgent ? readAgentRecording : readGoldenRecording)(context, options, recorded);
  const { agent, entries, snapshot } = recording;
  const { memory, failure } = await attempt(recording);
  if (at === undefined) {
    if (failure) throw withHint(failure, recorded, options);
    const agrees = snapshot === null ? "" : `, the same by its snapshot of the first ${snapshot}`;
    context.output.result(
      { agent, entries: entries.length, memory, snapshot },
      () => `${agent} replays: ${formatCount(entries.length, "entry", "entries")}, memory ${memory}${agrees}`,
    );
    return;
  }
  const view = viewReplay(entries, at, failure && differenceOf(failure));
  context.output.result({ agent, entries: entries.length, memory, snapshot, at: view }, (_, paint) =>
    formatView(view, paint),
  );
  if (failure) throw withoutContext(failure);
}

async function attempt(recording: Recording): Promise<{ memory: string | null; failure: HostError | null }> {
  try {
    return { memory: await recording.replay(), failure: null };
  } catch (error) {
    if (isHostError(error, "replay/mismatch")) return { memory: null, failure: error };
    throw error;
  }
}

function differenceOf({ data }: HostError): Difference {
  const { index, recorded = null, attempted = null } = data as unknown as Difference;
  return { index, recorded, attempted };
}

/** The same error with the command that shows more of it. */
function withHint(failure: HostError, recorded: string, { component }: Options): HostError {
  const { index, recorded: entry, attempted } = differenceOf(failure);
  // The memory that all of it led to stands nowhere.
  if (entry === null && attempted === null) return failure;
  const given = component === undefined ? "" : ` --component ${quoteWord(component)}`;
  failure.message += `\n  \`planaria replay ${quoteWord(recorded)}${given} --at ${index}\` shows what stands around it.`;
  return failure;
}

/** The same error where what surrounds it was shown already. */
function withoutContext({ code, message, data }: HostError): HostError {
  return new HostError(code, message.split("\n", 1)[0]!, { data });
}
