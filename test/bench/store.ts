/*
 * How fast stores commit. `node test/bench/store.ts [agents already there]`
 *
 * One call of a function by an agent is two commits of four rows: the callee's row, its first step, the invocation and
 * the caller's operation; then the same rows again, done, and the operation gone.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { agentId, invocationKey, nodeId } from "../../host/base/id.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import {
  invocationSource,
  type AgentRow,
  type InvocationRow,
  type OperationRow,
  type Store,
} from "../../host/store/store.ts";
import { changesOf, makeAgent, makeInvocation, makeNode, makeOperation } from "../store/rows.ts";
import { openTemporaryFolder } from "../store/temporary-folder.ts";

interface Call {
  agent: AgentRow;
  invocation: InvocationRow;
  operation: OperationRow;
}

const caller = makeAgent('coordinator("c1")');
const fence = { node: nodeId("n1"), expiresAt: 2_000_000_000_000 };
let operations = 0;

function makeCalls(count: number): Call[] {
  return Array.from({ length: count }, () => {
    const operation = ++operations;
    const agent = makeAgent(`enrichOne[${randomUUID()}]`, {
      type: "enrichOne",
      params: null,
      state: "created",
      node: nodeId("n1"),
    });
    const key = invocationKey(`${caller.id}#${operation}`);
    return {
      agent,
      invocation: makeInvocation(agent.id, key, { caller: { agent: caller.id, operation }, args: '["customer-17"]' }),
      operation: makeOperation(caller.id, operation, { source: invocationSource(agent.id, key) }),
    };
  });
}

const step = (agent: AgentRow, entries: object[]) => {
  const row = {
    agent: agentId(agent.id),
    first: agent.length,
    count: entries.length,
    entries: JSON.stringify(entries),
  };
  agent.length += entries.length;
  return row;
};

function begin(calls: Call[]) {
  const steps = calls.map(({ agent }) =>
    step(agent, [{ kind: "created", agent: agent.id, component: agent.component, host: "0.1.0" }]),
  );
  return changesOf({
    agents: calls.map(({ agent }) => agent),
    steps,
    invocations: calls.map(({ invocation }) => invocation),
    operations: calls.map(({ operation }) => operation),
  });
}

function end(calls: Call[]) {
  const steps = calls.map(({ agent, invocation }) => {
    agent.state = "ended";
    Object.assign(invocation, { state: "done", outcome: { value: '"enriched-customer-17"' }, finishedAt: 5 });
    return step(agent, [
      { kind: "stepped", at: 1_764_000_000_000 },
      { kind: "invoked", invocation: 1, key: invocation.key, method: invocation.method, args: invocation.args },
      { kind: "logged", level: "info", message: "enriching customer-17" },
      { kind: "finished", invocation: 1, outcome: invocation.outcome },
    ]);
  });
  return changesOf({
    agents: calls.map(({ agent }) => agent),
    steps,
    invocations: calls.map(({ invocation }) => invocation),
    ended: calls.map(({ operation }) => [operation.agent, operation.operation]),
  });
}

async function measure(name: string, store: Store, callsPerCommit: number, commits: number): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < commits / 2; round++) {
    const calls = makeCalls(callsPerCommit);
    for (const make of [begin, end]) {
      const changes = make(calls);
      const start = performance.now();
      await store.commit(changes, fence);
      times.push(performance.now() - start);
    }
  }
  const seconds = times.reduce((sum, time) => sum + time, 0) / 1_000;
  times.sort((left, right) => left - right);
  const at = (share: number) => times[Math.floor(times.length * share)]!.toFixed(2).padStart(7);
  const rate = (count: number) =>
    Math.round(count / seconds)
      .toLocaleString("en")
      .padStart(8);
  const rows = String(4 * callsPerCommit).padStart(5);
  console.log(
    `${name.padEnd(15)} ${rows} rows/commit ${rate(times.length)} commits/s ${rate(4 * callsPerCommit * times.length)} rows/s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`,
  );
}

async function prepare(store: Store, agents: number): Promise<Store> {
  await store.join(makeNode("n1", { expiresAt: fence.expiresAt }));
  await store.commit(changesOf({ agents: [caller] }), fence);
  for (let made = 0; made < agents; made += 1_000) {
    const calls = makeCalls(1_000);
    await store.commit(begin(calls), fence);
    await store.commit(end(calls), fence);
  }
  return store;
}

const agents = Number(process.argv[2] ?? 0);
await using folder = await openTemporaryFolder();
const now = () => 0;
const stores = {
  "sqlite, full": () => openSqliteStore({ file: join(folder.path, "full.db"), now }),
  "sqlite, relaxed": () => openSqliteStore({ file: join(folder.path, "relaxed.db"), now, durability: "relaxed" }),
  memory: () => openMemoryStore({ now }),
};
console.log(`${agents.toLocaleString("en")} agents in the store at the beginning`);
for (const [name, open] of Object.entries(stores)) {
  await using store = await prepare(await open(), agents);
  for (const [calls, commits] of [
    [1, 2_000],
    [25, 400],
    [250, 100],
    [1_000, 40],
  ] as const)
    await measure(name, store, calls, commits);
}
