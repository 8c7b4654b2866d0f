import { perSecond, sample, type Bench, type Measure, type Setup } from "./measure.ts";
import { makeFile, Scene } from "./scene.ts";

const measures = [
  {
    name: "await run(…), one by one",
    short: "run",
    unit: "µs",
    aim: perSecond(5_000),
    floor: { "guest step of a run, 2 imports": 1 },
  },
  { name: "run(…), 1,000 at once", short: "run at once", unit: "µs" },
  {
    name: "call of another agent, one by one",
    short: "call",
    unit: "µs",
    aim: perSecond(2_000),
    // The callee's step and the caller's, each in a thread that is told so and answers.
    floor: { "guest step, 1 import": 2, "message to a thread and back": 2 },
  },
  {
    name: "new agents, 1,000 at once",
    short: "new agent",
    unit: "µs",
    aim: perSecond(4_000),
    floor: { "guest step, 1 import": 1, "memory out and in": 1, "SQLite row, in hundreds, fsync": 4 },
  },
  {
    name: "rpc(…) to functions, 1,000 at once",
    short: "function",
    unit: "µs",
    floor: { "guest step, 1 import": 1, "memory out and in": 1, "SQLite row, in hundreds, fsync": 4 },
  },
] as const satisfies Measure[];

/** Calls of every kind, from a driver agent: its invocation is called from outside, and its outcome is durable at the end. */
export async function openCalls({ component, scale }: Setup): Promise<Bench> {
  const { file, remove } = await makeFile();
  const scene = await Scene.open(file);
  await scene.host.addComponent(component, "bench");
  const many = Math.ceil(3_000 * scale);
  const fan = Math.ceil(1_000 * scale);
  const [runs, runsAtOnce, calls, agentsAtOnce, functionsAtOnce] = measures;
  const driver = 'driver("bench")';
  const ask = async (round: string) => [
    await sample(runs.name, many, () => scene.call(driver, "runs", many)),
    await sample(runsAtOnce.name, fan, () => scene.call(driver, "runsAtOnce", fan)),
    await sample(calls.name, many / 2, () => scene.call(driver, "calls", many / 2)),
    await sample(agentsAtOnce.name, fan, () => scene.call(driver, "agentsAtOnce", round, fan)),
    await sample(functionsAtOnce.name, fan, () => scene.call(driver, "functionsAtOnce", fan)),
  ];
  await ask("warm-up");
  return {
    name: "calls",
    measures: [...measures],
    round: (index) => ask(`round ${index}`),
    async close() {
      await scene[Symbol.asyncDispose]();
      await remove();
    },
  };
}
