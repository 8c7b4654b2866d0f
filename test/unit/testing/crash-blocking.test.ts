import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { crashEverywhere, type Scenario } from "../../../host/testing/index.ts";
import { dice, grep, languageSamples, tally, wordcount } from "../../components/language-samples.ts";
import { openWat } from "../../components/wat.ts";

// Guests that block, killed after every write: they get back to where they waited by doing again what they did.

const [waits, poll, bucket] = (await Promise.all(["waits", "poll", "bucket"].map(openWat))) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

const call = (method: string, ...args: unknown[]) => ({ callee: { agent: 'guest("a")', method }, args });

test.each([
  ["sleeps", waits, call("sleep", 60_000), '"null"'],
  ["calls a function of its own", waits, call("call-function", "sleep", "[1000]"), '"\\"null\\""'],
  ["calls another agent", waits, call("call-agent", 'guest("b")', "waits", "[]"), '"0"'],
  ["blocks in WASI's poll", poll, call("block", 5_000_000_000), expect.stringMatching(/^5\d{9}$/)],
  ["waits for the first of two timers", poll, call("race", 3_000_000_000, 2_000_000_000), "[1]"],
])("a guest that %s survives a crash anywhere", async (_, component, request, value) => {
  const { result, kills } = await crashEverywhere(component, request);
  expect(result).toEqual({ value });
  expect(kills.length).toBeGreaterThan(2);
});

test("a guest that forks in the midst of its stack survives a crash anywhere", async () => {
  const scenario: Scenario = async (host) => {
    const ref = await host.call({ callee: { agent: 'guest("a")', method: "fork" }, args: "[]", key: "fork" });
    const outcome = await host.result(ref);
    const { forks } = await host.inspect(ref.agent);
    return [outcome, ...(await Promise.all(forks.map(({ id }) => host.result({ agent: id, key: ref.key }))))];
  };
  const { result, kills } = await crashEverywhere(waits, scenario);
  expect(result).toHaveLength(2);
  expect(JSON.stringify(result)).toMatch(/original.*forked/);
  expect(kills.length).toBeGreaterThan(2);
});

test("resources that callers hold survive a crash anywhere", async () => {
  const scenario: Scenario = async (host) => {
    let step = 0;
    const made = async (method: string, ...args: unknown[]) => {
      const callee = { agent: 'guest("a")', method };
      const outcome = await host.result(
        await host.call({ callee, args: JSON.stringify(args), key: `step ${(step += 1)}` }),
      );
      return "value" in outcome ? JSON.parse(outcome.value) : outcome;
    };
    const one = await made("bucket", 3);
    await made("bucket.fill", one, 4);
    return [await made("bucket.level", one), await made("bucket.drop", one), await made("alive")];
  };
  const { result } = await crashEverywhere(bucket, scenario);
  expect(result).toEqual([7, null, 0]);
});

/**
 * Calls that are made one after the other, of one agent that keeps its memory; what fails is a result like others. None
 * may give what chance gave it: a step that was lost draws anew.
 */
const inTurn =
  (calls: [method: string, ...args: unknown[]][]): Scenario =>
  async (host) => {
    const results = [];
    for (const [index, [method, ...args]] of calls.entries()) {
      const callee = { agent: 'guest("a")', method };
      const ref = await host.call({ callee, args: JSON.stringify(args), key: `call ${index}` });
      results.push(await host.result(ref));
    }
    return results;
  };

describe("a guest in another language", () => {
  const runs: [name: string, calls: Parameters<typeof inTurn>[0]][] = [
    [
      "wordcount-c",
      [
        ["add", "the worm"],
        ["save", "/counts.txt"],
        ["add-file", "/counts.txt"],
        ["top", 2],
      ],
    ],
    ["grep-c", [["run"], ["run"]]],
    ["tally-rust", [["vote", "ann"], ["vote", "bob"], ["vote", "ann"], ["standings"]]],
    ["dice-starlingmonkey", [["roll", 0, 6], ["history"]]],
  ];

  for (const [name, calls] of runs) {
    const { missing, open } = [dice, grep, tally, wordcount].find((sample) => sample.name === name)!;
    test.skipIf(missing !== null)(
      `${name} survives a crash anywhere${missing ? `: skipped, ${missing}` : ""}`,
      { timeout: 120_000 },
      async () => {
        const { result, kills } = await crashEverywhere(await open(), inTurn(calls), { kills: 8 });
        expect(result).toHaveLength(calls.length);
        expect(kills.length).toBeGreaterThan(2);
      },
    );
  }

  test("has a run here, whichever there is in guests/", () => {
    const others = readdirSync("guests", { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !existsSync(`guests/${entry.name}/index.ts`))
      .map(({ name }) => name);
    expect(new Set(runs.map(([name]) => name))).toEqual(new Set(others));
    expect(new Set(languageSamples.map(({ name }) => name))).toEqual(new Set(others));
  });
});
