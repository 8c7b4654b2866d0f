import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { captureBase, captureImage, restoreImage } from "../../host/snapshot/image.ts";
import { sample, type Bench, type Sample, type Setup } from "./measure.ts";
import { RawGuest } from "./raw-guest.ts";
import { makeFile } from "./scene.ts";

/** What each thing costs that a durable call is made of, by itself: nobody who uses it gets under that. */
export const floorNames = [
  "empty guest call",
  "guest step, 1 import",
  "guest step of a run, 2 imports",
  "memory out",
  "memory in",
  "message to a thread and back",
  "SQLite commit of 1 row, fsync",
  "SQLite row, in hundreds, fsync",
] as const;

export type FloorName = (typeof floorNames)[number];

export async function openFloors({ component, scale }: Setup): Promise<Bench> {
  const guest = await RawGuest.open(component);
  const base = captureBase(guest.instance);
  const folder = await makeFile();
  const table = openTable(folder.file);
  const worker = new Worker(new URL("./echo-worker.ts", import.meta.url));
  const steps = Math.ceil(2_000 * scale);
  const commits = Math.ceil(300 * scale);
  // Engines compile what is used much anew, faster.
  await guest.run(steps);
  await repeat(steps, () => guest.invokeFunction());

  const floor = (name: FloorName, count: number, work: () => Promise<void>): Promise<Sample> =>
    sample(name, count, work);
  return {
    name: "floor",
    measures: floorNames.map((name) => ({ name, unit: "µs" })),
    async round() {
      return [
        await floor("empty guest call", steps, () => repeat(steps, () => guest.enter())),
        await floor("guest step, 1 import", steps, () => repeat(steps, () => guest.invokeFunction())),
        await floor("guest step of a run, 2 imports", steps, () => guest.run(steps)),
        await floor("memory out", commits, () => repeat(commits, async () => captureImage(guest.instance, base))),
        await floor("memory in", commits, () => repeat(commits, async () => restoreImage(guest.instance, base, null))),
        await floor("message to a thread and back", steps, () => repeat(steps, () => exchange(worker))),
        await floor("SQLite commit of 1 row, fsync", commits, () => repeat(commits, async () => table.insert(1))),
        await floor("SQLite row, in hundreds, fsync", commits * 100, () =>
          repeat(commits, async () => table.insert(100)),
        ),
      ];
    },
    async close() {
      await worker.terminate();
      table.close();
      await folder.remove();
    },
  };
}

async function repeat(count: number, work: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i += 1) await work();
}

/** A message of the size that a step's is. */
function exchange(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once("message", () => resolve());
    worker.postMessage([
      { kind: "send", agent: 'cell("one")', inputs: [{ kind: "delivered", operation: 1, outcome: { value: "1" } }] },
    ]);
  });
}

/** A table as plain as can be, with the settings that a store has. */
function openTable(file: string): { insert(rows: number): void; close(): void } {
  const db = new DatabaseSync(file);
  db.exec(
    "PRAGMA journal_mode = wal; PRAGMA synchronous = full; CREATE TABLE entries (agent TEXT, at INTEGER, entries TEXT) STRICT",
  );
  const add = db.prepare("INSERT INTO entries VALUES (?, ?, ?)");
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const entries = JSON.stringify([
    { kind: "stepped", at: 0 },
    { kind: "delivered", operation: 1, outcome: { value: "1" } },
  ]);
  return {
    insert(rows) {
      begin.run();
      for (let i = 0; i < rows; i += 1) add.run("cell", i, entries);
      commit.run();
    },
    close: () => db.close(),
  };
}
