import fc from "fast-check";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isHostError } from "../../host/base/error.ts";
import { agentId, invocationKey, nodeId, promiseId } from "../../host/base/id.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type {
  AgentRow,
  AgentState,
  Changes,
  InvocationRow,
  PromiseRow,
  Store,
  Target,
} from "../../host/store/store.ts";
import {
  changesOf,
  component,
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
const sources = [
  null,
  "promise p",
  "promise q",
  ...ids.flatMap((id) => keys.map((key) => `invocation ${id} ${key}`)),
  ...ids.map((id) => `deletion ${id}`),
  ...ids.map((id) => `fetch ${id}#1`),
];
const groups = [null, "g", "h"];
const targets: (Target | null)[] = [
  ...[null, null, null],
  ...["g", "h"].map((group) => ({ group, node: null, only: false })),
  ...[true, false].map((only) => ({ group: "g", node: "w2", only })),
];
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
  state: fc.constantFrom<AgentState[]>("created", "running", "suspended", "idle", "ended", "failed"),
  isPlaced: mostly(true, false, false, false),
  target: fc.constantFrom(...targets),
  createdBy: fc.option(fc.constantFrom(...ids)),
  updatedAt: fc.integer({ min: 0, max: 20 }),
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
  cancelRequested: mostly(false, true),
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
const requestPart = fc.oneof(
  fc.record({ kind: fc.constant("cancel" as const), agent: fc.constantFrom(...ids), key: fc.constantFrom(...keys) }),
  fc.record({
    kind: fc.constant("delete" as const),
    agent: fc.constantFrom(...ids),
    tree: fc.option(fc.constantFrom(...ids)),
  }),
);
const commitAction = fc.record({
  kind: fc.constant("commit" as const),
  node: mostly<string | null>("n1", "n2", null),
  lease: fc.option(fc.integer({ min: 0, max: 40 })),
  agents: fc.array(agentPart, { maxLength: 3 }),
  invocations: fc.array(invocationPart, { maxLength: 2 }),
  promises: fc.array(promisePart, { maxLength: 2 }),
  operations: fc.array(operationPart, { maxLength: 2 }),
  requests: fc.array(requestPart, { maxLength: 1 }),
  snapshots: mostly(snapshots, [], snapshots.slice(1)),
  pages: mostly(pages, pages.slice(1)),
});
const otherAction = fc.oneof(
  fc.record({
    kind: fc.constant("join" as const),
    node: fc.constantFrom(...nodes),
    expiresAt: fc.integer({ min: 0, max: 40 }),
    group: fc.constantFrom(...groups),
    name: fc.constantFrom("w1", "w2"),
  }),
  fc.record({ kind: fc.constant("leave" as const), node: fc.constantFrom(...nodes) }),
  fc.record({
    kind: fc.constant("claim" as const),
    node: fc.constantFrom(...nodes),
    agents: fc.subarray(ids),
    anyTarget: mostly(false, true),
  }),
  fc.record({
    kind: fc.constant("release" as const),
    node: fc.constantFrom(...nodes),
    dead: fc.subarray(nodes),
  }),
  fc.record({
    kind: fc.constant("take" as const),
    node: fc.constantFrom(...nodes),
    limit: fc.integer({ min: 0, max: 3 }),
    at: fc.constantFrom(0, 10, 255, 300),
  }),
  fc.record({ kind: fc.constant("collect" as const), before: fc.option(fc.integer({ min: 0, max: 20 })) }),
);
const action = fc.oneof({ weight: 4, arbitrary: commitAction }, { weight: 1, arbitrary: otherAction });
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
    const createdBy = part.createdBy === null ? null : agentId(part.createdBy);
    for (const count of part.steps) {
      changes.steps.push(makeStep(id, row.length + part.gap, count));
      row.length += count;
    }
    const snapshot = part.snapshot && { id: part.snapshot.id, length: row.length };
    const node = part.owner === null ? null : nodeId(part.owner);
    const { state, target, updatedAt } = part;
    const written: AgentRow = { ...row, state, node, target, createdBy, snapshot, updatedAt };
    written.component = part.isPlaced ? component : null;
    written.length += part.miscount;
    changes.agents.set(id, part.isDeleted ? null : written);
  }
  for (const { id, key, isDeleted, isNew, state, value, dueAt, cancelRequested } of parts.invocations) {
    if (!changes.agents.has(agentId(id)) && !(await store.agent(agentId(id)))) continue;
    const held = await store.invocation(agentId(id), invocationKey(key));
    const outcome = state === "done" ? { value } : null;
    const seq = isNew ? 0 : (held?.seq ?? 0);
    const row = makeInvocation(id, key, { seq, state, dueAt, outcome, cancelRequested });
    changes.invocations.set(`${id}\n${key}`, isDeleted ? null : row);
  }
  for (const { id, isDeleted, state, expiresAt } of parts.promises) {
    changes.promises.set(promiseId(id), isDeleted ? null : makePromise(id, { state, expiresAt }));
  }
  for (const { id, operation, isEnded, source, dueAt } of parts.operations) {
    if (!changes.agents.has(agentId(id)) && !(await store.agent(agentId(id)))) continue;
    changes.operations.set(`${id}\n${operation}`, isEnded ? null : makeOperation(id, operation, { source, dueAt }));
  }
  for (const part of parts.requests) {
    const agent = agentId(part.agent);
    if (part.kind === "cancel") changes.requests.push({ ...part, agent, key: invocationKey(part.key) });
    else changes.requests.push({ ...part, agent, tree: part.tree === null ? null : agentId(part.tree) });
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
      return store.join(
        makeNode(each.node, { expiresAt: each.expiresAt, group: each.group, name: each.name, slots: 1 }),
      );
    case "leave":
      return store.leave(nodeId(each.node));
    case "claim":
      return store.claim(nodeId(each.node), each.agents.map(agentId), { anyTarget: each.anyTarget });
    case "release":
      return store.release(nodeId(each.node), each.dead.map(nodeId));
    case "take":
      return store.take(nodeId(each.node), each.limit, each.at);
    case "collect":
      return store.collect(each.before);
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
      children: (await store.children(id)).map((child) => child.id),
      pastLength: await store.pastLength(id),
      isPending: [
        await store.isDeletionPending(id, { tree: true }),
        await store.isDeletionPending(id, { tree: false }),
      ],
      steps: await store.steps(id, 0),
      laterSteps: await store.steps(id, 2),
      invocations: unnumbered(await store.invocations(id)),
      queue: unnumbered(await store.queue(id)),
      operations: await store.operations(id),
    })),
  );
  const byNode = await Promise.all(
    nodes.map(nodeId).map(async (node) => {
      const { operations, promises, invocations } = await store.due(node, 15);
      const due = [
        ...operations.map(({ agent, operation }) => `${agent} ${operation}`),
        ...promises.map(({ id }) => id),
        ...invocations.map(({ agent, key }) => `${agent} ${key}`),
      ];
      return {
        due: new Set(due),
        ready: await store.ready(node, 10),
        settled: await store.settled(node),
        expired: [await store.expired(node, 10, 9), await store.expired(node, 99, 1)],
        deletionRequests: [await store.deletionRequests(node, 99), await store.deletionRequests(node, 1)],
      };
    }),
  );
  return {
    byAgent,
    agents: await store.agents(),
    promises: await store.promises(),
    waiters: await Promise.all(
      sources.map(async (source) => new Set((await store.waiters(source ?? "")).map((row) => JSON.stringify(row)))),
    ),
    nodes: await store.nodes(),
    nextDue: await Promise.all([-1, 5, 12].map((after) => store.nextDue(after))),
    byNode,
    waiting: [await store.countWaiting("g", 10), await store.countWaiting("h", 10)],
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
        for (const node of nodes)
          await store.join(makeNode(node, { expiresAt: 20, group: "g", name: `w${node.at(1)}` }));
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
