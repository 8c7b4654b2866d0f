// Checked by the compiler alone: what the helpers make of what they are given.

import { chunks, joinSettled, mapLimit, retry, run, sleep, tryJoin, type Settled } from "planaria/guest";

const add = (a: number, b = 1) => a + b;
const name = async () => "name";

export function values(list: readonly number[]) {
  const tuple: Promise<[number, string]> = tryJoin([run(add, 1), name]);
  const same: Promise<number[]> = tryJoin(list.map((n) => run(add, n)));
  const settled: Promise<Settled<number | string>> = joinSettled([run(add, 1), name]);
  const mapped: Promise<string[]> = mapLimit(new Set(list), 2, async (n, index) => `${n} ${index.toFixed()}`);
  const signaled: Promise<[string, void]> = tryJoin([
    (signal) => String(signal.aborted),
    (signal: AbortSignal) => sleep(5, { signal }),
  ]);
  const parts: number[][] = chunks(list, 2);
  const tried: Promise<number>[] = [retry(() => run(add, 1)), retry((attempt) => attempt, 3)];
  // @ts-expect-error a value is nothing to be waited for
  void tryJoin([1, 2]);
  // @ts-expect-error the items are numbers
  void mapLimit(list, 2, (n: string) => n);
  // @ts-expect-error there is no such option
  void retry(name, { times: 3 });
  // @ts-expect-error a failure has an error, no value
  void settled.then(({ failures }) => failures[0]!.value);
  return { tuple, signaled, same, settled, mapped, parts, tried };
}
