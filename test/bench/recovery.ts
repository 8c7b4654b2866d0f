import { histories } from "./history.ts";
import type { Bench, Measure, Sample, Setup } from "./measure.ts";
import { askProcess } from "./own-process.ts";
import { makeFile, Scene } from "./scene.ts";

export const openingHost = "host on a file";
export const firstCall = "first call there, compiled code loaded";
export const coldRecovery = "first call that recovers 1,000 entries";
export const recovery = (entries: number) => `call that recovers ${entries.toLocaleString("en")} entries`;

const aim = 50_000;
const measures: Measure[] = [
  { name: openingHost, unit: "µs" },
  { name: firstCall, unit: "µs" },
  { name: coldRecovery, short: "first recovery", unit: "µs", aim },
  ...histories.map(({ entries }) => ({
    name: recovery(entries),
    short: `recovery of ${entries}`,
    unit: "µs" as const,
    aim,
  })),
];

/** How many agents of each history a round recovers. */
export const agentsOfEach = 3;

/** A process that opens a file with agents of some history, and calls each for the first time. */
export async function openRecovery({ component }: Setup): Promise<Bench> {
  const { file, remove } = await makeFile();
  return {
    name: "recovery",
    measures,
    flatness: { of: histories.slice(1).map(({ entries }) => recovery(entries)), within: 1.2 },
    async round(index) {
      {
        await using scene = await Scene.open(file);
        await scene.host.addComponent(component, "bench");
        await scene.call(`cell("cold ${index}")`, "work", histories[1].runs);
        for (const { entries, runs } of histories) {
          for (let agent = 0; agent < agentsOfEach; agent += 1) {
            await scene.call(`cell("${entries} ${index} ${agent}")`, "work", runs);
          }
        }
      }
      return askProcess<Sample[]>("./recovery-process.ts", [file, String(index)]);
    },
    close: remove,
  };
}
