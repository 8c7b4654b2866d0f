import { systemRandom } from "../../host/system/random.ts";
import { histories } from "./history.ts";
import { sample, type Bench, type Measure, type Sample, type Setup } from "./measure.ts";
import { makeFile, Scene } from "./scene.ts";
import { median } from "./summary.ts";

const latency = (entries: number) => `fork at ${entries.toLocaleString("en")} entries`;
const endToEnd = "fork, one by one, through threads";

const measures: Measure[] = [
  ...histories.map(({ entries }) => ({
    name: latency(entries),
    short: `fork at ${entries}`,
    unit: "µs" as const,
    aim: 1_000,
    floor: { "guest step, 1 import": 2, "memory out": 1, "memory in": 1 },
  })),
  {
    name: endToEnd,
    unit: "µs",
    floor: { "guest step, 1 import": 2, "memory out": 1, "memory in": 1, "SQLite row, in hundreds, fsync": 4 },
  },
];

/**
 * Forks, from the call of the import to both sides' having been given their outcome.
 *
 * The guest draws a random byte before each fork and some behind it (`guest.ts`), so whoever serves its randomness sees
 * the instants; that takes a guest in this thread. Through threads the time is that of many forks, their ends included.
 */
export async function openForks({ component, scale }: Setup): Promise<Bench> {
  const times = Math.ceil(40 * scale);
  const [inThreadFile, file] = [await makeFile(), await makeFile()];
  const marks = new Marks();
  const inThread = await Scene.openInThread(inThreadFile.file, marks);
  const scene = await Scene.open(file.file);
  for (const each of [inThread, scene]) {
    await each.host.addComponent(component, "bench");
    await each.call('cell("warm-up")', "fork", times);
  }

  const ask = async (entries: number, runs: number, round: number): Promise<Sample> => {
    const agent = `cell("${entries} ${round}")`;
    await inThread.call(agent, "work", runs);
    marks.clear();
    await inThread.call(agent, "fork", times);
    await inThread.host.settled();
    return { measure: latency(entries), value: median(marks.spans(times)) };
  };
  return {
    name: "forks",
    measures,
    flatness: { of: histories.map(({ entries }) => latency(entries)), within: 1.2 },
    async round(index) {
      const samples: Sample[] = [];
      for (const { entries, runs } of histories) samples.push(await ask(entries, runs, index));
      samples.push(await sample(endToEnd, times, () => scene.call(`cell("threads ${index}")`, "fork", times)));
      return samples;
    },
    async close() {
      for (const each of [inThread, scene]) await each[Symbol.asyncDispose]();
      for (const each of [inThreadFile, file]) await each.remove();
    },
  };
}

/** Randomness that notes when how many bytes were drawn. */
class Marks {
  #instants = new Map<number, number[]>();

  bytes(count: number): Uint8Array {
    this.#instants.set(count, [...(this.#instants.get(count) ?? []), performance.now()]);
    return systemRandom.bytes(count);
  }

  clear(): void {
    this.#instants.clear();
  }

  /** How long each fork took, in µs, until the later of both sides went on. */
  spans(count: number): number[] {
    const [before = [], original = [], forked = []] = [1, 2, 3].map((bytes) => this.#instants.get(bytes));
    if (forked.length !== count || original.length !== count)
      throw new Error(`Of ${count} forks, ${forked.length} went on.`);
    return before.map((at, index) => (Math.max(original[index]!, forked[index]!) - at) * 1_000);
  }
}
