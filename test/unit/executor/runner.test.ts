import { describe, expect, test } from "vitest";
import type { Stepped } from "../../../host/agent/executor.ts";
import { agentId, type AgentId } from "../../../host/base/id.ts";
import { Runner } from "../../../host/executor/runner.ts";
import { encodeStep } from "../../../host/oplog/codec.ts";
import type { Entry } from "../../../host/oplog/entry.ts";
import { engine, seededRandom } from "../scheduler/scene.ts";

/** A runner with the guest `engine`, whose agents are called one after the other. */
function openRunner(instances: number) {
  const waiting: PromiseWithResolvers<Entry[]>[] = [];
  const failures: unknown[] = [];
  const listener = {
    stepped: ({ entries }: Stepped) => waiting.shift()!.resolve(JSON.parse(entries)),
    failed: (agent: AgentId, error: unknown) => {
      failures.push(error);
      waiting.shift()?.reject(error);
    },
  };
  const clock = { now: () => 0, wakeAt: () => ({ [Symbol.dispose]: () => {} }) };
  const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));
  const runner = new Runner({ clock, random: seededRandom(1), listener, breathe, instances });
  runner.load(engine.compiled);
  const component = engine.compiled.digest;
  return {
    open(agent: AgentId) {
      const created = encodeStep([{ kind: "created", agent, component, host: "0.0.0" }]);
      runner.open({ agent, component, snapshot: null, steps: [{ first: 0, entries: created }] });
    },
    async add(agent: AgentId, invocation: number): Promise<unknown> {
      const stepped = Promise.withResolvers<Entry[]>();
      waiting.push(stepped);
      runner.send(agent, [{ kind: "invoked", invocation, key: `k${invocation}`, method: "add", args: "[]" }]);
      const finished = (await stepped.promise).find(({ kind }) => kind === "finished");
      return finished?.kind === "finished" && "value" in finished.outcome
        ? JSON.parse(finished.outcome.value)
        : finished;
    },
    failures,
  };
}

describe("a runner", () => {
  // Short histories are told again, long ones are put aside as images: agents go from one to the other here.
  test.each([1, 2, 5, 20])("keeps every agent's memory while ten take turns in %i instances", async (instances) => {
    const { open, add, failures } = openRunner(instances);
    const agents = Array.from({ length: 10 }, (_, index) => agentId(`counter("${index}")`));
    for (const agent of agents) open(agent);
    for (let round = 1; round <= 12; round += 1) {
      for (const agent of agents) expect(await add(agent, round)).toBe(round);
    }
    expect(failures).toEqual([]);
  });
});
