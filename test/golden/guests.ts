import { agent, fork, log, PlanariaError, promise, random, rpc, run, self, signal, sleep } from "planaria/guest";
import { account } from "../../guests/bank/index.ts";

// The guest that goldens are recorded with: all examples in one component, and behind them what none of them does.

export * from "../../guests/bank/index.ts";
export * from "../../guests/counter/index.ts";
export * from "../../guests/crawl/index.ts";
export * from "../../guests/enrichment/index.ts";
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
  await account.get(owner).delete();
  return { there, refused, after: await account.get(owner).balance() };
}

/** Opens accounts for others. */
export const front = agent((owner: string) => ({
  open: (cents: number) => account.get(owner).deposit(cents),
}));

/** Lets somebody else open an account, and leaves nothing of either. */
export async function launderAll(owner: string, cents: number) {
  const there = await front.get(owner).open(cents);
  await front.get(owner).delete({ tree: true });
  return { there, after: await account.get(owner).balance() };
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

/** Asks the world outside for all sorts of things, and gets not all of them. */
export async function surf(site: string) {
  const codeOf = (error: PlanariaError) => error.code;
  const plain = await fetch(`${site}/`, { headers: { accept: "text/html" } });
  const bytes = Uint8Array.of(0, 255, 10);
  const sent = await fetch(`${site}/echo`, { method: "POST", headers: { "x-b": "2", "x-a": "1" }, body: bytes });
  const form = await fetch(`${site}/echo`, { method: "PUT", body: new URLSearchParams({ q: "ü & 蟲" }) });
  const moved = await fetch(`${site}/moved`);
  const pointed = await fetch(`${site}/moved`, { redirect: "manual" });
  const failures = await Promise.all([
    fetch("http://elsewhere.test/").catch(codeOf),
    fetch(`${site}/never`, { timeoutMs: 20, retry: { attempts: 2, firstMs: 5 } }).catch(codeOf),
    fetch(`${site}/`, { limitBytes: 3 }).catch(codeOf),
    fetch(`${site}/never`, { signal: AbortSignal.timeout(5) }).catch((error: DOMException) => error.name),
  ]);
  return {
    plain: [plain.status, ...plain.headers, await plain.text()],
    sent: [...(await sent.bytes())],
    form: await form.text(),
    moved: [moved.url, moved.redirected, pointed.status, pointed.headers.get("location")],
    failures,
  };
}

/** Forks while it waits for an answer, which both sides get. */
export async function surfApart(site: string) {
  const answer = fetch(`${site}/slow`);
  const side = await fork();
  return [side.kind, await (await answer).text()];
}

/** Learns by failing: what it does the third time, it can do. */
export const novice = agent((_name: string) => {
  let tries = 0;
  return {
    async lift(weight: number) {
      tries += 1;
      log.debug(`${weight}, for the ${tries}. time`);
      await sleep(5);
      if (tries % 3 > 0) throw new PlanariaError("novice/too-heavy", `cannot lift ${weight} yet`, { data: { tries } });
      return `${weight} at the ${tries}. try`;
    },
  };
});

/** Lets somebody try until it works, and asks for what never will. */
export async function persevere(name: string) {
  const retry = { attempts: 3, firstMs: 5, factor: 1.5, mostMs: 1_000, jitter: 0.25 };
  const lifted = await novice.get(name).with({ retry }).lift(80);
  const never = ["novice/too-heavy"];
  const failed = await novice
    .get(name)
    .with({ retry: { ...retry, never } })
    .lift(81)
    .catch((error: PlanariaError) => [error.code, error.data]);
  novice.get(name).with({ retry: 2, detached: true }).lift(82);
  return { lifted, failed };
}

/** Waits for nobody longer than it said. */
export async function hasten() {
  const late = rpc(linger, [60_000], { timeoutMs: 20 });
  const later = rpc(linger, [60_000], { timeoutMs: 5, at: Date.now() + 20, retry: 3 });
  const inTime = rpc(linger, [5], { timeoutMs: 60_000 });
  const given = rpc(linger, [60_000], { signal: AbortSignal.timeout(10) });
  const ends = await Promise.allSettled([late, later, inTime, given]);
  return ends.map((end) => (end.status === "fulfilled" ? end.value : [end.reason.name, end.reason.code]));
}

/** Calls itself for ever. */
export async function descend(level: number): Promise<unknown> {
  return rpc(descend, [level + 1]).catch((error: PlanariaError) => [level, error.code]);
}

/** Starts much at once. */
export const juggler = agent(() => ({
  async juggle(balls: number) {
    log.info(`${balls} balls`);
    await Promise.all(Array.from({ length: balls }, () => sleep(1)));
    return balls;
  },
}));
