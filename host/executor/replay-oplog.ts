import type { Opening } from "../agent/executor.ts";
import { splitManifest } from "../agent/saved.ts";
import { applyEntry, makeState, takeFinished, type AgentState } from "../agent/state.ts";
import { agentId } from "../base/id.ts";
import type { CompiledComponent } from "../component/compile.ts";
import type { Entry } from "../oplog/entry.ts";
import type { IsSame, Mismatch } from "../replay/journal.ts";
import { captureImage, imageSizes, type Image } from "../snapshot/image.ts";
import { decodeSnapshot } from "../snapshot/manifest.ts";
import { memoryDigest } from "../snapshot/memory-digest.ts";
import { Fleet } from "./fleet.ts";
import { changedMemory, replayStep } from "./replay-step.ts";
import { findUndone, isWithin } from "./undone.ts";

export interface Replay {
  /** Where the guest left the recorded path; null: nowhere. */
  mismatch: Mismatch | null;
  /** The digest of the memory at the end. */
  memory: string;
  /** How many entries were replayed. */
  length: number;
  state: AgentState;
}

export interface ReplayOptions {
  isSame?: IsSame;
  /** Of one instance, for whoever replays many: a new one takes as long as a hundred steps. */
  fleet?: Fleet;
}

/** Runs an oplog again, from a fresh guest or a snapshot on, step by step, up to the first difference. */
export async function replayOplog(
  component: CompiledComponent,
  steps: readonly (readonly Entry[])[],
  snapshot: Opening["snapshot"] = null,
  { isSame, fleet = new Fleet({ instances: 1 }) }: ReplayOptions = {},
): Promise<Replay> {
  fleet.load(component);
  const { digest } = component;
  // Memory is known by how it differs from that of a fresh guest, so that one must be known first.
  if (!fleet.hasBase(digest)) fleet.release((await fleet.acquire(digest))!);
  const base = fleet.base(digest);
  const saved = snapshot && splitManifest(snapshot.row);
  const image = saved && decodeSnapshot(saved.memory, snapshot.pages, base);
  const acquire = async (start: Image | null) => {
    const acquired = (await fleet.acquire(digest, imageSizes(start, base)))!;
    fleet.restore(digest, acquired, start);
    return acquired;
  };
  let seat = await acquire(image);
  const state = saved?.state ?? makeState(agentId(""));
  const undone = component.world ? findUndone(steps) : [];
  let before: Image | null = null;
  let mismatch: Mismatch | null = null;
  for (const [index, entries] of steps.entries()) {
    if (undone.some(({ begin }) => begin === index)) before = captureImage(seat, base);
    // What can't be captured can't be brought back as it was before, either.
    const isSkipped = component.uncapturable.length > 0 && isWithin(undone, index);
    if (changedMemory(entries) && !isSkipped) mismatch = await replayStep(seat, state, entries, isSame);
    if (mismatch) break;
    for (const entry of entries) applyEntry(state, entry);
    if (entries[0]?.kind === "stepped") takeFinished(state);
    if (!isSkipped && undone.some(({ end }) => end === index)) {
      fleet.discard(seat);
      seat = await acquire(before);
    }
  }
  const memory = memoryDigest(seat, base);
  // After a difference nobody knows what is in it.
  if (mismatch) fleet.discard(seat);
  else fleet.release(seat);
  return { mismatch, memory, length: state.length, state };
}
