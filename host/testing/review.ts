import type { Opening } from "../agent/executor.ts";
import { isPlaced } from "../agent/placed.ts";
import { HostError } from "../base/error.ts";
import type { HttpRequest } from "../base/port.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { Fleet } from "../executor/fleet.ts";
import { replayOplog } from "../executor/replay-oplog.ts";
import { decodeStep } from "../oplog/codec.ts";
import type { Entry } from "../oplog/entry.ts";
import { mismatchError } from "../replay/mismatch.ts";
import { readOpening, readSteps } from "../scheduler/live.ts";
import type { AgentRow, InvocationRow, StepRow, Store } from "../store/store.ts";

/**
 * What a run has left in a store and in the world outside, in lines that two runs can be compared by: agents, the
 * invocations that they had, promises, and requests, each of which counts once however often it was sent.
 */
export async function reviewRun(store: Store, requests: readonly HttpRequest[]): Promise<string[]> {
  const agents = await store.agents();
  const invocations = await Promise.all(agents.map(({ id }) => store.invocations(id)));
  return [
    ...agents.map(({ id, state }) => `agent ${id} is ${state}`),
    ...invocations.flat().map(describeInvocation),
    ...(await store.promises()).map(({ id, state, payload }) => `promise ${id} is ${state}: ${payload}`),
    ...new Set(requests.map(describeRequest)),
  ].toSorted();
}

function describeInvocation({ agent, key, state, method, args, outcome }: InvocationRow): string {
  return `invocation ${JSON.stringify(key)} of ${agent} is ${state}: ${method} ${args} ${JSON.stringify(outcome)}`;
}

function describeRequest({ method, url, headers, body }: HttpRequest): string {
  const key = headers.find(([name]) => name.toLowerCase() === "idempotency-key")?.[1] ?? "without a key";
  return `request ${key}: ${method} ${url.href} ${body === null ? "" : Buffer.from(body).toString("base64")}`;
}

/**
 * Replays every agent of a store: its whole oplog, and its newest snapshot with the steps since, must lead to one memory.
 *
 * Errors: HostError `replay/mismatch`, `testing/memory-differs`.
 */
export async function checkMemories(
  store: Store,
  component: CompiledComponent,
  fleet = new Fleet({ instances: 1 }),
): Promise<void> {
  const replay = (steps: readonly (readonly Entry[])[], snapshot: Opening["snapshot"] = null) =>
    replayOplog(component, steps, snapshot, { fleet });
  for (const row of await store.agents()) {
    if (!isPlaced(row)) continue;
    const whole = await replay(decode(row, await readSteps(store, row, 0)));
    if (whole.mismatch) {
      const recorded = { component: row.component, host: "this" };
      throw mismatchError(whole.mismatch, { agent: row.id, recorded, component: component.digest });
    }
    if (row.snapshot === null) continue;
    const { snapshot, steps } = await readOpening(store, row);
    const rest = await replay(decode(row, steps), snapshot);
    if (rest.mismatch || rest.memory !== whole.memory) throw memoryDiffers(row);
  }
}

function decode({ id: agent }: AgentRow, steps: readonly Pick<StepRow, "first" | "entries">[]) {
  return steps.map(({ entries, first }) => decodeStep(entries, { agent, first }));
}

function memoryDiffers({ id, snapshot }: AgentRow): HostError {
  return new HostError(
    "testing/memory-differs",
    `${id}: the snapshot of its first ${snapshot!.length} entries and the steps since lead to another memory than all of its steps do. This is a defect of Planaria.`,
    { data: { agent: id } },
  );
}
