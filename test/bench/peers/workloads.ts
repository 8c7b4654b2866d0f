import { clientCount, nodeCount, type Task } from "./subject.ts";

export const workloadNames = [
  "W1",
  "W1b",
  "W2",
  "W3",
  "W4",
  "W5",
  "W6",
  "W7",
  "W7b",
  "W7c",
  "W8",
  "W8b",
  "W8c",
  "W9",
  "W9b",
  "W9c",
] as const;

export type WorkloadName = (typeof workloadNames)[number];

const many = (count: number) => count.toLocaleString("en");

/** What is asked of every peer, and how its outcome is told. */
export interface Workload {
  name: WorkloadName;
  title(size: number): string;
  job: Task["job"];
  /** How many, or how deep, or for how many milliseconds. */
  size: number;
  quickSize: number;
  /** Told as operations in a second; as the time of all of it; as the median of the times of each; as room taken up. */
  told: "rate" | "time" | "each" | "room";
  /** What its costs are of; null: they say nothing. */
  unit: string | null;
  /** Asked for in one round only, of a peer that has just been started. */
  once?: true;
}

export const workloads: readonly Workload[] = [
  {
    name: "W1",
    title: (count) => `${many(count)} steps, one by one`,
    job: "steps",
    size: 1_000,
    quickSize: 50,
    told: "rate",
    unit: "step",
  },
  {
    name: "W1b",
    title: (count) => `${many(count)} calls of another, one by one`,
    job: "calls",
    size: 1_000,
    quickSize: 20,
    told: "rate",
    unit: "call",
  },
  {
    name: "W2",
    title: (count) => `${many(count)} children at once`,
    job: "children",
    size: 1_000,
    quickSize: 50,
    told: "time",
    unit: "child",
  },
  {
    name: "W3",
    title: (depth) => `crawl of ${many(nodeCount(depth))} nodes`,
    job: "crawl",
    size: 4,
    quickSize: 2,
    told: "time",
    unit: "node",
  },
  {
    name: "W4",
    title: () => "promise settled from outside, p50",
    job: "promises",
    size: 200,
    quickSize: 5,
    told: "each",
    unit: null,
  },
  {
    name: "W5",
    title: (count) => `through ${many(count)} steps after SIGKILL at half`,
    job: "effects",
    size: 1_000,
    quickSize: 50,
    told: "time",
    unit: null,
  },
  {
    name: "W6",
    title: (ms) => `${clientCount} clients for ${ms / 1_000} s`,
    job: "clients",
    size: 10_000,
    quickSize: 500,
    told: "rate",
    unit: "call",
  },
  ...histories("W7", "forks", (count) => `copy of one with ${many(count)} steps behind it, to its end`, "each"),
  ...histories("W8", "resume", (count) => `answer after SIGKILL, ${many(count)} steps behind it`, "time"),
  ...suspended(),
];

/** The same with a short, a long and a very long history. */
function histories(name: "W7" | "W8", job: Task["job"], title: Workload["title"], told: Workload["told"]): Workload[] {
  return (
    [
      [name, 10, 10],
      [`${name}b`, 1_000, 40],
      [`${name}c`, 10_000, 80],
    ] as const
  ).map(([each, size, quickSize]) => ({ name: each, title, job, size, quickSize, told, unit: null, once: true }));
}

function suspended(): Workload[] {
  const title = (count: number) => `${many(count)} that wait`;
  return (
    [
      ["W9", 1_000, 30],
      ["W9b", 10_000, 60],
      ["W9c", 100_000, 90],
    ] as const
  ).map(([name, size, quickSize]) => ({
    name,
    title,
    job: "suspended",
    size,
    quickSize,
    told: "room",
    unit: null,
    once: true,
  }));
}
