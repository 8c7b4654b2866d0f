import { readFileSync } from "node:fs";
import { join } from "node:path";
import { agentId, derivedPromiseId, invocationKey } from "../../host/base/id.ts";
import { buildWat } from "../components/wat.ts";
import { sample, type Bench, type Measure, type Sample, type Setup } from "./measure.ts";
import { makeFile, Scene } from "./scene.ts";

const counts = [10, 1_000, 10_000] as const;
const recovery = (count: number) => `blocking call that recovers ${count.toLocaleString("en")} operations`;

const measures: Measure[] = [
  { name: "typed call from outside, one by one", short: "typed call", unit: "µs" },
  { name: "typed call with a list of 1 MB", short: "1 MB", unit: "µs" },
  { name: "import in a typed call", short: "import", unit: "µs" },
  { name: "blocking call of a host function", short: "blocking", unit: "µs" },
  ...counts.map((count) => ({ name: recovery(count), short: `blocked at ${count}`, unit: "µs" as const })),
];

/**
 * A guest with typed exports that blocks, hand-written, so that nothing of a language's own is in the figures.
 *
 * Recovery is that of an agent in the midst of a call: all that it did since the call began is done again.
 */
export async function openBlocking({ scale }: Setup): Promise<Bench> {
  const text = (ending: string) => readFileSync(join(import.meta.dirname, `blocking.${ending}`), "utf8");
  const component = await buildWat(text("wat"), text("wit"));
  const { file, remove } = await makeFile();
  const many = Math.ceil(500 * scale);
  const bytes = Buffer.alloc(1_000_000, 7).toString("base64");
  return {
    name: "blocking",
    measures,
    async round(index) {
      const samples: Sample[] = [];
      const take = async (name: string, count: number, work: () => unknown) =>
        samples.push(await sample(name, count, work));
      {
        await using scene = await Scene.open(file);
        await scene.host.addComponent(component, "blocking");
        const agent = `blocking("${index}")`;
        await scene.call(agent, "naps", 10);
        const [call, list, read, block] = measures.map(({ name }) => name) as [string, string, string, string];
        await take(call, many, async () => {
          for (let i = 0; i < many; i += 1) await scene.call(agent, "nothing");
        });
        await take(list, 10, async () => {
          for (let i = 0; i < 10; i += 1) await scene.call(agent, "length", bytes);
        });
        await take(read, many * 100, () => scene.call(agent, "reads", many * 100));
        await take(block, many, () => scene.call(agent, "naps", many));
        for (const count of counts) await begin(scene, `${index} ${count}`, Math.ceil(count * scale));
      }
      await using scene = await Scene.open(file);
      await scene.call(`blocking("warm ${index}")`, "naps", 10);
      for (const count of counts) await take(recovery(count), 1, () => end(scene, `${index} ${count}`));
      return samples;
    },
    close: remove,
  };
}

/** Has an agent sleep so many times, and wait for a promise then. */
async function begin({ host, store }: Scene, name: string, count: number): Promise<void> {
  const callee = { agent: `blocking("${name}")`, method: "naps-before" };
  const { agent } = await host.call({ callee, args: `[${count}]`, key: name });
  // Each nap is a step of its own, of three entries.
  const isThere = async () =>
    (await store.agent(agent))!.length > 3 * count && (await host.inspect(agent)).operations.length === 1;
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Settles the promise, and waits for the call. */
async function end({ host }: Scene, name: string): Promise<void> {
  const agent = agentId(`blocking("${name}")`);
  await host.settlePromise(derivedPromiseId(agent, 1), "resolved", "1");
  await host.result({ agent, key: invocationKey(name) });
}
