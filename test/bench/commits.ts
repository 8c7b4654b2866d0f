import { randomUUID } from "node:crypto";
import { invocationKey, nodeId } from "../../host/base/id.ts";
import {
  invocationSource,
  type AgentRow,
  type Changes,
  type InvocationRow,
  type OperationRow,
  type Store,
} from "../../host/store/store.ts";
import { changesOf, makeAgent, makeInvocation, makeNode, makeOperation } from "../store/rows.ts";
import type { Bench, Measure, Sample, Setup } from "./measure.ts";
import { makeFile, openStore } from "./scene.ts";

/** One call of a function by an agent: what the store is given of it, in two commits of four rows. */
interface Call {
  agent: AgentRow;
  invocation: InvocationRow;
  operation: OperationRow;
}

const rowsOfCall = 4;
const one = "store, commit of 1 call, 4 rows";
const row = (calls: number) => `store, row of ${(calls * rowsOfCall).toLocaleString("en")} in a commit`;
/** How many calls go into a commit. */
const sizes = [25, 1_000];

const measures: Measure[] = [
  { name: one, unit: "µs", floor: { "SQLite commit of 1 row, fsync": 1 } },
  ...sizes.map((calls) => ({
    name: row(calls),
    unit: "µs" as const,
    floor: { "SQLite row, in hundreds, fsync": 1 },
  })),
];

const caller = makeAgent('coordinator("c1")');
const fence = { node: nodeId("n1"), expiresAt: 4_000_000_000_000 };

/** The store by itself: what a call costs to write, whatever runs it. */
export async function openCommits({ scale }: Setup): Promise<Bench> {
  const { file, remove } = await makeFile();
  const store = await openStore(file);
  await store.join(makeNode(fence.node, { expiresAt: fence.expiresAt }));
  await store.commit(changesOf({ agents: [caller] }), fence);
  const times = (count: number) => Math.ceil(count * scale);
  return {
    name: "store",
    measures,
    async round() {
      const samples = [await commit(store, one, 1, times(100), 1)];
      for (const calls of sizes)
        samples.push(await commit(store, row(calls), calls, times(2_000 / calls), rowsOfCall * calls));
      return samples;
    },
    async close() {
      await store[Symbol.asyncDispose]();
      await remove();
    },
  };
}

/** Begins and ends so many calls in a commit, so many times; gives the time by `parts` of a commit. */
async function commit(store: Store, measure: string, callCount: number, times: number, parts: number): Promise<Sample> {
  let spentMs = 0;
  for (let time = 0; time < times; time += 1) {
    const calls = Array.from({ length: callCount }, makeCall);
    for (const make of [begin, end]) {
      const changes = make(calls);
      const before = performance.now();
      await store.commit(changes, fence);
      spentMs += performance.now() - before;
    }
  }
  return { measure, value: (spentMs * 1_000) / (2 * times * parts) };
}

let operations = 0;

function makeCall(): Call {
  const operation = ++operations;
  const fields = { type: "enrichOne", params: null, state: "created", node: fence.node } as const;
  const agent = makeAgent(`enrichOne[${randomUUID()}]`, fields);
  const key = invocationKey(`${caller.id}#${operation}`);
  return {
    agent,
    invocation: makeInvocation(agent.id, key, { caller: { agent: caller.id, operation }, args: '["customer-17"]' }),
    operation: makeOperation(caller.id, operation, { source: invocationSource(agent.id, key) }),
  };
}

function begin(calls: readonly Call[]): Changes {
  return changesOf({
    agents: calls.map(({ agent }) => agent),
    steps: calls.map(({ agent }) => {
      return addStep(agent, [{ kind: "created", agent: agent.id, component: agent.component, host: "0.1.0" }]);
    }),
    invocations: calls.map(({ invocation }) => invocation),
    operations: calls.map(({ operation }) => operation),
  });
}

function end(calls: readonly Call[]): Changes {
  return changesOf({
    agents: calls.map(({ agent }) => agent),
    steps: calls.map(({ agent, invocation }) => {
      agent.state = "ended";
      Object.assign(invocation, { state: "done", outcome: { value: '"enriched-customer-17"' }, finishedAt: 5 });
      const { key, method, args, outcome } = invocation;
      return addStep(agent, [
        { kind: "stepped", at: 1_764_000_000_000 },
        { kind: "invoked", invocation: 1, key, method, args },
        { kind: "finished", invocation: 1, outcome },
      ]);
    }),
    invocations: calls.map(({ invocation }) => invocation),
    ended: calls.map(({ operation }) => [operation.agent, operation.operation]),
  });
}

function addStep(agent: AgentRow, entries: readonly object[]) {
  const step = { agent: agent.id, first: agent.length, count: entries.length, entries: JSON.stringify(entries) };
  agent.length += entries.length;
  return step;
}
