import { agent, promise, rpc, run, sleep } from "planaria/guest";

// A guest whose every effect is known by the errand that it belongs to: what happens twice, or not at all, can be told.

/** Which errands came by, and where each stands in the order. */
export const tally = agent((_name: string) => {
  const errands: string[] = [];
  return {
    add: (errand: string) => errands.push(errand),
    read: () => errands,
  };
});

/** Settles a promise, later. */
export const messenger = agent((_name: string) => ({
  async bring(id: string, word: string) {
    await sleep(10);
    return promise.complete(id, word);
  },
}));

/** A part of an errand, for whoever serves the group. Its first attempt fails. */
export const porter = agent((_name: string) => {
  let attempts = 0;
  return {
    async carry(errand: string) {
      attempts += 1;
      if (attempts === 1) throw new Error("not yet");
      await sleep(5);
      await tally.get("carried").add(errand);
      return `${errand} carried`;
    },
  };
});

/** Goes everywhere that a call can go, and tells what it brought from there. */
export async function go(errand: string, url: string) {
  const ordinal = Number(errand.replace(/\D/g, "")) % 8;
  await tally.get(`begun ${ordinal}`).add(errand);
  const answered = promise.create<string>();
  messenger.get(errand).trigger.bring(answered, `${errand} answered`);
  const there = { target: "poll://any@porters", retry: { attempts: 3, firstMs: 5 } } as const;
  const [carried, answer, fetched, counted] = await Promise.all([
    (async () => await porter.get(errand).with(there).carry(errand))(),
    (async () => await promise.await(answered))(),
    (async () => await ask(`${url}/${errand}`))(),
    (async () => await run((text: string) => text.length, errand))(),
  ]);
  const doubled = await rpc(double, [counted]);
  await tally.get(`done ${ordinal}`).add(errand);
  return { errand, carried, answer, fetched, doubled };
}

export function double(n: number) {
  return 2 * n;
}

async function ask(url: string) {
  const response = await fetch(url, { method: "POST", retry: { attempts: 50, firstMs: 20, factor: 1 } });
  return response.text();
}
