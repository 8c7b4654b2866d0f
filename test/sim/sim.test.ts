import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { play } from "./play.ts";
import { faultKinds, scenarios, type Fault, type FaultKind, type Scenario } from "./scenario.ts";
import { shelfKinds } from "./shelf.ts";
import { simulateMany } from "./batches.ts";
import { simulate, type Simulated } from "./simulate.ts";

vi.setConfig({ testTimeout: 300_000 });

/** `PLANARIA_SEED=… npm test -- sim` plays others. */
const seed = Number(process.env["PLANARIA_SEED"] ?? 1);

const sample = (kinds = faultKinds): Scenario => fc.sample(scenarios(kinds), { seed: 7, numRuns: 1 })[0]!;

describe("programs made at random come to the end that they come to undisturbed", () => {
  test.each([0, 1, 2, 3])("whatever goes wrong, quarter %i", async (quarter) => {
    const { failed, rounds } = await simulate({ seed: seed + quarter, rounds: 60, faults: faultKinds });
    expect(failed).toBeNull();
    expect(rounds).toBe(60);
  });

  test.each(faultKinds)("whenever there is this: %s", async (kind) => {
    // A request is answered twice when two hosts have sent it.
    const faults: FaultKind[] = kind === "echo" ? ["echo", "disown", "pause"] : [kind];
    const { failed, struck } = await simulate({ seed, rounds: kind === "echo" ? 60 : 10, faults });
    expect(failed).toBeNull();
    expect(struck[kind]).toBeGreaterThan(0);
  });

  test("when nothing does", async () => {
    expect((await simulate({ seed, rounds: 10, faults: [] })).failed).toBeNull();
  });
});

describe("many rounds", () => {
  test("are played in processes, each with a seed of its own", async () => {
    const batches: Simulated[] = [];
    const all = await simulateMany({ seed, rounds: 5, faults: ["crash"] }, (batch) => batches.push(batch), 2);
    const seeds = batches.map((batch) => [batch.seed, batch.rounds]);
    expect(seeds.toSorted()).toEqual([
      [seed, 2],
      [seed + 1, 2],
      [seed + 2, 1],
    ]);
    expect(all).toMatchObject({ seed, rounds: 5, failed: null });
    const [first] = batches.toSorted((a, b) => a.seed - b.seed);
    expect(first).toEqual(await simulate({ seed, rounds: 2, faults: ["crash"] }));
  });

  test("end with the error of one that can't be played", async () => {
    const faults = ["plague"] as unknown as FaultKind[];
    const many = simulateMany({ seed, rounds: 2, faults }, () => {}, 1);
    await expect(many).rejects.toThrow("There is no fault plague");
  });
});

describe("a scenario", () => {
  test.each(shelfKinds)("goes the same way each time that it is played in %s", async (store) => {
    const faults: Fault[] = [
      { kind: "crash", seat: 0, commit: 1, when: "after", rows: 0 },
      { kind: "slow", seat: 1, answer: 20, count: 40, rounds: 9 },
      { kind: "power", seat: 0, commit: 3, part: 0.5 },
      { kind: "late", seat: 0, report: 3, count: 9, rounds: 5 },
      { kind: "skip", round: 30, spanMs: 3_000 },
    ];
    const scenario = { ...sample(), faults, store };
    const [first, second] = [await play(scenario), await play(scenario)];
    expect(first.violations).toEqual([]);
    expect(second).toEqual(first);
    expect(first.lives).toBeGreaterThan(scenario.seats.length);
  });

  test("is another one with another seed", async () => {
    const [one, other] = fc.sample(scenarios(), { seed: 7, numRuns: 2 });
    expect((await play(one!)).trace).not.toBe((await play(other!)).trace);
  });
});

describe("a run is found out", () => {
  const altered: [what: string, alter: (scenario: Scenario) => Partial<Scenario["program"]>, says: RegExp][] = [
    ["whose outcome is another", () => ({ value: "another" }), /^the outcome is .*, not .*another/],
    [
      "in which a call was lost",
      ({ program }) => ({ counts: { ...program.counts, lost: 1 } }),
      /^the counters say .*"lost":0/,
    ],
    [
      "in which a promise is missing",
      ({ program }) => ({ promises: [...program.promises, "resolved 1"] }),
      /^the promises are/,
    ],
    ["in which nobody was asked", ({ program }) => ({ paths: [...program.paths, "/nowhere"] }), /^the requests are/],
    [
      "whose program never ends",
      () => ({ body: "await new Promise(() => {})" }),
      /^Error: It takes too long; actor\("main"\)/,
    ],
  ];
  test.each(altered)("%s", async (_, alter, says) => {
    const scenario = sample([]);
    const { violations } = await play({ ...scenario, program: { ...scenario.program, ...alter(scenario) } });
    expect(violations).toContainEqual(expect.stringMatching(says));
  });
});
