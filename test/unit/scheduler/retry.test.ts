import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RetryPolicy } from "../../../host/oplog/retry.ts";
import { drawChance, shouldRetry, waitMs } from "../../../host/scheduler/retry.ts";
import { seededRandom } from "../../../host/testing/seeded-random.ts";

const policy: RetryPolicy = {
  attempts: 3,
  firstMs: 100,
  factor: 2,
  mostMs: 60_000,
  jitter: 0.5,
  only: [],
  never: [],
};
const error = (fields: object) => JSON.stringify({ name: "Error", message: "no", ...fields });

const policies = fc.record({
  attempts: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  firstMs: fc.maxSafeNat(),
  factor: fc.double({ min: 1, max: 1e9, noNaN: true }),
  mostMs: fc.maxSafeNat(),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  only: fc.constant<string[]>([]),
  never: fc.constant<string[]>([]),
});
const attempts = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the wait before another attempt", () => {
  test("is a whole number from 0 to the longest wait, and never under the part that is not left to chance", () => {
    fc.assert(
      fc.property(policies, attempts, chances, (made, attempt, chance) => {
        const wait = waitMs(made, attempt, chance);
        const whole = waitMs({ ...made, jitter: 0 }, attempt, chance);
        expect(Number.isSafeInteger(wait)).toBe(true);
        expect(wait).toBeLessThanOrEqual(made.mostMs);
        expect(wait).toBeLessThanOrEqual(whole);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(whole * (1 - made.jitter) * (1 - 1e-12)) - 1);
      }),
    );
  });

  test("does not shrink from one attempt to the next", () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 10_000 }), chances, (made, attempt, chance) => {
        expect(waitMs(made, attempt + 1, chance)).toBeGreaterThanOrEqual(waitMs(made, attempt, chance));
      }),
    );
  });

  test("without chance is the first wait, then grows by the factor up to the longest", () => {
    const exact = { ...policy, jitter: 0, mostMs: 700 };
    expect([1, 2, 3, 4, 5, 10_000].map((attempt) => waitMs(exact, attempt, 0.9))).toEqual([
      100, 200, 400, 700, 700, 700,
    ]);
  });

  test("may be none at all, however often", () => {
    expect(waitMs({ ...policy, firstMs: 0 }, 5_000, 0.5)).toBe(0);
    expect(waitMs({ ...policy, jitter: 1 }, 1, 0)).toBe(0);
  });

  test("is drawn from all of the part that is left to chance", () => {
    const random = seededRandom(7);
    const drawn = Array.from({ length: 1_000 }, () => waitMs({ ...policy, jitter: 1 }, 1, drawChance(random)));
    expect(Math.min(...drawn)).toBeLessThan(5);
    expect(Math.max(...drawn)).toBeGreaterThan(95);
  });
});

describe("an attempt that failed", () => {
  test("is followed by another one as long as the policy grants it", () => {
    expect([1, 2, 3, 4].map((attempt) => shouldRetry(policy, attempt, error({})))).toEqual([true, true, false, false]);
  });

  test("is not, without a policy", () => {
    expect(shouldRetry(null, 1, error({}))).toBe(false);
    expect(shouldRetry(undefined, 1, error({}))).toBe(false);
  });

  test.each([
    { only: ["http/failed"], fields: { code: "http/failed" }, again: true },
    { only: ["RangeError"], fields: { name: "RangeError", code: "my/code" }, again: true },
    { only: ["http/failed", "RangeError"], fields: { code: "http/denied" }, again: false },
    { only: ["no"], fields: {}, again: false },
    { never: ["http/denied"], fields: { code: "http/denied" }, again: false },
    { never: ["TypeError"], fields: { name: "TypeError" }, again: false },
    { never: ["TypeError"], fields: { name: "RangeError" }, again: true },
    { only: ["RangeError"], never: ["my/code"], fields: { name: "RangeError", code: "my/code" }, again: false },
  ])("with %j is told by its code or name", ({ fields, again, ...words }) => {
    expect(shouldRetry({ ...policy, ...words }, 1, error(fields))).toBe(again);
  });

  test.each([
    "operation/canceled",
    "rpc/canceled",
    "agent/deleted",
    "rpc/unknown-agent",
    "rpc/unknown-function",
    "rpc/unknown-method",
    "rpc/bad-target",
    "rpc/cycle",
    "rpc/too-deep",
  ])("with %s comes to nothing, whatever the policy says", (code) => {
    expect(shouldRetry({ ...policy, only: [code] }, 1, error({ code }))).toBe(false);
  });

  test.each(["my/rpc/cycle", "rpc/cycles", "rpc/timed-out", "guest/trap", "guest/step-timeout"])(
    "with %s may be tried again",
    (code) => {
      expect(shouldRetry(policy, 1, error({ code }))).toBe(true);
    },
  );

  test.each(["null", "5", '"text"', "[]"])("with %s, which is no object, has no code and no name", (text) => {
    expect(shouldRetry(policy, 1, text)).toBe(true);
    expect(shouldRetry({ ...policy, only: ["text"] }, 1, text)).toBe(false);
  });
});
