/*
 * One node of a store that other processes write, too: `child.ts WORK FILE NODE COUNT`.
 *
 * own: appends to an agent of its own. shared: appends to an agent that nobody owns, after whatever others have appended.
 * endless: appends to five agents in each commit, and says how many commits are durable, until it is killed.
 * take: takes agents of its group, COUNT at a time, and begins them one by one, until none is left; says which it began.
 */
import { agentId, nodeId } from "../../host/base/id.ts";
import { isHostError } from "../../host/base/error.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import { changesOf, component, makeAgent, makeInvocation, makeNode, makeStep } from "./rows.ts";

const [, , work, file, name, count] = process.argv as [string, string, string, string, string, string];
const node = nodeId(name);
await using store = await openSqliteStore({ file, now: () => 0 });
await store.join(makeNode(name, { group: "g", name }));

async function appendToOwn(): Promise<void> {
  for (let first = 0; first < Number(count); first++) {
    const agents = [makeAgent(`${name}()`, { length: first + 1, node })];
    const invocations = [makeInvocation(`${name}()`, `k${first}`)];
    await store.commit(changesOf({ agents, steps: [makeStep(`${name}()`, first)], invocations }), { node });
  }
}

async function appendToShared(): Promise<void> {
  const id = agentId("shared()");
  for (let appended = 0; appended < Number(count);) {
    const held = await store.agent(id);
    const length = held?.length ?? 0;
    const changes = changesOf({
      agents: [makeAgent(id, { length: length + 1, node: null })],
      steps: [makeStep(id, length)],
    });
    try {
      await store.commit(changes, { node });
      appended += 1;
    } catch (error) {
      if (!isHostError(error, "store/conflict")) throw error;
    }
  }
}

async function appendForEver(): Promise<void> {
  const names = ["a()", "b()", "c()", "d()", "e()"];
  const others = (await store.nodes()).map(({ id }) => id).filter((id) => id !== node);
  await store.release(node, others);
  await store.claim(node, names.map(agentId));
  for (let first = (await store.agent(agentId("a()")))?.length ?? 0; ; first += 2) {
    const agents = names.map((id) => makeAgent(id, { length: first + 2, node }));
    const steps = names.flatMap((id) => [makeStep(id, first), makeStep(id, first + 1)]);
    const invocations = names.map((id) => makeInvocation(id, `k${first}`, { state: "done", outcome: { value: "1" } }));
    await store.commit(changesOf({ agents, steps, invocations }), { node });
    process.stdout.write(`${first + 2}\n`);
  }
}

async function takeAll(): Promise<void> {
  for (;;) {
    const taken = await store.take(node, Number(count), 0);
    if (taken.length === 0) return;
    for (const id of taken) {
      const row = { ...(await store.agent(id))!, component, state: "ended" as const, length: 1 };
      await store.commit(changesOf({ agents: [row], steps: [makeStep(id, 0)] }), { node });
      process.stdout.write(`${id}\n`);
    }
  }
}

await { own: appendToOwn, shared: appendToShared, endless: appendForEver, take: takeAll }[work]!();
