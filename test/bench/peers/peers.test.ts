import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Environment } from "../environment.ts";
import { formatResults } from "../results.ts";
import { peersTitle, replaceSection, sectionOf } from "../sections.ts";
import { parseArguments } from "./arguments.ts";
import { drawChart } from "./chart.ts";
import { countEffects } from "./effects.ts";
import { summarize, type Failure, type Sample } from "./figures.ts";
import type { Peer } from "./peers.ts";
import { statFields } from "./processes.ts";
import { formatReport, type Report } from "./report.ts";
import { carryOut, nodeCount, type Subject } from "./subject.ts";
import { cpuMs, readDisks } from "./usage.ts";
import { workloads } from "./workloads.ts";

const makePeer = (name: string, isDurable = true): Peer => ({
  name,
  title: `The ${name}`,
  worker: "./none.ts",
  durability: isDurable ? "fsync" : "none",
  isDurable,
  versions: () => "1.2.3",
});

const peers = [makePeer("own"), makePeer("slow"), makePeer("good"), makePeer("forgetful", false)];
const steps = workloads.find(({ name }) => name === "W1")!;
const kill = workloads.find(({ name }) => name === "W5")!;

const sample = (peer: string, value: number, more: Partial<Sample> = {}): Sample => ({
  peer,
  workload: "W1",
  value,
  usage: null,
  memoryBytes: null,
  effects: null,
  room: null,
  ...more,
});

const environment: Environment = {
  date: "2026-11-22 00:00",
  processor: "A processor",
  cores: 2,
  memoryBytes: 2 ** 34,
  load: 0.5,
  versions: { planaria: "0.1.0", node: "26.0.0" },
  durability: "full",
  temporaryFolder: "disk",
};

function makeReport(samples: readonly Sample[], failures: Report["failures"] = []): Report {
  const all = [steps, kill];
  return { environment, peers, workloads: all, summaries: summarize(peers, all, samples, "own"), failures };
}

describe("arguments", () => {
  const parse = (...args: string[]) => parseArguments(args, ["planaria", "restate", "dbos"]);

  test("ask for everything when there are none", () => {
    expect(parse()).toEqual({
      only: null,
      workloads: workloads.map(({ name }) => name),
      rounds: 3,
      quick: false,
      json: false,
      isWhole: true,
    });
  });

  test("name peers and workloads in any order and case, and then it is not the whole bench", () => {
    const asked = parse("--only", "dbos, Restate", "--workloads", "w4,W1b", "--json");
    expect(asked).toMatchObject({ only: ["restate", "dbos"], workloads: ["W1b", "W4"], json: true, isWhole: false });
    expect(parse("--quick")).toMatchObject({ rounds: 1, isWhole: false });
    expect(parse("--rounds", "2")).toMatchObject({ rounds: 2, isWhole: false });
  });

  test.each([
    [["--only", "temporal"], '--only does not know "temporal". It knows planaria, restate, dbos.'],
    [["--workloads", "W1,W10"], '--workloads does not know "W10".'],
    [["--workloads", ""], '--workloads does not know "".'],
    [["--rounds", "0"], '--rounds is a whole number from 1 to 99, not "0".'],
    [["--rounds", "two"], '--rounds is a whole number from 1 to 99, not "two".'],
    [["--fast"], "Unknown option '--fast'"],
    [["restate"], "Unexpected argument 'restate'"],
  ])("that are not known are refused by name: %j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

describe("a summary", () => {
  test("has the median and its spread, and compares with the best durable peer, never with Planaria itself", () => {
    const samples = [
      ...[2, 1, 3].map((value) => sample("own", value)),
      ...[40, 50, 60].map((value) => sample("slow", value)),
      ...[8, 10, 30].map((value) => sample("good", value)),
      sample("forgetful", 0.5),
    ];
    const summaries = summarize(peers, [steps], samples, "own");
    expect(summaries[0]).toMatchObject({ peer: "own", median: 2, least: 1, most: 3, rounds: 3, ratio: 5 });
    expect(summaries.map(({ ratio }) => ratio)).toEqual([5, 0.2, 1, 20]);
  });

  test("has no ratio when no durable peer was measured", () => {
    const summaries = summarize(peers, [steps], [sample("own", 2), sample("forgetful", 1)], "own");
    expect(summaries.map(({ ratio }) => ratio)).toEqual([null, null]);
  });

  test("adds up what became of effects, and takes the medians of costs", () => {
    const usage = { cpuMs: 1, writtenBytes: 10, flushes: 2 };
    const [summary] = summarize(
      peers,
      [kill],
      [
        sample("slow", 1, { workload: "W5", usage, effects: { repeated: 1, lost: 0 } }),
        sample("slow", 1, { workload: "W5", usage: { ...usage, cpuMs: 3 }, effects: { repeated: 1, lost: 2 } }),
      ],
      "own",
    );
    expect(summary).toMatchObject({ effects: { repeated: 2, lost: 2 }, usage: { ...usage, cpuMs: 2 } });
  });
});

describe("the report", () => {
  const usage = { cpuMs: 0.12, writtenBytes: 2_000, flushes: 0.02 };
  const samples = [
    sample("own", 0.1, { usage }),
    sample("good", 1),
    sample("good", 2_000, { workload: "W5", effects: { repeated: 1, lost: 0 } }),
  ];
  const failures: Failure[] = [
    { peer: "forgetful", workload: "W5", reason: "it keeps nothing" },
    { peer: "slow", workload: "W1", reason: "it does not start" },
    { peer: "slow", workload: "W5", reason: "it does not start" },
  ];
  const text = formatReport(makeReport(samples, failures), "peers.svg");
  const rows = text.split("\n").filter((line) => line.startsWith("| W1 "));
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));

  test("has ratios, medians as rates and costs, and dashes where nothing was measured", () => {
    expect(cells[0]).toEqual(["", "W1 1,000 steps, one by one", "10×", "–", "1.0×", "–", ""]);
    expect(cells[1]!.slice(2, 5)).toEqual(["10,000/s (10,000 to 10,000)", "–", "1,000/s (1,000 to 1,000)"]);
    expect(cells[2]!.slice(2, 5)).toEqual(["120 µs, 2,000 B, 0.02 fl.", "–", "–"]);
  });

  test("says what became of effects, who is not durable, and why a figure is missing", () => {
    expect(text).toMatch(/W5: effects repeated, lost.* 1, 0 of 1 kills /);
    expect(text).toContain("| The forgetful, memory only |");
    expect(text).toContain("* **The forgetful** 1.2.3. Durable: none. No W5: it keeps nothing.");
    expect(text).toContain("* **The slow** 1.2.3. Durable: fsync. No W1, W5: it does not start.");
  });

  test("says what those take up that wait, and how many came to, and compares them with nobody", () => {
    const wait = workloads.find(({ name }) => name === "W9")!;
    const rooms = ["own", "good"].map((peer, index) =>
      sample(peer, 1, {
        workload: "W9",
        room: { diskBytes: 1_000, memoryBytes: 20_480, count: index === 0 ? 1_000 : 70 },
      }),
    );
    const summaries = summarize(peers, [wait], rooms, "own");
    expect(summaries.map(({ ratio }) => ratio)).toEqual([null, null]);
    const lines = formatReport({ environment, peers, workloads: [wait], summaries, failures: [] }).split("\n");
    const found = lines
      .filter((line) => line.startsWith("| W9 "))
      .map((line) => line.split("|").map((cell) => cell.trim()));
    expect(found).toEqual([["", "W9 1,000 that wait", "1,000 B, 20 KiB", "–", "1,000 B, 20 KiB, of 70", "–", ""]]);
  });

  test("names the machine, its load and the chart", () => {
    expect(text).toContain(
      "2 × A processor, 16 GiB; node 26.0.0; data on the disk of the temporary folder. 1 round; load",
    );
    expect(text).toContain("](peers.svg)");
    expect(formatReport(makeReport(samples))).not.toContain("svg");
  });

  test("says so when flushes cost nothing", () => {
    const report = { ...makeReport(samples), environment: { ...environment, temporaryFolder: "memory" as const } };
    expect(formatReport(report)).toContain("DATA IN MEMORY: no flush costs anything");
  });
});

describe("a chart", () => {
  const chart = drawChart(
    makeReport([sample("own", 0.1), sample("good", 1), sample("slow", 100), sample("forgetful", 1)]),
  );

  test("has a bar for each figure, to the right of 1× where faster and to the left where slower", () => {
    const bars = [...chart.matchAll(/<rect class="(own|peer|memory)" x="([\d.]+)".* width="([\d.]+)"/g)];
    const [own, slow, good, forgetful] = bars.map(([, kind, x, width]) => ({
      kind,
      x: Number(x),
      width: Number(width),
    }));
    expect(bars).toHaveLength(4);
    expect(own!.x).toBe(good!.x);
    expect(slow!.x).toBeLessThan(good!.x);
    expect(slow!.width).toBeCloseTo(2 * own!.width, 0);
    expect([own, slow, good, forgetful].map((each) => each!.kind)).toEqual(["own", "peer", "peer", "memory"]);
  });

  test("is well-formed, and leaves out a workload without figures", () => {
    expect(chart).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(chart).not.toContain("W5");
    expect(chart).not.toMatch(/NaN|Infinity|undefined/);
    expect(drawChart(makeReport([]))).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("takes no title for markup", () => {
    const titled = { ...steps, title: () => "a < b & c" };
    const summaries = summarize(peers, [titled], [sample("good", 1)], "own");
    expect(drawChart({ peers, workloads: [titled], summaries })).toContain("a &#60; b &#38; c");
  });
});

describe("sections of the results", () => {
  const text = "# Results\n\nWritten.\n\n## Today\n\nfigures\n\n## History\n\nlines\n";

  test("are added last, replaced in place, and leave the others as they are", () => {
    const added = replaceSection(text, "Peers", "a table");
    expect(added).toBe(`${text}\n## Peers\n\na table\n`);
    const between = replaceSection(added, "History", "more lines\n");
    expect(between).toBe(added.replace("lines", "more lines"));
    expect(sectionOf(between, "Peers")).toBe("a table");
    expect(replaceSection(added, "Peers", "a table")).toBe(added);
  });

  test("are not found by a part of their title, nor by a line of another", () => {
    expect(sectionOf("## Peers of old\n\nno\n### Peers\n", "Peers")).toBe("");
    expect(replaceSection("", "Peers", "a table")).toBe("## Peers\n\na table\n");
  });

  test("of the peers survive when the other command writes its own", () => {
    const results = { environment, summaries: [], flatness: [] };
    const first = formatResults(results, "");
    const second = formatResults(results, replaceSection(first, peersTitle, "### Medians\n\na table"));
    expect(sectionOf(second, peersTitle)).toBe("### Medians\n\na table");
    expect(sectionOf(second, "History")).not.toContain("a table");
    expect(second.match(/^## /gm)).toHaveLength(3);
  });
});

describe("what the system tells", () => {
  test("is read though a process is named badly", () => {
    const stat = `7 (a (b) c) S 1 7 7 0 -1 0 ${"0 ".repeat(4)}11 22 33 44 20 0`;
    expect(statFields(stat).slice(0, 2)).toEqual(["S", "1"]);
    expect(cpuMs(stat)).toBe(1_100);
    expect(cpuMs(undefined)).toBe(0);
  });

  test("counts a disk once, and not its partitions", () => {
    const disk = " 254 0 vda 1 0 8 1 5 0 100 3 0 1 1 0 0 0 0 7 9";
    const partition = " 254 1 vda1 1 0 8 1 5 0 100 3 0 1 1 0 0 0 0 0 0";
    expect(readDisks(`${disk}\n${partition}\n`)).toEqual({ writtenBytes: 51_200, flushes: 7 });
  });

  test("of effects says which came twice and which never", () => {
    expect(countEffects("0\n1\n1\n3\n", 4)).toEqual({ repeated: 1, lost: 1 });
    expect(countEffects("", 2)).toEqual({ repeated: 0, lost: 2 });
  });
});

describe("a task", () => {
  const refuse = () => Promise.reject(new Error("not asked for"));
  const subject: Subject = {
    steps: refuse,
    calls: refuse,
    children: refuse,
    crawl: refuse,
    openPromise: refuse,
    trivial: refuse,
    effects: refuse,
    pause: refuse,
    resume: refuse,
    suspend: refuse,
  };

  test("of a crawl is refused when not all nodes were visited", async () => {
    const task = { job: "crawl", size: 2, name: "crawl-1" } as const;
    expect(await carryOut({ ...subject, crawl: async () => nodeCount(2) }, task)).toMatchObject({ count: 21 });
    await expect(carryOut({ ...subject, crawl: async () => 20 }, task)).rejects.toThrow("20 nodes, not 21");
  });

  test("opens all promises before it settles the first, and times each", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const done: string[] = [];
    const openPromise = async (name: string) => {
      done.push(`open ${name}`);
      return { settle: async () => done.push(`settle ${name}`), result: async () => done.push(`result ${name}`) };
    };
    const answer = carryOut({ ...subject, openPromise }, { job: "promises", size: 2, name: "p" });
    await vi.runAllTimersAsync();
    expect((await answer).timesMs).toHaveLength(2);
    expect(done).toEqual(["open p-0", "open p-1", "settle p-0", "result p-0", "settle p-1", "result p-1"]);
  });

  test("of workflows that wait counts those that came to", async () => {
    const started: string[] = [];
    const suspend = async (name: string) => started.push(name);
    const answer = await carryOut({ ...subject, suspend }, { job: "suspended", size: 300, name: "s" });
    expect(answer).toMatchObject({ count: 300 });
    expect(new Set(started).size).toBe(300);
  });

  test("that fails, fails with the reason of the peer", async () => {
    await expect(carryOut(subject, { job: "steps", size: 1, name: "s" })).rejects.toThrow("not asked for");
  });
});
