import type { CompiledComponent } from "../component/compile.ts";
import { replayOplog } from "../executor/replay-oplog.ts";
import { decodeStep } from "../oplog/codec.ts";
import { mismatchError } from "../replay/mismatch.ts";
import type { AgentRow, StepRow } from "../store/store.ts";
import { makeGolden, type Golden } from "./golden.ts";

/**
 * Makes a golden of an agent's whole oplog. It is replayed on the way, for the digest of the memory that it leads to.
 *
 * Shape:  `steps` begin at entry 0, inherited ones included; `host` is the version of Planaria.
 * Errors: HostError `replay/mismatch` if the agent can't even be replayed by its own component.
 */
export async function recordGolden(
  row: AgentRow,
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
