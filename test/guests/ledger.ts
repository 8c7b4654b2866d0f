import { agent, log, promise, rpc, run, signal, sleep } from "planaria/guest";

// A guest whose every effect can be counted afterwards, by tests that kill its host or let several hosts at it.

/** Keeps what was noted, in order: an effect that happened twice stands here twice. */
export const ledger = agent((name: string) => {
  const lines: string[] = [];
  const asked = new Set<string>();
  return {
    note(line: string) {
      lines.push(line);
      log.info(`${name}: ${line}`);
      return lines.length;
    },
    /** The same, but not the first time that it is asked to. */
    noteAtLast(line: string) {
      if (!asked.has(line)) {
        asked.add(line);
        throw new Error(`not ${line} yet`);
      }
      return this.note(line);
    },
    read: () => lines,
    /** Waits for a promise that somebody outside is to settle. */
    async waitFor(id: string) {
      const answer = await promise.await(promise.create<string>({ id }));
      lines.push(answer);
      return answer;
    },
    fail() {
      throw new RangeError("the ledger is closed");
    },
  };
});

/** Keeps the thread busy, so that a kill often falls into a step. */
export function compute(turns: number) {
  let sum = 0;
  for (let i = 0; i < turns; i += 1) sum = (sum * 31 + i) % 1_000_003;
  return sum;
}

/** Takes longer than anybody waits. */
export async function idle() {
  await sleep(600_000, { signal: signal() });
  return 0;
}

/** Notes one line after the other, by every kind of operation that there is. */
export async function work(name: string, count: number) {
  const book = ledger.get(name);
  const sums: number[] = [];
  for (let i = 0; i < count; i += 1) {
    sums.push(await run(compute, 20_000 + i));
    if (i % 8 !== 5) await book.note(`line ${i}`);
    else await book.with({ retry: { attempts: 2, firstMs: 1 } }).noteAtLast(`line ${i}`);
    if (i % 8 === 0) await sleep(1);
    if (i % 8 === 4) sums.push(await rpc(compute, [20_000 - i]));
    if (i % 8 === 6) sums.push(await rpc(idle, [], { timeoutMs: 1 }).catch(({ message }: Error) => message.length));
  }
  book.trigger.note("done");
  return { digest: sums.reduce((a, b) => (a * 31 + b) % 1_000_003, 0), lines: (await book.read()).length };
}

export function spin(): never {
  for (;;);
}

/** Notes lines in other agents while one loops for ever. */
export async function besideSpin(count: number) {
  const spun = rpc(spin, []).then(
    () => "it ended",
    (error: { code?: string }) => error.code,
  );
  const noted = await Promise.all(Array.from({ length: count }, (_, i) => ledger.get(`beside ${i}`).note("here")));
  return { noted, spun: await spun };
}

/** Leaves work behind that takes longer than the call. */
export function leaveBehind(name: string, count: number) {
  for (let i = 0; i < count; i += 1) ledger.get(name).trigger.note(`left ${i}`);
  return "left";
}

/** An error that comes from another agent, with a cause of its own. */
export async function failThrough(name: string) {
  try {
    return await ledger.get(name).fail();
  } catch (cause) {
    throw new Error("nothing could be noted", { cause });
  }
}

/** The same, as its caller sees it: all that is known of the error and of what caused it. */
export async function catchFailure(name: string) {
  const chain = [];
  const thrown: unknown = await failThrough(name).catch((error: unknown) => error);
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { name: type, message, stack = "" } = error;
    chain.push({ type, message, isRange: error instanceof RangeError, at: /at (\w+)/.exec(stack)?.[1] });
  }
  return chain;
}

/** Keeps memory that nobody gives back. */
export const hoard = agent(() => {
  const kept: Uint8Array[] = [];
  return {
    keep: (megabytes: number) => kept.push(new Uint8Array(megabytes * 1_048_576).fill(kept.length + 1)),
    count: () => kept.length,
  };
});
