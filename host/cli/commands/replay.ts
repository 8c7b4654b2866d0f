import { HostError, isHostError } from "../../base/error.ts";
import { shortDigest } from "../../base/id.ts";
import { decodeGolden, type Golden } from "../../golden/golden.ts";
import { recordGolden, replayGolden } from "../../golden/record.ts";
import { checkSnapshot } from "../../golden/snapshot-check.ts";
import { decodeStep } from "../../oplog/codec.ts";
import type { Entry } from "../../oplog/entry.ts";
import { readOpening, readSteps } from "../../scheduler/live.ts";
import { version } from "../../system/version.ts";
import { act, type Context, type Declare } from "../command.ts";
import { findAgent } from "../find-agent.ts";
import { makeMemoryCapOption } from "../host-option.ts";
import { loadComponent, readComponentOf } from "../load-component.ts";
import { parseCount } from "../option.ts";
import { readComponent } from "../read-component.ts";
import { formatView, viewReplay, type Difference } from "../replay-view.ts";
import { quoteWord } from "../shell.ts";

const examples = `
Examples:
  planaria replay 'order("o-7")'                            with the component that it runs
  planaria replay 'order("o-7")' --component guests/order   would the new code do the same?
  planaria replay order.oplog.jsonl --component guests/order
  planaria replay order.oplog.jsonl --at 12                 what stands there, and what the guest did

An agent's replay also holds its newest snapshot against its oplog. Without --component, a golden file is replayed with
the component that it was recorded with, from the store. A replay that leaves the recorded path exits with 5.
With --json: {agent, entries, memory, snapshot}; with --at also {at: {index, recorded, attempted, reached, context}}.`;

interface Options {
  component?: string;
  at?: number;
  memoryCap?: number;
}

/** What is to be replayed, and how: the digest of the memory at the end comes of it, or the error \`replay/mismatch\`. */
interface Recording {
  agent: string;
  entries: readonly Entry[];
  /** How many entries the newest snapshot stands for that is compared, too. */
  snapshot: number | null;
  replay(): Promise<string>;
}

export const declareReplay: Declare = (program, terminal) => {
  program
    .command("replay")
    .description("run a recorded oplog again, and compare every step with the recording")
    .argument("<recorded>", "a golden file, or an agent such as 'counter(\"c1\")'")
    .option("--component <guest>", "replay it with this one: a guest's source or a .wasm component")
    .option("--at <index>", "show recorded against attempted at this entry", parseCount)
    .addOption(makeMemoryCapOption())
    .addHelpText("after", examples)
    .action(act(terminal, replay));
};

async function replay(context: Context, options: Options, recorded: string): Promise<void> {
  const isAgent = /[)\]]\s*$/.test(recorded);
  await using store = isAgent ? await context.openStore("read") : null;
  ...
}
