import { placed } from "../agent/placed.ts";
import { formatAgentName, parseAgentName } from "../agent/agent-name.ts";
import type { Golden } from "../golden/golden.ts";
import { recordGolden } from "../golden/record.ts";
import type { Host } from "../scheduler/host.ts";
import { version } from "../system/version.ts";
import { writeGolden } from "./golden-file.ts";
import { readComponent } from "./read-component.ts";

export interface RecordOptions {
  /** The `memoryCapBytes` of the host, if it was opened with one. */
  memoryCapBytes?: number;
}

/**
 * Records what an agent has done so far to a golden file, for `toReplay`.
 *
 * It waits first until no agent of the host can go on by itself, so that the same run gives a file of the same length.
 *
 * ```ts
 * await using store = openMemoryStore({ now: Date.now });
 * await using host = await openHost({ store });
 * const { digest } = await host.addComponent(await readFile("order.wasm"), "order");
 * await host.execute({ component: digest, callee: { agent: 'order("o-7")', method: "pay" }, args: "[]" });
 * await recordAgent(host, 'order("o-7")', "test/golden/order.oplog.jsonl");
 * ```
 *
 * Errors: HostError `agent/unknown`, `golden/exists`, `golden/unwritable`; `replay/mismatch` if the agent does something
 *         else each time, so that it can't be recorded.
 */
export async function recordAgent(
  host: Host,
  agent: string,
  file: string | URL,
  { memoryCapBytes }: RecordOptions = {},
): Promise<Golden> {
  const id = formatAgentName(parseAgentName(agent));
  await host.settled();
  const row = placed((await host.inspect(id)).agent);
  const component = await readComponent(await host.component(row.component), memoryCapBytes);
  const golden = await recordGolden(row, await host.oplog(id), component, version);
  await writeGolden(golden, file);
  return golden;
}
