import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { answerParent } from "./own-process.ts";
import { buildComponent, makeFile, Scene } from "./scene.ts";

/** What one agent takes. */
export interface Room {
  diskBytes: number;
  memoryBytes: number;
}

/** More agents than a thread has instances: from then on, no new one takes an instance of its own. */
const warmUp = 64;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function measure(count: number): Promise<Room> {
  const { file, remove } = await makeFile();
  try {
    await using scene = await Scene.open(file);
    await scene.host.addComponent(await buildComponent(), "bench");
    for (let i = 0; i < warmUp; i += 1) await scene.call(`cell("warm-up ${i}")`, "add");
    const before = await takenBytes(scene);
    await scene.call('driver("bench")', "suspendMany", "held", count);
    await scene.host.settled();
    const after = await takenBytes(scene);
    return { diskBytes: (after.disk - before.disk) / count, memoryBytes: (after.memory - before.memory) / count };
  } finally {
    await remove();
  }
}

async function takenBytes({ store }: Scene): Promise<{ disk: number; memory: number }> {
  collectGarbage();
  return { disk: (await store.sizes()).totalBytes, memory: process.memoryUsage.rss() };
}

answerParent(await measure(Number(process.argv[2])));
