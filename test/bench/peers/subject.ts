import type { Place } from "./servers.ts";

/** A promise that a workflow of its own waits for. */
interface OpenPromise {
  /** Completes it from outside. */
  settle(): Promise<unknown>;
  /** The workflow's result, as somebody outside learns it. */
  result(): Promise<unknown>;
}

/** What every peer is asked for: the same work, in its own words. */
export interface Subject {
  /** One workflow of so many steps, one by one: a function of this process that is called, and its result journaled. */
  steps(count: number): Promise<unknown>;
  /** One workflow of so many calls of another, one by one. */
  calls(count: number): Promise<unknown>;
  /** One workflow of so many calls of others at once. */
  children(count: number): Promise<unknown>;
  /** A workflow that calls itself `branching` times at once, `depth` times deep. Gives how many there were. */
  crawl(branching: number, depth: number): Promise<number>;
  openPromise(name: string): Promise<OpenPromise>;
  /** Calls a durable function that does nothing, from outside. */
  trivial(): Promise<unknown>;
  /**
   * One workflow of so many steps that each fetch `url` with its number behind.
   *
   * The same name is the same workflow: asked again, in another process too, it resolves when that one is through.
   */
  effects(name: string, count: number, url: string): Promise<unknown>;
  /**
   * Makes a workflow of so many steps that has come to its end. What it gives copies that one as it was before the last
   * of them, and resolves when the copy has come to its end, too.
   */
  openFork?(name: string, count: number): Promise<() => Promise<unknown>>;
  /** One workflow of so many steps that then waits for a promise. Resolves when it waits, to what tells `resume` of it. */
  pause(name: string, count: number): Promise<string>;
  /** Settles that promise, in another process, and resolves when the workflow has come to its end. */
  resume(name: string, count: number, token: string): Promise<unknown>;
  /** Starts a workflow that waits for a promise which nobody settles. Resolves when it waits. */
  suspend(name: string): Promise<unknown>;
}

/** How many copies are made of each history. */
const forkCount = 10;
/** How many workflows are on their way to their promises at once. */
const suspendingCount = 256;
/** How long workflows that are to wait are started, at most. */
export const suspendingMs = 15_000;

/** In the process of those who wait: who starts a workflow here hears when it has come to its promise. */
export class Arrivals {
  readonly #waiting = new Map<string, (token: string) => void>();

  expect(name: string): Promise<string> {
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  arrive(name: string, token = ""): void {
    this.#waiting.get(name)?.(token);
    this.#waiting.delete(name);
  }
}

const branching = 4;

/** How many nodes a tree of so many levels below its root has. */
export const nodeCount = (depth: number) => (branching ** (depth + 1) - 1) / (branching - 1);

/** How many clients call at once. */
export const clientCount = 32;

/** A piece of work: how much of it, and what names it among all others of a run. */
export interface Task {
  job:
    | "steps"
    | "calls"
    | "children"
    | "crawl"
    | "promises"
    | "clients"
    | "effects"
    | "forks"
    | "pause"
    | "resume"
    | "suspended";
  size: number;
  name: string;
  url?: string;
  token?: string;
}

/** How long a task took: one time for all of it, or one for each promise; and how many operations it was. */
export interface Answer {
  timesMs: number[];
  count: number;
  /** What another process is to be told that goes on with it. */
  token?: string;
}

export async function carryOut(subject: Subject, task: Task): Promise<Answer> {
  const { job, size, name, url = "", token = "" } = task;
  switch (job) {
    case "steps":
      return { timesMs: [await time(() => subject.steps(size))], count: size };
    case "calls":
      return { timesMs: [await time(() => subject.calls(size))], count: size };
    case "children":
      return { timesMs: [await time(() => subject.children(size))], count: size };
    case "crawl": {
      let count = 0;
      const timeMs = await time(async () => (count = await subject.crawl(branching, size)));
      if (count !== nodeCount(size)) throw new Error(`The crawl came through ${count} nodes, not ${nodeCount(size)}.`);
      return { timesMs: [timeMs], count };
    }
    case "promises":
      return settleAll(subject, size, name);
    case "clients":
      return callFor(subject, size);
    case "effects":
      return { timesMs: [await time(() => subject.effects(name, size, url))], count: size };
    case "forks":
      return forkAll(subject, size, name);
    case "pause": {
      let paused = "";
      const timeMs = await time(async () => (paused = await subject.pause(name, size)));
      return { timesMs: [timeMs], count: size, token: paused };
    }
    case "resume":
      return { timesMs: [await time(() => subject.resume(name, size, token))], count: size };
    case "suspended":
      return suspendAll(subject, size, name);
  }
}

async function forkAll(subject: Subject, size: number, name: string): Promise<Answer> {
  const fork = await subject.openFork!(name, size);
  const timesMs: number[] = [];
  for (let i = 0; i < forkCount; i += 1) timesMs.push(await time(fork));
  return { timesMs, count: forkCount };
}

/** Starts as many as there are to be, or as come to wait in time. */
async function suspendAll(subject: Subject, size: number, name: string): Promise<Answer> {
  let [begun, count] = [0, 0];
  const start = performance.now();
  const client = async () => {
    while (begun < size && performance.now() - start < suspendingMs) {
      await subject.suspend(`${name}-${(begun += 1)}`);
      count += 1;
    }
  };
  const clients = Promise.all(Array.from({ length: suspendingCount }, client));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, suspendingMs)));
  const timeMs = await time(() => Promise.race([clients, late]));
  clearTimeout(timer);
  return { timesMs: [timeMs], count };
}

/** All are opened before the first is settled, and given a moment to be waited for. */
async function settleAll(subject: Subject, size: number, name: string): Promise<Answer> {
  const promises = await Promise.all(Array.from({ length: size }, (_, i) => subject.openPromise(`${name}-${i}`)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const timesMs: number[] = [];
  for (const { settle, result } of promises) {
    timesMs.push(
      await time(async () => {
        await settle();
        await result();
      }),
    );
  }
  return { timesMs, count: size };
}

/** Calls for so many milliseconds. Calls under way in the end are waited for and count, and so does their time. */
async function callFor(subject: Subject, durationMs: number): Promise<Answer> {
  let count = 0;
  const start = performance.now();
  const client = async () => {
    for (; performance.now() - start < durationMs; count += 1) await subject.trivial();
  };
  const timeMs = await time(() => Promise.all(Array.from({ length: clientCount }, client)));
  return { timesMs: [timeMs], count };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** What a worker answers to a task, by its number; number 0 says that it is ready. */
export type Reply = { id: number; answer?: Answer; error?: string };

/** The worker's side: opens the subject, and carries out what it is told, until nobody tells it any more. */
export async function serveSubject(open: (place: Place) => Promise<Subject>): Promise<void> {
  process.on("disconnect", () => process.exit());
  const reply = (message: Reply) => process.send?.(message);
  const subject = await open(JSON.parse(process.argv[2]!));
  process.on("message", ({ id, task }: { id: number; task: Task }) => {
    carryOut(subject, task).then(
      (answer) => reply({ id, answer }),
      (error: unknown) => reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  reply({ id: 0 });
}
