import { chunks, mapLimit, PlanariaError, rpc, run, sleep } from "planaria/guest";

/** Enriches an order: with what a service at some address says of it, if there is one. */
export async function enrichOne(id: string, service?: string) {
  if (id === "") throw new PlanariaError("enrichment/no-id", "an order without an id cannot be enriched");
  if (service === undefined) return `enriched-${id}`;
  const answer = await fetch(new URL(encodeURIComponent(id), service), { method: "POST" });
  if (!answer.ok) throw new PlanariaError("enrichment/refused", `${answer.url} answers with ${answer.status}`);
  return answer.text();
}

/**
 * As many durable calls in flight as there are ids, all in this agent's own memory.
 *
 * Their order is kept. What has ended is not done again, whatever happens; the first failure rejects.
 */
export async function enrichBatch(ids: string[], service?: string) {
  return Promise.all(ids.map((id) => run(enrichOne, id, service)));
}

/** The same with an agent of its own for each. */
export async function enrichApart(ids: string[]) {
  return Promise.all(ids.map((id) => rpc(enrichOne, [id])));
}

/** The same on any nodes of a group, which share the work; without one, it waits for the first. */
export async function parallelEnrich(ids: string[]) {
  return Promise.all(ids.map((id) => rpc(enrichOne, [id], { target: "poll://any@enrichment-workers" })));
}

/** The same, but failures of some leave the others alone. */
export async function enrichTolerant(ids: string[]) {
  const ends = await Promise.allSettled(ids.map((id) => run(enrichOne, id)));
  return ends.map((end) => (end.status === "fulfilled" ? { value: end.value } : { error: String(end.reason) }));
}

export async function processOne(item: string) {
  await sleep(20);
  return `processed-${item}`;
}

/** A few at a time: the next few start when all of these have ended. */
export async function processBounded(items: string[], concurrency: number) {
  const results: string[] = [];
  for (const chunk of chunks(items, concurrency)) {
    results.push(...(await Promise.all(chunk.map((item) => run(processOne, item)))));
  }
  return results;
}

/** As many at a time, too, but the next one starts as soon as any has ended. */
export async function processLimited(items: string[], concurrency: number) {
  return mapLimit(items, concurrency, (item) => run(processOne, item));
}
