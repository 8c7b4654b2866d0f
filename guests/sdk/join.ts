import { Call } from "./call.ts";
import { fromFailure, PlanariaError, toFailure } from "./failure.ts";

/** Something to be waited for: a call or any other promise, or a function that starts one. */
type Work = PromiseLike<unknown> | ((signal: AbortSignal) => unknown);

/** What a work comes to. */
type Result<W> = W extends (signal: AbortSignal) => infer R ? Awaited<R> : Awaited<W>;

/** How works ended, each with its place among them, counted from 0. */
export interface Settled<T> {
  successes: { index: number; value: T }[];
  failures: { index: number; error: Error }[];
}

/**
 * Waits for all works, and gives their values in order; the first failure gives up the rest.
 *
 * A call that is given up never starts if it still waits for its turn; one that runs sees its `signal()` aborted. A
 * function gets a signal that gives up what else it has begun, for the options of calls, `fetch` and `sleep`; what it throws
 * counts as its item's failure.
 * Errors: rejects with `join/failed`, which says which item failed: `data` is `{ index }`, `cause` the item's own error.
 */
export function tryJoin<const Works extends readonly Work[] | []>(
  works: Works,
): Promise<{ -readonly [I in keyof Works]: Result<Works[I]> }> {
  const explain = (cause: unknown, index: number) =>
    new PlanariaError(
      "join/failed",
      `Item ${index + 1} of ${works.length} failed: ${toFailure(cause).message || toFailure(cause).name}`,
      { data: { index }, cause },
    );
  return join(works, works.length, explain) as Promise<never>;
}

/** Waits for all works, whatever becomes of each: the successes and the failures, both in order. Never rejects. */
export async function joinSettled<const Works extends readonly Work[] | []>(
  works: Works,
): Promise<Settled<Result<Works[number]>>> {
  const { signal } = new AbortController();
  const ends = await Promise.allSettled(works.map(async (work) => start(work, signal)));
  const settled: Settled<Result<Works[number]>> = { successes: [], failures: [] };
  for (const [index, end] of ends.entries()) {
    if (end.status === "fulfilled") settled.successes.push({ index, value: end.value as Result<Works[number]> });
    else settled.failures.push({ index, error: toError(end.reason) });
  }
  return settled;
}

/**
 * Does `fn` for every item, with at most `limit` of them under way, and gives the results in the order of the items.
 *
 * The next item starts as soon as one has ended. The first failure rejects: nothing more is started then, the calls that
 * `fn` returned are given up, and so is what it gave its signal to.
 * Errors: rejects with what `fn` did; `guest/bad-argument` if the limit is no whole number from 1 up.
 */
export async function mapLimit<T, R>(
  items: Iterable<T>,
  limit: number,
  fn: (item: T, index: number, signal: AbortSignal) => R | PromiseLike<R>,
): Promise<Awaited<R>[]> {
  checkCount(limit, "The limit of mapLimit()");
  const works = Array.from(items, (item, index) => (signal: AbortSignal) => fn(item, index, signal));
  return (await join(works, limit, (error) => error)) as Awaited<R>[];
}

/**
 * Cuts a list into lists of `size` items; the last one may have fewer.
 *
 * Errors: throws `guest/bad-argument` if the size is no whole number from 1 up.
 */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  checkCount(size, "The size of chunks()");
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Carries out works in `lanes` that each take the next one; the first failure stops them all. */
async function join(
  works: readonly Work[],
  lanes: number,
  explain: (error: unknown, index: number) => unknown,
): Promise<unknown[]> {
  const calls = new Set(works.filter((work) => work instanceof Call));
  const values = Array.from<unknown>({ length: works.length });
  const ahead = works.entries();
  const controller = new AbortController();
  const { signal } = controller;

  async function takeLane() {
    for (const [index, work] of ahead) {
      if (signal.aborted) return;
      try {
        const started = start(work, signal);
        if (started instanceof Call) calls.add(started);
        values[index] = await started;
      } catch (error) {
        controller.abort(new PlanariaError("operation/canceled", `Given up, since item ${index + 1} failed.`));
        for (const call of calls) call.cancel();
        throw explain(error, index);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(lanes, works.length) }, takeLane));
  return values;
}

function start(work: Work, signal: AbortSignal): unknown {
  return typeof work === "function" ? work(signal) : work;
}

function checkCount(count: number, what: string): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new PlanariaError("guest/bad-argument", `${what} must be a whole number from 1 up, not ${String(count)}.`);
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : fromFailure(toFailure(thrown));
}
