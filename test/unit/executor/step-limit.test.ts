import { describe, expect, test } from "vitest";
import { unlimited } from "../../../host/agent/executor.ts";
import { agentId } from "../../../host/base/id.ts";
import { StepLimit } from "../../../host/executor/step-limit.ts";
import type { Entry } from "../../../host/oplog/entry.ts";

const agent = agentId('actor("a")');
const logged: Entry = { kind: "logged", level: "info", message: "" };
const thrownBy = (work: () => void): { code?: string; message: string } | null => {
  try {
    work();
    return null;
  } catch (error) {
    return error as Error;
  }
};

describe("the limit of what an import is called with", () => {
  const admit = (payloadBytes: number, ...args: unknown[]) =>
    thrownBy(() => new StepLimit(agent, 0, { ...unlimited, payloadBytes }).admit(args));

  test("counts text in UTF-8, bytes, and what lies deep in records and lists", () => {
    expect(admit(120, "ä".repeat(50))).toBeNull();
    expect(admit(100, "ä".repeat(50))).toMatchObject({ code: "guest/payload-too-large" });
    expect(admit(1_000, { body: { tag: "bytes", val: new Uint8Array(1_001) } })).not.toBeNull();
    expect(admit(1_000, { headers: [["name", "x".repeat(1_001)]] })).not.toBeNull();
    expect(admit(1_000, { timeout: 5n, retry: undefined, only: null, attempts: Number.NaN })).toBeNull();
  });

  test("is not gone around by very many texts without anything in them", () => {
    expect(admit(1_000_000, Array(100_000).fill(""))).toMatchObject({ code: "guest/payload-too-large" });
  });

  test("says who went over which limit, and how to raise it", () => {
    expect(admit(10, "x".repeat(100))?.message).toMatch(
      /^actor\("a"\) hands over \d+ bytes at once, and 10 are the most\. .*--payload-limit\.$/,
    );
  });
});

describe("the limit of what a step journals", () => {
  test("counts all texts of all imports together", () => {
    const limit = new StepLimit(agent, 0, { ...unlimited, stepBytes: 10_000 });
    for (let i = 0; i < 9; i += 1) limit.admit(["x".repeat(1_000)]);
    const error = thrownBy(() => limit.admit(["x".repeat(1_000)]));
    expect(error).toMatchObject({ code: "guest/step-too-large" });
    expect(error?.message).toMatch(/actor\("a"\) would journal more than 10000 bytes in one step.*--step-limit\.$/);
  });

  test("counts entries that hold next to nothing, and randomness that was drawn", () => {
    const many = new StepLimit(agent, 0, { ...unlimited, stepBytes: 100_000 });
    expect(thrownBy(() => Array.from({ length: 1_000 }, () => many.check(logged)))).not.toBeNull();
    const drawn = new StepLimit(agent, 0, { ...unlimited, stepBytes: 100_000 });
    expect(thrownBy(() => drawn.check({ kind: "random-drawn", bytes: "A".repeat(100_000) }))).not.toBeNull();
  });

  test("once gone over, refuses whatever follows, and ends the step", () => {
    const limit = new StepLimit(agent, 0, { ...unlimited, stepBytes: 1_000 });
    expect(thrownBy(() => limit.end())).toBeNull();
    const first = thrownBy(() => limit.admit(["x".repeat(2_000)]));
    expect(thrownBy(() => limit.check(logged))).toBe(first);
    expect(thrownBy(() => limit.admit([]))).toBe(first);
    expect(thrownBy(() => limit.end())).toBe(first);
  });
});

test("a fork is refused where there are agents enough", () => {
  const limit = new StepLimit(agent, 0, { ...unlimited, forks: false });
  expect(thrownBy(() => limit.check({ kind: "sleep-started", operation: 1, spanMs: 1 }))).toBeNull();
  expect(thrownBy(() => limit.check({ kind: "fork-started", operation: 2 }))).toMatchObject({
    code: "rpc/too-many-agents",
    message: expect.stringMatching(/^actor\("a"\) can't be forked.*--agent-limit\.$/),
  });
});
