import { afterEach, beforeEach } from "vitest";
import { agentId, nodeId } from "../../host/base/id.ts";
import type { AgentRow, Fence, Store } from "../../host/store/store.ts";
import { changesOf, makeAgent, makeFork, makeNode, makeStep, type Rows } from "./rows.ts";

/** A place that stores can be opened on, each as another process would. */
interface StorePlace extends AsyncDisposable {
  connect(): Promise<Store>;
}

export type OpenPlace = (now: () => number) => Promise<StorePlace>;

export const n1 = nodeId("n1");
export const n2 = nodeId("n2");
export const asN1: Fence = { node: n1 };
export const asN2: Fence = { node: n2 };
export const outside: Fence = { node: null };
export const conflict = { code: "store/conflict" };

/** Gives each test a new place with one store on it, which node n1 has joined. */
export function openScene(open: OpenPlace) {
  let place: StorePlace;
  const scene = {
    now: 0,
    store: undefined as unknown as Store,
    connect: () => place.connect(),
    commit: (rows: Rows, fence = asN1) => scene.store.commit(changesOf(rows), fence),
    /** An agent with these steps, each of so many entries. */
    grow: (id: string, counts: number[], fields: Partial<AgentRow> = {}) => {
      let first = 0;
      const steps = counts.map((count) => makeStep(id, (first += count) - count, count));
      return scene.commit({ agents: [makeAgent(id, { length: first, ...fields })], steps });
    },
    /** `parent` has entries 0 to 5 in three steps, `fork` inherits 0 to 3 and has 4 to 6, `forkOfFork` inherits up to 5. */
    growLineage: async () => {
      await scene.grow("parent", [1, 3, 2]);
      await scene.commit({
        agents: [makeFork("fork", "parent", 3, 3)],
        steps: [makeStep("fork", 4, 2), makeStep("fork", 6)],
      });
      await scene.commit({ agents: [makeFork("forkOfFork", "fork", 5)], steps: [makeStep("forkOfFork", 6)] });
    },
    /** Where an agent's steps begin, and how many entries each has. */
    spans: async (id: string, from = 0) =>
      (await scene.store.steps(agentId(id), from)).map(({ first, count }) => [first, count]),
  };
  beforeEach(async () => {
    scene.now = 100;
    place = await open(() => scene.now);
    scene.store = await place.connect();
    await scene.store.join(makeNode("n1"));
  });
  afterEach(async () => {
    await scene.store[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });
  return scene;
}
