import { agent, fork, joinSettled, PlanariaError, promise, signal, sleep, tryJoin } from "planaria/guest";

/** Processes one item after the other, each in its time. */
export const worker = agent((_number: number) => {
  let processed = 0;
  return {
    async process(item: string) {
      if (!/^\w+$/.test(item)) throw new PlanariaError("worker/no-word", `${item} is no word`);
      await sleep(50, { signal: signal() }); // Whoever asked may give up meanwhile.
      processed += 1;
      return `processed-${item}`;
    },
    processed: () => processed,
  };
});

/** Reports on one region, and hands the report in through a promise. */
export const regionWorker = agent((region: string) => ({
  runReport(id: promise.Id<string>) {
    promise.complete(id, `Report for ${region}: OK`);
  },
}));

export const coordinator = agent((_name: string) => ({
  /** One worker for each item, all at work at once. The order is kept. */
  async fanOut(items: string[]) {
    return Promise.all(items.map((item, i) => worker.get(i).process(item)));
  },

  /** The same, but the first failure gives up the rest, and says which item it was. */
  async fanOutStrict(items: string[]) {
    return tryJoin(items.map((item, i) => worker.get(i).process(item)));
  },

  /** The same, with what came off beside what went wrong. */
  async fanOutWithErrors(items: string[]) {
    const { successes, failures } = await joinSettled(items.map((item, i) => worker.get(i).process(item)));
    return {
      successes: successes.map(({ value }) => value),
      failures: failures.map(({ index, error }) => `Item ${items[index]} failed: ${error.message}`),
    };
  },

  /** Nobody waits for these calls: each worker hands in its result through a promise, however long it takes. */
  async dispatchAndCollect(regions: string[]) {
    const ids = regions.map(() => promise.create<string>());
    for (const [i, id] of ids.entries()) regionWorker.get(regions[i]!).trigger.runReport(id);
    return Promise.all(ids.map((id) => promise.await(id)));
  },

  /** Two copies of this agent, and a promise between them. */
  async parallelCompute() {
    const id = promise.create<string>();
    const side = await fork();
    if (side.kind === "forked") {
      promise.complete(id, "forked-result");
      return "forked done"; // Seen by whoever asks the fork.
    }
    return `Combined: original + ${await promise.await(id)}`;
  },

  /** As many copies as there are slices of work: each hands in one result. */
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
