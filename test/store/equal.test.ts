import fc from "fast-check";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isHostError } from "../../host/base/error.ts";
import { agentId, invocationKey, nodeId, promiseId } from "../../host/base/id.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type { AgentRow, AgentState, Changes, InvocationRow, PromiseRow, Store } from "../../host/store/store.ts";
import {
  changesOf,
  makeAgent,
  makeFork,
  makeInvocation,
  makeNode,
  makeOperation,
  makePage,
  makePromise,
  makeSnapshot,
  makeStep,
} from "./rows.ts";
import { openTemporaryFolder } from "./temporary-folder.ts";

const ids = ["a()", 'b("x y")', "c()", "d()"];
const nodes = ["n1", "n2"];
const keys = ["k", "k 1"];
const sources = [null, "promise p", "promise q", ...ids.flatMap((id) => keys.map((key) => `invocation ${id} ${key}`))];
const pages = ["p1", "p2", "p3"].map(makePage);
const snapshots = [makeSnapshot("s1", pages.slice(0, 2)), makeSnapshot("s2", pages.slice(1))];

/** Mostly `usual`, so that most commits are taken. */
const mostly = <T>(usual: T, ...unusual: T[]) =>
  fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...unusual) });

/** What one agent's part in a commit is; `gap` and `miscount` deviate from what the store would take. */
const agentPart = fc.record({
  id: fc.constantFrom(...ids),
  isDeleted: mostly(false, true),
  steps: fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 2 }),
  gap: mostly(0, -1, 1),
  miscount: mostly(0, -1, 1),
  state: fc.constantFrom<AgentState[]>("created", "suspended", "idle", "failed"),
  owner: mostly<string | null>(null, ...nodes),
  forkOf: fc.option(fc.constantFrom(...ids)),
  snapshot: fc.option(fc.constantFrom(...snapshots), { freq: 4 }),
});
const invocationPart = fc.record({
  id: fc.constantFrom(...ids),
  key: fc.constantFrom(...keys),
  isDeleted: mostly(false, true),
  isNew: fc.boolean(),
  state: fc.constantFrom<InvocationRow["state"][]>("queued", "running", "done"),
  value: fc.constantFrom("1", "2"),
  dueAt: fc.option(fc.integer({ min: 0, max: 20 })),
});
const promisePart = fc.record({
  id: fc.constantFrom("p", "q"),
  isDeleted: mostly(false, true),
  state: fc.constantFrom<PromiseRow["state"][]>("pending", "pending", "resolved", "timed-out"),
  expiresAt: fc.option(fc.integer({ min: 0, max: 20 })),
});
const operationPart = fc.record({
  id: fc.constantFrom(...ids),
  operation: fc.integer({ min: 1, max: 2 }),
  isEnded: fc.boolean(),
  source: fc.constantFrom(...sources),
  dueAt: fc.option(fc.integer({ min: 0, max: 20 })),
});
const commitAction = fc.record({
  kind: fc.constant("commit" as const),
  node: mostly<string | null>("n1", "n2", null),
  lease: fc.option(fc.integer({ min: 0, max: 40 })),
  agents: fc.array(agentPart, { maxLength: 3 }),
  invocations: fc.array(invocationPart, { maxLength: 2 }),
  promises: fc.array(promisePart, { maxLength: 2 }),
  operations: fc.array(operationPart, { maxLength: 2 }),
  snapshots: mostly(snapshots, [], snapshots.slice(1)),
  pages: mostly(pages, pages.slice(1)),
});
const otherAction = fc.oneof(
  fc.record({
    kind: fc.constant("join" as const),
    node: fc.constantFrom(...nodes),
    expiresAt: fc.integer({ min: 0, max: 40 }),
  }),
  fc.record({ kind: fc.constant("leave" as const), node: fc.constantFrom(...nodes) }),
  fc.record({
    kind: fc.constant("claim" as const),
    node: fc.constantFrom(...nodes),
    agents: fc.subarray(ids),
    dead: mostly<string[]>([], ["n2"], nodes),
  }),
  fc.record({ kind: fc.constant("collect" as const) }),
);
const action = fc.oneof({ weight: 6, arbitrary: commitAction }, { weight: 1, arbitrary: otherAction });
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Turns parts into rows that mostly follow on what the store holds. */
async function makeChanges(store: Store, parts: Extract<Action, { kind: "commit" }>): Promise<Changes> {
  const changes = changesOf({ snapshots: parts.snapshots, pages: parts.pages });
  for (const part of parts.agents) {
    const id = agentId(part.id);
    if (changes.agents.has(id)) continue;
    const held = await store.agent(id);
    const parent = !held && part.forkOf !== null && (await store.agent(agentId(part.forkOf)));
    // A fork always inherits whole steps.
    const [inherited] = parent ? await store.steps(parent.id, 0) : [];
    const row =
      held ?? (parent && inherited ? makeFork(id, parent.id, inherited.first + inherited.count - 1, 0) : makeAgent(id));
    for (const count of part.steps) {
      changes.steps.push(makeStep(id, row.length + part.gap, count));
      row.length += count;
    }
    const snapshot = part.snapshot && { id: part.snapshot.id, length: row.length };
    const node = part.owner === null ? null : nodeId(part.owner);
    const written: AgentRow = { ...row, length: row.length + part.miscount, state: part.state, node, snapshot };
    changes.agents.set(id, part.isDeleted ? null : written);
  }
  for (const { id, key, isDeleted, isNew, state, value, dueAt } of parts.invocations) {
    if (!changes.agents.has(agentId(id)) && !(await store.agent(agentId(id)))) continue;
    const held = await store.invocation(agentId(id), invocationKey(key));
    const outcome = state === "done" ? { value } : null;
    const row = makeInvocation(id, key, { seq: isNew ? 0 : (held?.seq ?? 0), state, dueAt, outcome });
    changes.invocations.set(`${id}\n${key}`, isDeleted ? null : row);
  }
  for (const { id, isDeleted, state, expiresAt } of parts.promises) {
    changes.promises.set(promiseId(id), isDeleted ? null : makePromise(id, { state, expiresAt }));
  }
  for (const { id, operation, isEnded, source, dueAt } of parts.operations) {
    if (!changes.agents.has(agentId(id)) && !(await store.agent(agentId(id)))) continue;
    changes.operations.set(`${id}\n${operation}`, isEnded ? null : makeOperation(id, operation, { source, dueAt }));
  }
  return changes;
}

async function perform(store: Store, each: Action): Promise<unknown> {
  switch (each.kind) {
    case "commit": {
      const changes = await makeChanges(store, each);
      const expiresAt = each.lease === null ? {} : { expiresAt: each.lease };
      return store.commit(changes, { node: each.node === null ? null : nodeId(each.node), ...expiresAt });
    }
    case "join":
      return store.join(makeNode(each.node, { expiresAt: each.expiresAt }));
    case "leave":
      return store.leave(nodeId(each.node));
    case "claim":
      return store.claim(nodeId(each.node), each.agents.map(agentId), each.dead.map(nodeId));
    case "collect":
      return store.collect();
  }
}

/** The result, or the message of the refusal. */
async function outcomeOf(store: Store, each: Action): Promise<unknown> {
  try {
    return (await perform(store, each)) ?? "done";
  } catch (error) {
    if (isHostError(error, "store/conflict")) return error.message.replace(/number \d+|'s has \d+/g, "number");
    throw error;
  }
}

/** All that a store tells. Numbers may differ from store to store, their order may not. */
async function readAll(store: Store): Promise<unknown> {
  const unnumbered = (rows: InvocationRow[]) => rows.map((row) => ({ ...row, seq: 0 }));
  const byAgent = await Promise.all(
    ids.map(agentId).map(async (id) => ({
      forks: (await store.forks(id)).map((fork) => fork.id),
      steps: await store.steps(id, 0),
      laterSteps: await store.steps(id, 2),
      invocations: unnumbered(await store.invocations(id)),
      queue: unnumbered(await store.queue(id)),
      operations: await store.operations(id),
    })),
  );
  const due = await store.due(15);
  return {
    byAgent,
    agents: await store.agents(),
    promises: await store.promises(),
    waiters: await Promise.all(
      sources.map(async (source) => new Set((await store.waiters(source ?? "")).map((row) => JSON.stringify(row)))),
    ),
    nodes: await store.nodes(),
    nextDue: await store.nextDue(),
    due: [due.operations.length, due.promises.length, due.invocations.length],
    ready: [await store.ready(nodeId("n1"), 10), await store.ready(nodeId("n2"), 10)],
    snapshots: await Promise.all(snapshots.map(({ id }) => store.snapshot(id))),
    pages: (await store.pages(pages.map(({ digest }) => digest))).length,
  };
}

test("the store in memory and the one in a file take, refuse and tell the same", { timeout: 60_000 }, async () => {
  await using folder = await openTemporaryFolder();
  let files = 0;
  const commits = { taken: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 25 }), async (actions) => {
      let now = 0;
      await using memory = await openMemoryStore({ now: () => now });
      await using sqlite = await openSqliteStore({
        file: join(folder.path, `${files++}.db`),
        now: () => now,
        durability: "relaxed",
      });
      for (const store of [memory, sqlite])
        for (const node of nodes) await store.join(makeNode(node, { expiresAt: 20 }));
      for (const each of actions) {
        now += 1;
        const expected = await outcomeOf(memory, each);
        expect(await outcomeOf(sqlite, each)).toEqual(expected);
        expect(await readAll(sqlite)).toEqual(await readAll(memory));
        if (each.kind === "commit") commits[expected === "done" ? "taken" : "refused"] += 1;
      }
    }),
    { numRuns: 150 },
  );
  // What is always refused proves little.
  expect(commits.taken).toBeGreaterThan(commits.refused / 2);
});
