import { agent, fork, log, PlanariaError, promise, random, rpc, run, self, signal, sleep } from "planaria/guest";
import { account } from "../../guests/bank/index.ts";

// The guest that goldens are recorded with: all examples in one component, and behind them what none of them does.

export * from "../../guests/bank/index.ts";
export * from "../../guests/counter/index.ts";
export * from "../../guests/crawl/index.ts";
export * from "../../guests/fan-out/index.ts";
export * from "../../guests/fork-search/index.ts";
export * from "../../guests/readme-index/index.ts";
export * from "../../guests/reminder/index.ts";

/** Draws from every source of chance there is, and from the clock. */
export const gambler = agent((name: string) => {
  const drawn: unknown[] = [];
  return {
    play(rounds: number) {
      for (let round = 0; round < rounds; round += 1) {
        drawn.push(Math.random(), crypto.randomUUID(), [...random.bytes(round)], random.int(1, 6), Date.now());
      }
      console.log("%s has drawn %d times, e.g. %o", name, drawn.length, drawn[1]);
      return drawn.length;
    },
    /** Both sides of a fork draw on, each numbers of its own. */
    async part() {
      const side = await fork();
      drawn.push(side.kind, Math.random());
      return drawn.at(-1);
    },
  };
});

/** Says things at every level, in more than one script. */
export const speaker = agent(() => ({
  speak(text: string) {
    log.debug("sotto voce:", text);
    log.info(text.repeat(40));
    log.warn({ text, length: text.length });
    log.error(new PlanariaError("speaker/hoarse", `cannot say ${text}`, { cause: new RangeError("too high") }));
  },
}));

/** Falls, and goes on behind it with what it knew before. */
export const stuntman = agent((name: string) => {
  let falls = 0;
  return {
    fall() {
      falls += 1;
      log.warn(`${name} falls`);
      return trap();
    },
    /** Falls in a later step, with work in flight. */
    async fallLater() {
      void rpc(linger, [60_000]);
      void sleep(60_000);
      await sleep(5);
      return trap();
    },
    falls: () => falls,
  };
});

/** Overflows the native stack, where QuickJS can't see it coming. */
function trap() {
  let nested: unknown[] = [];
  for (let i = 0; i < 1_000_000; i += 1) nested = [nested];
  return JSON.stringify(nested);
}

/** Takes its time, unless its caller has no more need of it. */
export async function linger(spanMs: number) {
  const asked = new Promise((resolve) => signal().addEventListener("abort", resolve));
  await Promise.race([sleep(spanMs), asked]);
  if (signal().aborted) throw new PlanariaError("linger/interrupted", `${self.id} was asked to go`);
  return spanMs;
}

/** Starts much and waits for little. */
export async function giveUp() {
  const call = rpc(linger, [60_000]);
  const nap = sleep(60_000);
  await sleep(20);
  call.cancel();
  nap.cancel();
  return Promise.all([call, nap].map((each) => each.catch((error: PlanariaError) => error.code)));
}

/** Brings promises to each of their ends. */
export async function settle(name: string) {
  const [kept, broken, dropped] = ["kept", "broken", "dropped"].map((end) => promise.create({ id: `${name} ${end}` }));
  const late = promise.create({ timeoutMs: 10 });
  const firsts = await Promise.all([
    promise.complete(kept!, { nested: [1, 2.5, "three", null] }),
    promise.reject(broken!, new TypeError("broken", { cause: new PlanariaError("promise/why", "why not") })),
    promise.cancel(dropped!),
    promise.complete(kept!, "too late"),
  ]);
  const ends = await Promise.allSettled([kept!, broken!, dropped!, late].map((id) => promise.await(id)));
  return { firsts, ends: ends.map((end) => (end.status === "fulfilled" ? end.value : String(end.reason))) };
}

/** Opens an account, and leaves nothing of it. */
export async function launder(owner: string, cents: number) {
  const there = await account.get(owner).deposit(cents);
  await account.get(owner).withdraw(cents);
  const refused = await account
    .get(owner)
    .withdraw(1)
    .catch((error: PlanariaError) => error.message);
  await account.delete(owner);
  return { there, refused, after: await account.get(owner).balance() };
}

/** Runs its own functions, one of which fails. */
export async function labor(times: number) {
  const done = [];
  for (let time = 0; time < times; time += 1) done.push(await run(square, time).catch((error: Error) => error.message));
  return done;
}

function square(n: number) {
  if (n === 3) throw new RangeError("three is too many");
  return n * n;
}
