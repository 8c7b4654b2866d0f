import { clientCount, nodeCount, type Task } from "./subject.ts";

export const workloadNames = ["W1", "W1b", "W2", "W3", "W4", "W5", "W6"] as const;

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
  /** Told as operations in a second; as the time of all of it; or as the median of the times of each. */
  told: "rate" | "time" | "each";
  /** What its costs are of; null: they say nothing. */
  unit: string | null;
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
    size: 67,
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
];
