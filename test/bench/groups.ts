import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { sample, type Bench, type Measure, type Sample, type Setup } from "./measure.ts";
import { makeFile, Scene } from "./scene.ts";

const sizes = [1, 2, 3];
const callCount = 3_000;
const named = (nodes: number) => `rpc(…) to a group of ${nodes}, 3,000 at once`;

const measures: Measure[] = sizes.map((nodes) => ({
  name: named(nodes),
  short: `group of ${nodes}`,
  unit: "µs",
  // The callee's step in a fresh memory, and the caller's part; an agent, two steps, an invocation, what waits for it.
  floor: { "guest step, 1 import": 2, "memory in": 1, "SQLite row, in hundreds, fsync": 6 },
}));

/** Calls of one function that one, two and three processes carry out, all on one file; the caller is none of them. */
export async function openGroups({ component, scale }: Setup): Promise<Bench> {
  const { file, remove } = await makeFile();
  const scene = await Scene.open(file);
  await scene.host.addComponent(component, "bench");
  const count = Math.ceil(callCount * scale);
  const call = (group: string, calls: number) => scene.call('driver("groups")', "functionsInGroup", group, calls);
  return {
    name: "groups",
    measures,
    async round(index) {
      const samples: Sample[] = [];
      const group = `round-${index}`;
      const nodes: ChildProcess[] = [];
      try {
        for (const size of sizes) {
          nodes.push(await startNode(file, group, `w${size}`));
          // Each loads the component's compiled code.
          await call(group, 20 * size);
          samples.push(await sample(named(size), count, () => call(group, count)));
        }
      } finally {
        for (const node of nodes) await endNode(node);
      }
      return samples;
    },
    async close() {
      await scene[Symbol.asyncDispose]();
      await remove();
    },
  };
}

async function startNode(file: string, group: string, name: string): Promise<ChildProcess> {
  const node = fork(new URL("./groups-process.ts", import.meta.url), [file, group, name]);
  const exit = once(node, "exit").then(([code]) => {
    throw new Error(`groups-process.ts ended with code ${code}.`);
  });
  exit.catch(() => {});
  await Promise.race([once(node, "message"), exit]);
  return node;
}

/** It leaves when its channel closes. */
async function endNode(node: ChildProcess): Promise<void> {
  const exit = once(node, "exit");
  node.disconnect();
  await exit;
}
