import { placed } from "../agent/placed.ts";
import { HostError, isHostError } from "../base/error.ts";
import { shortDigest } from "../base/id.ts";
import { decodeGolden, type Golden } from "../golden/golden.ts";
import { recordGolden, replayGolden } from "../golden/record.ts";
import { checkSnapshot } from "../golden/snapshot-check.ts";
import { decodeStep } from "../oplog/codec.ts";
import type { Entry } from "../oplog/entry.ts";
import { readOpening, readSteps } from "../scheduler/live.ts";
import { version } from "../system/version.ts";
import { readAdapters, type AdapterFlags } from "./adapter-option.ts";
import type { Context } from "./command.ts";
import { findAgent } from "./find-agent.ts";
import { loadComponent, readComponentOf, toSource, type ComponentSource } from "./load-component.ts";
import { readComponent } from "./read-component.ts";
import { quoteWord } from "./shell.ts";

export interface ReplayOptions extends AdapterFlags {
  /** What to replay it with, if not with the component that it was recorded with: a guest's source or a .wasm file. */
  component?: string;
  memoryCap?: number;
}

/** What is to be replayed, and how: the digest of the memory at the end comes of it, or the error `replay/mismatch`. */
export interface Recording {
  agent: string;
  entries: readonly Entry[];
  /** How many entries the newest snapshot stands for that is compared, too. */
  snapshot: number | null;
  replay(): Promise<string>;
}

/** An agent's oplog as it is in the store. To record it is to replay it with the component that the agent runs. */
export async function readAgentRecording(context: Context, options: ReplayOptions, text: string): Promise<Recording> {
  const { component: guest, memoryCap } = options;
  await using store = await context.openStore("read");
  const row = placed(await findAgent(store, text, context.terminal));
  const steps = await readSteps(store, row, 0);
  const opening = row.snapshot && (await readOpening(store, row));
  const own = await readComponentOf(row, store);
  return {
    agent: row.id,
    entries: steps.flatMap(({ entries, first }) => decodeStep(entries, { agent: row.id, first })),
    snapshot: row.snapshot?.length ?? null,
    async replay() {
      const component = await loadComponent(own, memoryCap);
      const golden = await recordGolden(row, steps, component, version);
      if (opening) await checkSnapshot(opening, component, golden.header.memory);
      if (guest === undefined && options.import === undefined) return golden.header.memory;
      return replayWith(golden, await changeSource(context, options, own), memoryCap);
    },
  };
}

export async function readGoldenRecording(context: Context, options: ReplayOptions, file: string): Promise<Recording> {
  let text: string;
  try {
    text = context.terminal.readText(file);
  } catch (cause) {
    throw new HostError("cli/input", `Cannot read ${file}: ${(cause as Error).message}`, { data: { file }, cause });
  }
  const golden = decodeGolden(text, file);
  const recorded = options.component === undefined ? await findRecorded(context, golden, file) : null;
  return {
    agent: golden.header.agent,
    entries: golden.entries,
    snapshot: null,
    replay: async () => replayWith(golden, await changeSource(context, options, recorded), options.memoryCap),
  };
}

/** The component that a golden was recorded with, if the store has it. */
async function findRecorded(context: Context, { header }: Golden, file: string): Promise<ComponentSource> {
  try {
    await using store = await context.openStore("read");
    const row = await store.component(header.component);
    if (row) return toSource(row);
  } catch (error) {
    if (!isHostError(error, "store/missing")) throw error;
  }
  const message = [
    `${file} was recorded with component ${shortDigest(header.component)}, which the store does not hold`,
    `  Name the one to replay it with: planaria replay ${quoteWord(file)} --component GUEST`,
  ].join("\n");
  throw new HostError("replay/other-component", message, { data: { file, component: header.component } });
}

/** The component to replay with: as it was recorded, but for what the options say. */
async function changeSource(
  context: Context,
  options: ReplayOptions,
  recorded: ComponentSource | null,
): Promise<ComponentSource> {
  const { component: guest } = options;
  const { adapters } = await readAdapters(options);
  return {
    bytes: guest === undefined ? recorded!.bytes : await readComponent(context, guest),
    adapters: adapters ?? recorded?.adapters ?? {},
  };
}

async function replayWith(
  golden: Golden,
  source: ComponentSource,
  memoryCap = golden.header.memoryCapBytes,
): Promise<string> {
  const { failure, memory } = await replayGolden(golden, await loadComponent(source, memoryCap));
  if (failure) throw failure;
  return memory;
}
