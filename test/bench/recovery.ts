import { histories } from "./history.ts";
import { sample, type Bench, type Measure, type Sample, type Setup } from "./measure.ts";
import { makeFile, Scene } from "./scene.ts";

const open = "host on a file";
const first = "first call there, compiled code loaded";
const recovered = (entries: number) => `call that recovers ${entries.toLocaleString("en")} entries`;
const warm = "call of an agent at hand";

const measures: Measure[] = [
  { name: open, unit: "µs" },
  { name: first, unit: "µs" },
  ...histories.map(({ entries }) => ({ name: recovered(entries), unit: "µs" as const, aim: 50_000 })),
  { name: warm, unit: "µs", floor: { "guest step, 1 import": 1, "message to a thread and back": 1, "SQLite commit of 1 row, fsync": 2 } },
];

/** A host that opens a file with agents of some history, and calls each for the first time. */
export async function openRecovery({ component }: Setup): Promise<Bench> {
  const { file, remove } = await makeFile();
  return {
    name: "recovery",
    measures,
    flatness: { of: histories.slice(1).map(({ entries }) => recovered(entries)), within: 1.2 },
    async round(index) {
      const agents = histories.map(({ entries, runs }) => ({ entries, runs, agent: `cell("${entries} ${index}")` }));
      {
        await using scene = await Scene.open(file);
        await scene.host.addComponent(component, "bench");
        for (const { agent, runs } of agents) await scene.call(agent, "work", runs);
      }
      const samples: Sample[] = [];
      let opened: Scene | undefined;
      samples.push(await sample(open, 1, async () => (opened = await Scene.open(file))));
      await using scene = opened!;
      const add = (measure: string, agent: string) => sample(measure, 1, () => scene.call(agent, "add"));
      samples.push(await add(first, `cell("new ${index}")`));
      for (const { entries, agent } of agents) samples.push(await add(recovered(entries), agent));
      samples.push(await add(warm, agents[0]!.agent));
      return samples;
    },
    close: remove,
  };
}
