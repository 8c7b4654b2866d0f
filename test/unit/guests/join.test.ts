import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call("evaluate", body);

/** Takes so many milliseconds, or fails after them; `events` tells what began and ended. */
const nap = `
  const events = [];
  const nap = async (ms) => {
    events.push("+" + ms);
    await sleep(ms);
    events.push("-" + ms);
    if (ms % 10 === 7) throw new PlanariaError("nap/bad", ms + " is a bad number", { data: { ms } });
    return ms;
  };
`;

describe("mapLimit", () => {
  test("keeps so many under way, starts the next as soon as one has ended, and keeps the order", async () => {
    const body = `${nap} return { values: await mapLimit([30, 10, 50, 20], 2, nap), events }`;
    expect(await evaluate(body)).toEqual({
      values: [30, 10, 50, 20],
      events: ["+30", "+10", "-10", "+50", "-30", "+20", "-20", "-50"],
    });
  });

  test("gives the function items and their places, from anything that can be iterated", async () => {
    const body = `return mapLimit(new Set(["a", "b"]).values(), 5, (item, index) => item + index)`;
    expect(await evaluate(body)).toEqual(["a0", "b1"]);
    expect(await evaluate("return mapLimit([], 1, () => { throw 1 })")).toEqual([]);
  });

  test("rejects with the first failure, and starts nothing more", async () => {
    const body = `${nap}
      const error = await mapLimit([30, 17, 10, 10, 10], 2, nap).catch((error) => error);
      await sleep(100);
      return { code: error.code, data: error.data, events };`;
    expect(await evaluate(body)).toEqual({
      code: "nap/bad",
      data: { ms: 17 },
      events: ["+30", "+17", "-17", "-30"],
    });
  });

  test("starts nothing more when two outcomes come in one step, the failure first", async () => {
    const body = `${nap}
      const error = await mapLimit([17, 17.0, 10], 2, (ms, i) => i === 1 ? nap(ms).catch(() => ms) : nap(ms)).catch((error) => error);
      await sleep(100);
      return { code: error.code, events };`;
    expect(await evaluate(body)).toEqual({ code: "nap/bad", events: ["+17", "+17", "-17", "-17"] });
  });

  test("gives up the calls that are in flight when one fails", async () => {
    const body = `
      const calls = [];
      const call = (ms) => {
        const made = ms < 0 ? run(() => { throw new RangeError("below zero") }) : sleep(ms);
        calls.push(made);
        return made;
      };
      const error = await mapLimit([1000, -1, 1000, 1000], 3, call).catch((error) => error);
      const ends = await Promise.allSettled(calls);
      return { name: error.name, codes: ends.map(({ reason }) => reason.code ?? reason.name), at: now() };`;
    expect(await evaluate(body)).toEqual({
      name: "RangeError",
      codes: ["operation/canceled", "RangeError", "operation/canceled"],
      at: 1_000_000,
    });
    expect(host.listCalls("operation")).toEqual(["operation.cancel(1)", "operation.cancel(3)"]);
  });

  test("gives up what its signal was given to when one fails", async () => {
    const body = `
      const reasons = [];
      const work = async (ms, i, signal) => {
        if (ms < 0) throw new RangeError("below zero");
        await sleep(10);
        await sleep(ms, { signal }).catch((error) => reasons.push(error.code + ": " + error.message));
      };
      await mapLimit([1000, -1], 1, work).catch(() => reasons.push(now()));
      await mapLimit([1000, -1, 1000], 3, work).catch(() => {});
      await sleep(50);
      return [reasons, now()];`;
    expect(await evaluate(body)).toEqual([
      [1_001_010, ...Array(2).fill("operation/canceled: Given up, since item 2 failed.")],
      1_001_060,
    ]);
  });

  test("refuses a limit that is no count", async () => {
    for (const bad of ["0", "-1", "1.5", "NaN", "Infinity", "'2'", "undefined"]) {
      await expect(evaluate(`await mapLimit([1], ${bad}, (n) => n)`)).rejects.toMatchObject({
        code: "guest/bad-argument",
        message: expect.stringContaining("limit of mapLimit()"),
      });
    }
  });
});

describe("chunks", () => {
  test("cuts a list into parts of a size, the last one as long as it is", async () => {
    expect(await evaluate("return chunks([1, 2, 3, 4, 5], 2)")).toEqual([[1, 2], [3, 4], [5]]);
    expect(await evaluate("return [chunks([1, 2], 2), chunks([1], 9), chunks([], 3)]")).toEqual([[[1, 2]], [[1]], []]);
  });

  test("refuses a size that is no count", async () => {
    for (const bad of ["0", "-2", "0.5", "Infinity", ""]) {
      await expect(evaluate(`chunks([1], ${bad})`)).rejects.toMatchObject({
        code: "guest/bad-argument",
        message: expect.stringContaining("size of chunks()"),
      });
    }
  });
});

describe("tryJoin", () => {
  test("gives all values in order, of calls, promises and functions", async () => {
    const body = `return tryJoin([run(add, 1, 2), () => rpc(add, [3, 4]), sleep(50).then(() => "late"), async () => "own", () => 5])`;
    expect(await evaluate(body)).toEqual([3, 7, "late", "own", 5]);
    expect(await evaluate("return tryJoin([])")).toEqual([]);
  });

  test("gives the rest up on the first failure, and says which item it was", async () => {
    const body = `
      const fail = () => { throw new PlanariaError("a/b", "no luck", { data: 7 }) };
      const calls = [sleep(1000), rpc(add, [1, 2], { at: now() + 1000 }), run(fail), sleep(2000)];
      const error = await tryJoin(calls).catch((error) => error);
      const ends = await Promise.allSettled(calls);
      return { error, is: error instanceof PlanariaError, cause: error.cause.data, codes: ends.map(({ reason }) => reason?.code), at: now() };`;
    expect(await evaluate(body)).toMatchObject({
      error: {
        name: "PlanariaError",
        code: "join/failed",
        message: "Item 3 of 4 failed: no luck",
        data: { index: 2 },
        cause: { code: "a/b", message: "no luck", data: 7 },
      },
      is: true,
      cause: 7,
      codes: ["operation/canceled", "operation/canceled", "a/b", "operation/canceled"],
      at: 1_000_000,
    });
  });

  test("counts what a function throws as its item's failure, and starts none behind it", async () => {
    const body = `
      const nap = sleep(1000);
      const late = sleep(1000);
      const works = [nap, () => { throw new TypeError("bad argument") }, () => log.info("started"), late];
      const error = await tryJoin(works).catch((error) => error);
      const ends = await Promise.allSettled([nap, late]);
      return { message: error.message, cause: error.cause.name, codes: ends.map(({ reason }) => reason.code) };`;
    expect(await evaluate(body)).toEqual({
      message: "Item 2 of 4 failed: bad argument",
      cause: "TypeError",
      codes: ["operation/canceled", "operation/canceled"],
    });
    expect(host.logs).toEqual([]);
  });

  test("gives up what functions have begun with their signal", async () => {
    const body = `
      const ends = [];
      const slow = async (signal) => {
        await sleep(10);
        await rpc(add, [1, 2], { at: now() + 1000, signal }).catch((error) => ends.push(error.code));
      };
      const fail = async () => { await sleep(20); throw new Error("late") };
      await tryJoin([slow, fail, slow]).catch((error) => ends.push(error.code));
      await sleep(0);
      return [ends, now()];`;
    expect(await evaluate(body)).toEqual([["join/failed", "operation/canceled", "operation/canceled"], 1_000_020]);
  });

  test("words a failure that has no message, and one that is no error", async () => {
    const message = (thrown: string) =>
      evaluate(`return tryJoin([() => { throw ${thrown} }]).catch((error) => error.message)`);
    expect(await message("new RangeError()")).toBe("Item 1 of 1 failed: RangeError");
    expect(await message("'plain text'")).toBe("Item 1 of 1 failed: plain text");
    expect(await message("{ n: 1 }")).toBe('Item 1 of 1 failed: not an error was thrown: {"n":1}');
  });
});

describe("joinSettled", () => {
  test("tells successes from failures, each with its place", async () => {
    const body = `
      const fail = (why) => { throw new PlanariaError("a/b", why) };
      return joinSettled([run(fail, "first"), run(add, 1, 2), () => fail("second"), () => rpc(add, [3, 4]), Promise.reject("text")]);`;
    expect(await evaluate(body)).toMatchObject({
      successes: [
        { index: 1, value: 3 },
        { index: 3, value: 7 },
      ],
      failures: [
        { index: 0, error: { code: "a/b", message: "first" } },
        { index: 2, error: { code: "a/b", message: "second" } },
        { index: 4, error: { name: "Error", message: "text" } },
      ],
    });
    expect(await evaluate("return joinSettled([])")).toEqual({ successes: [], failures: [] });
  });

  test("waits for all of them, and cancels none", async () => {
    const body = `
      const slow = sleep(1000).then(() => "slow");
      const { successes } = await joinSettled([() => { throw 1 }, slow]);
      return [successes, now()];`;
    expect(await evaluate(body)).toEqual([[{ index: 1, value: "slow" }], 1_001_000]);
    expect(host.listCalls("operation")).toEqual([]);
  });
});
