import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { compress, decompress } from "../../../host/base/compression.ts";
import { guardOwnWork, WorkGuard } from "../../../host/base/undisturbed.ts";

/** A process that ends so many threads while they compress, and the last one by leaving itself. */
async function endThreads(count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1) {
    const guard = new WorkGuard();
    const worker = new Worker(new URL(import.meta.url), { workerData: guard.memory });
    await new Promise((resolve) => worker.once("message", resolve));
    // What must not be broken off takes microseconds, so the moments are spread.
    const until = performance.now() + (2 * index) / count;
    while (performance.now() < until);
    if (index === count) process.exit(0);
    guard[Symbol.dispose]();
    await worker.terminate();
  }
}

function compressForEver(): never {
  guardOwnWork(workerData);
  parentPort!.postMessage("begun");
  const bytes = new Uint8Array(16);
  for (;;) decompress(compress(bytes), bytes.length);
}

if (isMainThread) await endThreads(Number(process.argv[2]));
else compressForEver();
