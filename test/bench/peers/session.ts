import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../summary.ts";
import { Effects, type EffectCount } from "./effects.ts";
import type { Peer } from "./peers.ts";
import { end, type Server } from "./processes.ts";
import { findPorts, type Place } from "./servers.ts";
import type { Task } from "./subject.ts";
import { takeFolderBytes, takeMemoryBytes, takeUsage, usedBetween, type Usage } from "./usage.ts";
import { Worker } from "./worker.ts";
import type { Workload } from "./workloads.ts";

/** What a workload took a peer in one round. */
export interface Figure {
  /** Milliseconds: of an operation where a rate is told, of all of it, or the median of each. */
  value: number;
  /** Of one operation. */
  usage: Usage | null;
  /** Of all processes, behind it. */
  memoryBytes: number | null;
  effects: EffectCount | null;
  room: Room | null;
}

/** What one workflow that waits takes up, of so many that came to wait. */
export interface Room {
  diskBytes: number;
  memoryBytes: number;
  count: number;
}

/** Small tasks that go before, so that nothing is done for the first time. */
const warmUp: Pick<Task, "job" | "size">[] = [
  { job: "steps", size: 50 },
  { job: "calls", size: 5 },
  { job: "children", size: 20 },
  { job: "crawl", size: 1 },
  { job: "clients", size: 200 },
];

/** How long clients call before they are measured, in milliseconds. */
const clientsWarmUpMs = 2_000;

/** How long a peer is left alone before it is looked at how much room it takes up. */
const restMs = 2_000;

/** A kill comes so long after an answer, at most: about as long as a step takes. */
const killWithinMs = 4;

/** A peer at work: its server and its worker, with their data in a folder of their own. Nothing of it stays. */
export class Session implements AsyncDisposable {
  readonly #peer: Peer;
  readonly #place: Place;
  #server: Server | undefined;
  #worker: Worker | undefined;
  #tasks = 0;

  private constructor(peer: Peer, place: Place) {
    this.#peer = peer;
    this.#place = place;
  }

  static async open(peer: Peer): Promise<Session> {
    const folder = await mkdtemp(join(tmpdir(), "planaria-peers-"));
    const session = new Session(peer, { folder, ports: await findPorts(4) });
    try {
      session.#server = await peer.start?.(session.#place);
      const worker = await session.#startWorker();
      for (const task of warmUp) await worker.carryOut({ ...task, name: "warm-up" });
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  async ask(workload: Workload): Promise<Figure> {
    const { job } = workload;
    const size = Math.min(workload.size, this.#peer.sizes?.[job] ?? workload.size);
    const task: Task = { job, size, name: `${job}-${(this.#tasks += 1)}` };
    switch (job) {
      case "effects":
        return this.#killAtHalf(task);
      case "resume":
        return this.#killPaused(task);
      case "suspended":
        return this.#suspend(task);
      default:
        return this.#measure(workload, task);
    }
  }

  /** Has it carried out twice, and measures it the second time: engines have then compiled what is used much. */
  async #measure({ told, unit, job, once }: Workload, task: Task): Promise<Figure> {
    const size = job === "clients" ? Math.min(task.size, clientsWarmUpMs) : task.size;
    if (!once) await this.#worker!.carryOut({ ...task, size, name: `${task.name}-first` });
    const before = takeUsage(this.#pids);
    const answer = await this.#worker!.carryOut(task);
    const { cpuMs, writtenBytes, flushes } = usedBetween(before, takeUsage(this.#pids));
    const { count } = answer;
    const usage = { cpuMs: cpuMs / count, writtenBytes: writtenBytes / count, flushes: flushes / count };
    return {
      value: told === "rate" ? median(answer.timesMs) / count : median(answer.timesMs),
      usage: unit === null ? null : usage,
      memoryBytes: job === "children" ? takeMemoryBytes(this.#pids) : null,
      effects: null,
      room: null,
    };
  }

  /** Kills the worker while a workflow waits; counts the time from when the next one is ready until that has come to its end. */
  async #killPaused(task: Task): Promise<Figure> {
    const { token = "" } = await this.#worker!.carryOut({ ...task, job: "pause" });
    await this.#worker![Symbol.asyncDispose]();
    const answer = await (await this.#startWorker()).carryOut({ ...task, token });
    return { value: median(answer.timesMs), usage: null, memoryBytes: null, effects: null, room: null };
  }

  /** What is taken up when so many wait, less what was before, for each of them. */
  async #suspend(task: Task): Promise<Figure> {
    const take = async () => {
      await sleep(this.#peer.restMs ?? restMs);
      return { disk: await takeFolderBytes(this.#place.folder), memory: takeMemoryBytes(this.#pids) };
    };
    const before = await take();
    const { count, timesMs } = await this.#worker!.carryOut(task);
    const after = await take();
    if (count === 0) throw new Error(`None of ${task.size} came to wait.`);
    const room = {
      diskBytes: (after.disk - before.disk) / count,
      memoryBytes: (after.memory - before.memory) / count,
      count,
    };
    return { value: median(timesMs), usage: null, memoryBytes: null, effects: null, room };
  }

  /** Kills the worker when half of the effects have happened; counts the time from there until all is through. */
  async #killAtHalf(task: Task): Promise<Figure> {
    await using effects = await Effects.open(join(this.#place.folder, "effects"));
    const given = { ...task, url: effects.url };
    const half = effects.reached(task.size / 2);
    const first = this.#worker!.carryOut(given);
    await Promise.race([half, first]);
    await sleep(Math.random() * killWithinMs);
    const start = performance.now();
    first.catch(() => {});
    await this.#worker![Symbol.asyncDispose]();
    await (await this.#startWorker()).carryOut(given);
    const value = performance.now() - start;
    return { value, usage: null, memoryBytes: null, effects: effects.count(task.size), room: null };
  }

  async #startWorker(): Promise<Worker> {
    this.#worker = undefined;
    this.#worker = await Worker.start(this.#peer.worker, this.#place);
    return this.#worker;
  }

  get #pids(): number[] {
    return [this.#server?.child.pid, this.#worker?.pid].filter((pid) => pid !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.[Symbol.asyncDispose]();
    if (this.#server) await end(this.#server.child);
    await rm(this.#place.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
