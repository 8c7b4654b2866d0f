import { perSecond, sample, type Bench, type Measure, type Sample, type Setup } from "./measure.ts";
import { makeFile, Scene } from "./scene.ts";

const driver = 'driver("bench")';

/** A kind of call: what is asked for how many of them. `round` is a name that no other round has. */
interface Kind {
  measure: Measure;
  count: number;
  ask(scene: Scene, count: number, round: string): Promise<unknown>;
}

/** The callee's step, in a memory that is made fresh for it, and the caller's part; an agent, two steps, an invocation. */
const newAgent: Measure["floor"] = { "guest step, 1 import": 2, "memory in": 1, "SQLite row, in hundreds, fsync": 4 };

const kinds: Kind[] = [
  {
    measure: {
      name: "await run(…), one by one",
      short: "run",
      unit: "µs",
      aim: perSecond(5_000),
      floor: { "guest step of a run, 2 imports": 1, "SQLite row, in hundreds, fsync": 1 },
    },
    count: 3_000,
    ask: (scene, count) => scene.call(driver, "runs", count),
  },
  {
    measure: { name: "run(…), 1,000 at once", short: "run at once", unit: "µs" },
    count: 1_000,
    ask: (scene, count) => scene.call(driver, "runsAtOnce", count),
  },
  {
    measure: {
      name: "call of another agent, one by one",
      short: "call",
      unit: "µs",
      aim: perSecond(2_000),
      // The callee's step and the caller's, each in a thread that is told so and answers.
      floor: { "guest step, 1 import": 2, "message to a thread and back": 2, "SQLite row, in hundreds, fsync": 3 },
    },
    count: 1_500,
    ask: (scene, count) => scene.call(driver, "calls", count),
  },
  {
    measure: {
      name: "call of a new agent, 1,000 at once",
      short: "new agent",
      unit: "µs",
      aim: perSecond(4_000),
      floor: newAgent,
    },
    count: 1_000,
    ask: (scene, count, round) => scene.call(driver, "agentsAtOnce", round, count),
  },
  {
    measure: {
      name: "rpc(…) to a function, 1,000 at once",
      short: "function",
      unit: "µs",
      aim: perSecond(4_000),
      floor: newAgent,
    },
    count: 1_000,
    ask: (scene, count) => scene.call(driver, "functionsAtOnce", count),
  },
  {
    measure: {
      name: "call from outside, one by one",
      short: "outside",
      unit: "µs",
      floor: { "guest step, 1 import": 1, "message to a thread and back": 1, "SQLite commit of 1 row, fsync": 1 },
    },
    count: 200,
    async ask(scene, count) {
      for (let i = 0; i < count; i += 1) await scene.call('cell("outside")', "add");
    },
  },
];

/** Calls of every kind, most of them by one agent. Each round ends when the outcome of its last invocation is durable. */
export async function openCalls({ component, scale }: Setup): Promise<Bench> {
  const { file, remove } = await makeFile();
  const scene = await Scene.open(file);
  await scene.host.addComponent(component, "bench");
  const askAll = async (round: string): Promise<Sample[]> => {
    const samples: Sample[] = [];
    for (const { measure, count: most, ask } of kinds) {
      const count = Math.ceil(most * scale);
      samples.push(await sample(measure.name, count, () => ask(scene, count, round)));
    }
    return samples;
  };
  await askAll("warm-up");
  return {
    name: "calls",
    measures: kinds.map(({ measure }) => measure),
    round: (index) => askAll(`round ${index}`),
    async close() {
      await scene[Symbol.asyncDispose]();
      await remove();
    },
  };
}
