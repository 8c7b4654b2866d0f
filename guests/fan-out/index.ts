import { agent, fork, promise, rpc, run } from "planaria/guest";

/** Reports on one region, and hands the report in through a promise. */
export const regionWorker = agent((region: string) => ({
  runReport(id: promise.Id<string>) {
    promise.complete(id, `Report for ${region}: OK`);
  },
}));

export const coordinator = agent((_name: string) => ({
  /** One worker agent for each region, all at work at once. */
  async dispatchAndCollect(regions: string[]) {
    const ids = regions.map(() => promise.create<string>());
    for (const [i, id] of ids.entries()) regionWorker.get(regions[i]!).trigger.runReport(id);
    return Promise.all(ids.map((id) => promise.await(id)));
  },

  /** The same with copies of itself: each fork hands in one result. */
  async multiFork(n: number) {
    const ids = Array.from({ length: n }, () => promise.create<string>());
    for (const [i, id] of ids.entries()) {
      const side = await fork();
      if (side.kind === "forked") {
        promise.complete(id, `result-from-fork-${i}`);
        return [];
      }
    }
    return Promise.all(ids.map((id) => promise.await(id)));
  },
}));

export async function enrichOne(id: string) {
  return `enriched-${id}`;
}

/** Durable calls in this agent's own memory, all in flight at once. Their order is kept. */
export async function enrichBatch(ids: string[]) {
  return Promise.all(ids.map((id) => run(enrichOne, id)));
}

/** The same with an agent of its own for each. */
export async function enrichApart(ids: string[]) {
  return Promise.all(ids.map((id) => rpc(enrichOne, [id])));
}
