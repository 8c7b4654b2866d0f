import { histories } from "./history.ts";
import { sample, type Sample } from "./measure.ts";
import { answerParent } from "./own-process.ts";
import { agentsOfEach, coldRecovery, firstCall, openingHost, recovery } from "./recovery.ts";
import { Scene } from "./scene.ts";

async function ask(file: string, round: number): Promise<Sample[]> {
  let opened: Scene | undefined;
  const samples = [await sample(openingHost, 1, async () => (opened = await Scene.open(file)))];
  await using scene = opened!;
  const call = async (measure: string, agent: string) => {
    samples.push(await sample(measure, 1, () => scene.call(agent, "add")));
  };
  await call(firstCall, `cell("new ${round}")`);
  await call(coldRecovery, `cell("cold ${round}")`);
  for (let agent = 0; agent < agentsOfEach; agent += 1) {
    // In turns, since each warms the engine up for the next.
    const order = histories.map((_, index) => histories[(index + round + agent) % histories.length]!);
    for (const { entries } of order) await call(recovery(entries), `cell("${entries} ${round} ${agent}")`);
  }
  return samples;
}

answerParent(await ask(process.argv[2]!, Number(process.argv[3])));
