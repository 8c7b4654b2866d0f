import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call("evaluate", body);

/** Work that fails so many times, and the moments of its attempts since the beginning. */
const flaky = `
  const begin = now();
  const moments = [];
  const flaky = (failures, code = "net/down") => (attempt) => {
    moments.push(now() - begin);
    if (attempt <= failures) throw new PlanariaError(code, "attempt " + attempt + " failed");
    return "attempt " + attempt;
  };
`;

describe("retry", () => {
  test("tries again after waits that grow up to a limit", async () => {
    const options = "{ attempts: 6, firstMs: 100, factor: 3, mostMs: 1000, jitter: 0 }";
    expect(await evaluate(`${flaky} return [await retry(flaky(4), ${options}), moments]`)).toEqual([
      "attempt 5",
      [0, 100, 400, 1300, 2300],
    ]);
  });

  test("does not try again what has come off, and needs no options", async () => {
    expect(await evaluate(`${flaky} return [await retry(flaky(0)), moments]`)).toEqual(["attempt 1", [0]]);
    expect(host.listCalls("time")).toEqual([]);
  });

  test("leaves a part of each wait to chance", async () => {
    const [, moments] = await evaluate(`${flaky} return [await retry(flaky(1), { firstMs: 1000 }), moments]`);
    expect(moments[1]).toBeGreaterThanOrEqual(500);
    expect(moments[1]).toBeLessThanOrEqual(1000);
  });

  test("rejects with the last failure when the attempts are used up", async () => {
    await expect(evaluate(`${flaky} await retry(flaky(9), 3)`)).rejects.toMatchObject({
      code: "net/down",
      message: "attempt 3 failed",
    });
    expect(host.listCalls("time")).toHaveLength(2);
  });

  test("tries calls and runs again, each under a number of its own", async () => {
    const body = "return retry((attempt) => run(attempt < 3 ? (() => { throw new TypeError('no') }) : add, 1, 2))";
    expect(await evaluate(body)).toBe(3);
    expect(host.listCalls("run.start")).toHaveLength(3);
  });

  test("tries only what is worth it", async () => {
    const attempts = async (code: string, options: string) =>
      (await evaluate(`${flaky} await retry(flaky(9, "${code}"), ${options}).catch(() => 0); return moments`)).length;
    expect(await attempts("net/down", '{ only: ["net/down"] }')).toBe(3);
    expect(await attempts("net/down", '{ only: ["PlanariaError"] }')).toBe(3);
    expect(await attempts("net/down", '{ only: ["net/up"] }')).toBe(1);
    expect(await attempts("net/down", '{ never: ["net/down"] }')).toBe(1);
    for (const code of ["operation/canceled", "agent/deleted", "rpc/cycle", "rpc/too-deep", "rpc/unknown-method"]) {
      expect(await attempts(code, `{ only: ["${code}"] }`)).toBe(1);
    }
  });

  test("ends its wait when the caller gives up, and tries no more", async () => {
    const call = host.start("keeper(1).evaluate", `${flaky} await retry(flaky(9), { firstMs: 1e9, attempts: 9 })`);
    await host.step();
    host.send("keeper(1)", { cancel: 1 });
    expect(await host.settle(call)).toMatchObject({ error: { code: "operation/canceled" } });
    expect(host.now).toBe(1_000_000);
  });

  test("does not try again what fails after the caller has given up", async () => {
    const body = `${flaky} await retry(async (n) => { log.info(n); await sleep(50); throw new Error("interrupted") })`;
    const call = host.start("keeper(1).evaluate", body);
    await host.step();
    host.send("keeper(1)", { cancel: 1 });
    expect(await host.settle(call)).toMatchObject({ error: { message: "interrupted" } });
    expect(host.logs).toEqual(["info 1"]);
  });

  test("survives a wait that no number can hold", async () => {
    const options = "{ attempts: 3, firstMs: 0, factor: 1e308, jitter: 0 }";
    expect(await evaluate(`${flaky} return [await retry(flaky(2), ${options}), moments]`)).toEqual([
      "attempt 3",
      [0, 0, 0],
    ]);
  });

  test("refuses options that make no sense", async () => {
    const bad = ["0", "1.5", "'3'", "{ attempts: -1 }", "{ factor: 0.5 }", "{ jitter: 2 }", "{ firstMs: -1 }"];
    for (const options of bad) {
      await expect(evaluate(`await retry(() => 1, ${options})`)).rejects.toMatchObject({ code: "guest/bad-argument" });
    }
  });
});
