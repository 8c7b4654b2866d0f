import { agent, log, promise, rpc } from "planaria/guest";

// A guest for several nodes, whose every effect can be counted afterwards.

/** How often each was noted: twice would be seen. */
export const tally = agent((_name: string) => {
  const counts: Record<string, number> = {};
  return {
    note(id: string) {
      counts[id] = (counts[id] ?? 0) + 1;
    },
    read: () => counts,
    /** Waits for a promise that somebody outside is to settle. */
    waitFor: (id: string) => promise.await(promise.create<string>({ id })),
  };
});

/** Says so in the log of the node that it runs on. */
export function enrichOne(id: string) {
  log.info(`enriches ${id}`);
  return `enriched-${id}`;
}

/** The same, with an effect on an agent that may be anywhere. */
export async function countOne(id: string) {
  log.info(`counts ${id}`);
  await tally.get("all").note(id);
  return `counted-${id}`;
}

/** Calls a function so often, each call on the nodes of a target. */
export async function parallel(fn: "enrichOne" | "countOne", count: number, target: string) {
  const ids = Array.from({ length: count }, (_, i) => `${i}`);
  return Promise.all(ids.map((id) => rpc<string>(fn, [id], { target })));
}

/** Fails until it was tried so often: what one attempt leaves behind, the next one finds. */
export const flaky = agent((_name: string) => {
  let attempts = 0;
  return {
    work(failures: number) {
      attempts += 1;
      if (attempts <= failures) throw Object.assign(new RangeError(`attempt ${attempts}`), { code: "pool/busy" });
      return attempts;
    },
  };
});

export async function read(url: string) {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

/** Calls itself, and awaits that, so often. */
export async function deepen(times: number): Promise<number> {
  return times === 0 ? 0 : 1 + (await rpc<number>("deepen", [times - 1]));
}

/** A step that never ends. */
export function spin(): never {
  for (;;);
}
