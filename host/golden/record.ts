import type { PlacedAgent } from "../agent/placed.ts";
import { HostError, isHostError } from "../base/error.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { replayOplog, type Replay } from "../executor/replay-oplog.ts";
import { decodeStep } from "../oplog/codec.ts";
import { mismatchError } from "../replay/mismatch.ts";
import type { StepRow } from "../store/store.ts";
import { alteredError, memoryError, pathError } from "./failure.ts";
import { isSameButFrames } from "./frames.ts";
import { makeGolden, type Golden } from "./golden.ts";
import { splitSteps } from "./shape.ts";

/**
 * Makes a golden of an agent's whole oplog. It is replayed on the way, for the digest of the memory that it leads to.
 *
 * Shape:  `steps` begin at entry 0, inherited ones included; `host` is the version of Planaria.
 * Errors: HostError `replay/mismatch` if the agent can't even be replayed by its own component.
 */
export async function recordGolden(
  row: PlacedAgent,
  steps: readonly StepRow[],
  component: CompiledComponent,
  host: string,
): Promise<Golden> {
  const groups = steps.map(({ entries, first }) => decodeStep(entries, { agent: row.id, first }));
  const { mismatch, memory } = await replayOplog(component, groups);
  const { memoryCapBytes } = component;
  const recorded = { component: row.component, host };
  if (mismatch) throw mismatchError(mismatch, { agent: row.id, recorded, component: component.digest });
  return makeGolden({ host, agent: row.id, component: row.component, memoryCapBytes, memory }, groups.flat());
}

export interface GoldenReplay {
  golden: Golden;
  /**
   * Why it does not replay; null if the component did all that was recorded. HostError `replay/mismatch`, of which
   * `data.index` is the entry; `golden/altered` if the file differs from what was recorded where no replay can tell.
   */
  failure: HostError | null;
  /** The digest of the memory in the end. */
  memory: string;
}

/**
 * Replays a golden, with the component that recorded it or with another one, such as the same guest after an edit.
 *
 * The recorded component has to do the same to the last bit, and to end with the recorded memory. Of another one the
 * memory is not compared, for its code lies in it, and neither are the lines of stack traces, which every edit moves.
 * Errors: HostError `golden/damaged` if the entries contradict each other.
 */
export async function replayGolden(golden: Golden, component: CompiledComponent): Promise<GoldenReplay> {
  const isRecorded = component.digest === golden.header.component;
  const { mismatch, memory } = await run(golden, component, isRecorded);
  const failWith = (failure: HostError | null): GoldenReplay => ({ golden, failure, memory });
  if (mismatch) return failWith(pathError(golden, mismatch, component.digest));
  if (isRecorded && memory !== golden.header.memory) return failWith(memoryError(golden, memory));
  return failWith(golden.isIntact ? null : alteredError(golden));
}

async function run({ header, entries }: Golden, component: CompiledComponent, isRecorded: boolean): Promise<Replay> {
  try {
    return await replayOplog(component, splitSteps(entries), null, isRecorded ? {} : { isSame: isSameButFrames });
  } catch (cause) {
    // An oplog that the host itself wrote never breaks an invariant.
    if (!isHostError(cause, "base/invariant")) throw cause;
    throw new HostError("golden/damaged", `The golden of ${header.agent} contradicts itself: ${cause.message}`, {
      cause,
    });
  }
}
