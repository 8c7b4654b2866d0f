import { describe, expect, test } from "vitest";
import { agentId, digestOf, nodeId, type NodeId } from "../../host/base/id.ts";
import type { Changes, Store } from "../../host/store/store.ts";
import { emptyChanges } from "../../host/store/changes.ts";
import { openShelf, shelfKinds, type Shelf } from "./shelf.ts";
import { tear } from "./sqlite-shelf.ts";

const now = () => 1_000;
const node = nodeId("n");

/** A commit of so many agents, each with a step. */
function makeAgents(names: readonly string[], owner: NodeId | null = node): Changes {
  const changes = emptyChanges();
  for (const name of names) {
    const id = agentId(`a("${name}")`);
    changes.agents.set(id, {
      id,
      component: digestOf(Buffer.from("component")),
      type: "a",
      params: JSON.stringify([name]),
      state: "idle",
      node: owner,
      target: null,
      createdBy: null,
      parent: null,
      snapshot: null,
      length: 1,
      createdAt: 0,
      updatedAt: 0,
      error: null,
    });
    changes.steps.push({ agent: id, first: 0, count: 1, entries: `["${name.repeat(300)}"]` });
  }
  return changes;
}

const names = (first: number, count: number) => Array.from({ length: count }, (_, index) => `x${first + index}`);

async function join(shelf: Shelf): Promise<Store> {
  const store = await shelf.connect(now);
  const row = { id: node, pid: 1, machine: "m", startedAt: 0, group: null, name: "", slots: 0, full: false };
  await store.join({ ...row, expiresAt: 1e6 });
  return store;
}

/** How many agents there are, each of which must have its step. */
async function countWhole(store: Store): Promise<number> {
  const rows = await store.agents();
  for (const { id } of rows) expect(await store.steps(id, 0)).toHaveLength(1);
  return rows.length;
}

describe.each(shelfKinds)("what is kept in %s", (kind) => {
  test("holds all of a commit or nothing, wherever the power fails in it", async () => {
    const counts = new Set<number>();
    for (let percent = 0; percent <= 100; percent += 5) {
      await using shelf = await openShelf(kind, now);
      const store = await join(shelf);
      await store.commit(makeAgents(names(0, 20)), { node });
      await shelf.cutPower(() => store.commit(makeAgents(names(20, 20)), { node }), percent / 100);
      counts.add(await countWhole(shelf.observer));
      // And it goes on.
      await (await shelf.connect(now)).commit(makeAgents(names(40, 1)), { node });
      expect([21, 41]).toContain(await countWhole(shelf.observer));
    }
    expect([...counts].toSorted()).toEqual([20, 40]);
  });

  test("does not hold what a commit had written when its process was killed", async () => {
    await using shelf = await openShelf(kind, now);
    const store = await join(shelf);
    for (const rows of [0, 7, 19, 40]) await shelf.breakOff(store, makeAgents(names(0, 20)), { node }, rows);
    expect(await countWhole(shelf.observer)).toBe(0);
    await (await shelf.connect(now)).commit(makeAgents(names(0, 1)), { node });
    expect(await countWhole(shelf.observer)).toBe(1);
  });
});

describe("files that are torn", () => {
  const [before, after] = [
    [Buffer.alloc(2_048, 1), Buffer.alloc(0)],
    [Buffer.alloc(2_048, 1), Buffer.alloc(700, 2)],
  ];

  test("are the old ones and half a sector at first, the new ones in the end", () => {
    expect(tear(before, after, 0)).toEqual([before[0], Buffer.alloc(256, 2)]);
    expect(tear(before, after, 1)).toEqual(after);
  });

  test("keep what has not changed", () => {
    const altered = Buffer.from(after[0]!).fill(3, 1_024, 1_100);
    expect(tear(before, [altered, after[1]!], 0.4)).toEqual([altered, Buffer.alloc(256, 2)]);
  });
});
