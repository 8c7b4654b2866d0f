import type { CompiledComponent } from "../component/compile.ts";
import { replayOplog } from "../executor/replay-oplog.ts";
import { decodeStep } from "../oplog/codec.ts";
import { oplogFormat, type Entry } from "../oplog/entry.ts";
import { mismatchError } from "../replay/mismatch.ts";
import type { AgentRow, StepRow } from "../store/store.ts";
import { splitSteps, type Golden } from "./golden.ts";

/**
 * Makes a golden of an agent's whole oplog. It is replayed on the way, for the digest of the memory that it leads to.
 *
 * Shape:  `steps` begin at entry 0, inherited ones included.
 * Errors: HostError `replay/mismatch` if the agent can't even be replayed by its own component.
 */
export async function recordGolden(row: AgentRow, steps: readonly StepRow[], component: CompiledComponent, host: string): Promise<Golden> {
  const groups = steps.map(({ entries, first }) => decodeStep(entries, { agent: row.id, first }));
  const { mismatch, memory } = await replayOplog(component, groups);
  const recorded = { component: row.component, host };
  if (mismatch) throw mismatchError(mismatch, { agent: row.id, recorded, component: component.digest });
  const entries = groups.flat();
  return { header: { planaria: "golden", format: oplogFormat, host, agent: row.id, component: row.component, entries: entries.length, memory }, entries };
}

export interface GoldenReplay {
  golden: Golden;
  /** Null if the component did all that was recorded, and ended with the recorded memory. */
  failure: ReturnType<typeof mismatchError> | null;
  memory: string;
}

/**
 * Replays a golden with a component.
 *
 * A component that was built anew may do all that was recorded and yet hold another memory, for its code lies in it; so
 * the memory is compared only with the component that was recorded.
 */
export async function replayGolden(golden: Golden, component: CompiledComponent): Promise<GoldenReplay> {
  const { header, entries } = golden;
  const { mismatch, memory } = await replayOplog(component, splitSteps(entries));
  const subject = { agent: header.agent, recorded: { component: header.component, host: header.host }, component: component.digest };
  if (mismatch) return { golden, failure: mismatchError(mismatch, subject), memory };
  const isSame = component.digest !== header.component || memory === header.memory;
  return { golden, failure: isSame ? null : memoryError(header, memory, entries), memory };
}

function memoryError(header: Golden["header"], memory: string, entries: readonly Entry[]): GoldenReplay["failure"] {
  const at = { index: entries.length, recorded: null, attempted: null };
  const error = mismatchError(at, { agent: header.agent, recorded: header, component: header.component });
  error.message = [
    `${header.agent} did all that was recorded, and ended with another memory`,
    `  recorded   ${header.memory}`,
    `  attempted  ${memory}`,
    "  The guest reads something that is not journaled, or the recording was altered.",
  ].join("\n");
  return error;
}
