import { describe, expect, test } from "vitest";
import type { Environment } from "./environment.ts";
import type { Bench, Measure, Sample } from "./measure.ts";
import { formatResults, type Results } from "./results.ts";
import { median, summarize, summarizeFlatness } from "./summary.ts";
import { formatTable } from "./table.ts";

const environment: Environment = {
  date: "2026-11-21 12:00",
  processor: "A processor",
  cores: 2,
  memoryBytes: 2 ** 34,
  load: 0.5,
  versions: { planaria: "0.1.0" },
  durability: "full",
  temporaryFolder: "disk",
};

const makeBench = (measures: Measure[], flatness?: Bench["flatness"]): Bench => ({
  name: "bench",
  measures,
  ...(flatness && { flatness }),
  round: async () => [],
});

const samplesOf = (measure: string, ...values: number[]): Sample[] => values.map((value) => ({ measure, value }));

function makeResults(measures: Measure[], samples: Sample[]): Results {
  return { environment, summaries: summarize([makeBench(measures)], samples), flatness: [] };
}

describe("a summary", () => {
  test("has the median and its spread, and what its floors add up to", () => {
    const floor: Measure = { name: "empty guest call", unit: "µs" };
    const call: Measure = { name: "call", unit: "µs", aim: 50, floor: { "empty guest call": 3 } };
    const samples = [...samplesOf(floor.name, 9, 10, 200), ...samplesOf(call.name, 60, 40, 70, 50)];
    const [, summary] = summarize([makeBench([floor]), makeBench([call])], samples);
    expect(summary).toMatchObject({ median: 55, least: 40, most: 70, rounds: 4, aim: 50, floor: 30, cpu: null });
  });

  test("says by how much medians differ that should be equal", () => {
    const measures: Measure[] = ["short", "long", "other"].map((name) => ({ name, unit: "µs" }));
    const bench = makeBench(measures, { of: ["short", "long"], within: 1.2 });
    const samples = [...samplesOf("short", 100), ...samplesOf("long", 150), ...samplesOf("other", 900)];
    expect(summarizeFlatness([bench], summarize([bench], samples))).toEqual([
      { measures: ["short", "long"], ratio: 1.5, within: 1.2 },
    ]);
  });

  test("is refused for a measure that no round took", () => {
    expect(() => summarize([makeBench([{ name: "call", unit: "µs" }])], samplesOf("other", 1))).toThrow(RangeError);
    expect(() => median([])).toThrow("There is no median of nothing.");
  });
});

describe("the results", () => {
  const call: Measure = { name: "a call", short: "call", unit: "µs" };
  const disk: Measure = { name: "an agent on disk", short: "disk", unit: "bytes" };

  test("hold the newest run in full and the medians of all", () => {
    const first = formatResults(
      makeResults([call, disk], [...samplesOf("a call", 1_500), ...samplesOf(disk.name, 100)]),
      "",
    );
    const second = formatResults(
      makeResults([call, disk], [...samplesOf("a call", 900), ...samplesOf(disk.name, 90)]),
      first,
    );
    expect(second.match(/^\| a call .*$/gm)).toEqual([expect.stringMatching(/900 µs .* 1,111 /)]);
    const history = second.slice(second.indexOf("## History"));
    expect(history.match(/^\| .*\|$/gm)).toEqual([
      "| medians of | Planaria | call | disk |",
      "| --- | --- | --- | --- |",
      "| 2026-11-21 12:00 | 0.1.0 | 1.5 ms | 100 B |",
      "| 2026-11-21 12:00 | 0.1.0 | 900 µs | 90 B |",
    ]);
  });

  test("begin a new table of medians when the measures are others, and lose none of the old one", () => {
    const first = formatResults(makeResults([call], samplesOf("a call", 1_500)), "");
    const second = formatResults(makeResults([disk], samplesOf(disk.name, 90)), first);
    const heads = second.match(/^\| medians of .*$/gm);
    expect(heads).toEqual(["| medians of | Planaria | call |", "| medians of | Planaria | disk |"]);
    expect(second).toContain("| 1.5 ms |\n\n| medians of | Planaria | disk |");
  });
});

test("a table's columns are as wide as what is in them", () => {
  expect(
    formatTable(
      ["", "rate"],
      [
        ["run", "1"],
        ["fork and join", "12,345"],
      ],
    ).split("\n"),
  ).toEqual([
    "|               |   rate |",
    "| ------------- | -----: |",
    "| run           |      1 |",
    "| fork and join | 12,345 |",
  ]);
});
