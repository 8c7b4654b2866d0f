import { beforeEach, describe, expect, test } from "vitest";
import { nodeId, type AgentId } from "../../../host/base/id.ts";
import { Group } from "../../../host/scheduler/group.ts";
import { emptyChanges } from "../../../host/store/changes.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import type { Store } from "../../../host/store/store.ts";
import { VirtualClock } from "../../../host/testing/virtual-clock.ts";
import { makeAgent, makeNode } from "../../store/rows.ts";

const node = nodeId("n1");

let clock: VirtualClock;
let store: Store;
/** The agents that the node has at work, and its slots. */
let agents: { slots: number; atWorkCount: number };
let group: Group;

beforeEach(async () => {
  clock = new VirtualClock();
  store = await openMemoryStore({ now: () => clock.now() });
  agents = { slots: 8, atWorkCount: 0 };
  const goOn = async (_id: AgentId) => void (agents.atWorkCount += 1);
  group = new Group({ store, clock, node, group: "g", agents, goOn });
  await store.join(makeNode("n1", { group: "g", name: "w1", slots: 8, expiresAt: Infinity }));
});

/** Lets so many agents wait for the group. */
async function add(count: number, from = 0): Promise<void> {
  const target = { group: "g", node: null, only: false };
  const changes = emptyChanges();
  for (let n = from; n < from + count; n += 1) {
    const row = makeAgent(`a(${n})`, { state: "created", component: null, target, updatedAt: clock.now() });
    changes.agents.set(row.id, row);
  }
  await store.commit(changes, { node: null });
}

const isFull = async () => (await store.nodes())[0]!.full;

describe("a node of a group", () => {
  test("takes as many as it has slots, and again when half of them are free", async () => {
    await add(20);
    await group.look();
    expect(agents.atWorkCount).toBe(8);
    agents.atWorkCount = 5;
    await group.refill();
    expect(agents.atWorkCount).toBe(5);
    agents.atWorkCount = 4;
    await group.refill();
    expect(agents.atWorkCount).toBe(8);
  });

  test("takes what there is room for after a moment, if its agents take their time", async () => {
    await add(20);
    await group.look();
    agents.atWorkCount = 7;
    await group.look();
    expect(agents.atWorkCount).toBe(7);
    clock.skip(100);
    await group.look();
    expect(agents.atWorkCount).toBe(8);
  });

  test("says that it is full when it has been so for a while, and takes it back", async () => {
    await add(20);
    await group.look();
    expect(await isFull()).toBe(false);
    await group.look();
    clock.skip(100);
    await group.look();
    expect(await isFull()).toBe(true);
    agents.atWorkCount = 7;
    expect(group.isDue).toBe(true);
    await group.look();
    expect(agents.atWorkCount).toBe(8);
    agents.atWorkCount = 0;
    await group.look();
    expect(agents.atWorkCount).toBe(8);
    agents.atWorkCount = 0;
    await group.look();
    expect(await isFull()).toBe(false);
  });

  test("has no reason to look when nothing waits, and one when others have left something", async () => {
    await group.look();
    expect(group.isDue).toBe(false);
    await store.join(makeNode("n2", { group: "g", name: "w2", slots: 8, expiresAt: Infinity }));
    await add(4);
    await group.look();
    expect(agents.atWorkCount).toBeLessThan(4);
    expect(group.isDue).toBe(false);
    clock.skip(125);
    expect(group.isDue).toBe(true);
  });
});
