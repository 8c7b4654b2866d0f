import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type { Changes, Fence, Store } from "../../host/store/store.ts";
import type { Shelf } from "./shelf.ts";

/** Nothing needs to outlive this process: memory does, where it can be had as a folder. */
const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** What a disk writes at once, in bytes. */
const sectorBytes = 512;

/** The database and its log, in the order in which a commit writes them. */
const parts = ["-wal", ""];

/** A file that each host has open by itself. */
export class SqliteShelf implements Shelf {
  readonly #folder = mkdtempSync(join(parent, "planaria-sim-"));
  readonly #now: () => number;
  readonly #connections = new Set<Store>();
  #observer!: Store;
  #lives = 0;
  /** Resolves when the power is back. */
  #powered: Promise<void> = Promise.resolve();

  private constructor(now: () => number) {
    this.#now = now;
  }

  static async open(now: () => number): Promise<SqliteShelf> {
    const shelf = new SqliteShelf(now);
    shelf.#observer = await shelf.#openFile(now);
    return shelf;
  }

  get observer(): Store {
    return this.#observer;
  }

  get #file(): string {
    return join(this.#folder, `${this.#lives}.db`);
  }

  /** What a commit that has returned has written is on the disk: that of a machine whose power fails is made here by hand. */
  async #openFile(now: () => number): Promise<Store> {
    const store = await openSqliteStore({ file: this.#file, now, durability: "relaxed" });
    this.#connections.add(store);
    return store;
  }

  async connect(now: () => number): Promise<Store> {
    await this.#powered;
    return this.#openFile(now);
  }

  async breakOff(store: Store, changes: Changes, fence: Fence, rows: number): Promise<void> {
    const last = changes.steps.length - 1;
    if (last >= 0) await store.commit(limitSteps(changes, Math.min(rows, last)), fence).catch(() => {});
  }

  async cutPower(commit: () => Promise<void>, part: number): Promise<void> {
    const read = () => parts.map((name) => readIfThere(`${this.#file}${name}`));
    const before = read();
    // A store on SQLite has committed when this returns.
    const done = commit();
    const left = tear(before, read(), part);
    const old = [...this.#connections];
    this.#connections.clear();
    this.#lives += 1;
    for (const [index, name] of parts.entries()) writeFileSync(`${this.#file}${name}`, left[index]!);
    this.#powered = this.#recover(old);
    await done.catch(() => {});
    await this.#powered;
  }

  async #recover(old: readonly Store[]): Promise<void> {
    this.#observer = await this.#openFile(this.#now);
    for (const store of old) await store[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#connections) await store[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

function readIfThere(file: string): Buffer {
  return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
}

/** Files as they are when some part of their changed sectors is written, in order, and half of the next one. */
export function tear(before: readonly Buffer[], after: readonly Buffer[], part: number): Buffer[] {
  const changed = after.flatMap((file, index) => findChanged(before[index]!, file).map((at) => ({ index, at })));
  const count = Math.floor(part * (changed.length + 1));
  const left = before.map((file) => Buffer.from(file));
  for (const [number, { index, at }] of changed.slice(0, count + 1).entries()) {
    const end = Math.min(at + (number < count ? sectorBytes : sectorBytes / 2), after[index]!.length);
    if (left[index]!.length < end) left[index] = Buffer.concat([left[index]!], end);
    after[index]!.copy(left[index]!, at, at, end);
  }
  return left;
}

/** Where the sectors begin that differ; files only grow. */
function findChanged(before: Buffer, after: Buffer): number[] {
  const changed: number[] = [];
  for (let at = 0; at < after.length; at += sectorBytes)
    if (!before.subarray(at, at + sectorBytes).equals(after.subarray(at, at + sectorBytes))) changed.push(at);
  return changed;
}

/** Changes of which no more than so many steps can be written: behind the agents' rows, and before all others. */
function limitSteps(changes: Changes, count: number): Changes {
  let left = count;
  const steps = changes.steps.map((step) => ({
    ...step,
    // Nobody but who writes them reads the entries.
    get entries() {
      if ((left -= 1) < 0) throw new Error("The process was killed.");
      return step.entries;
    },
  }));
  return { ...changes, steps };
}
