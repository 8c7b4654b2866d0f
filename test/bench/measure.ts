import type { FloorName } from "./floors.ts";

/** A figure that a bench takes, round after round. */
export interface Measure {
  name: string;
  /** Its heading in the history of results. */
  short?: string;
  /** Of one operation: what it takes of time or room. */
  unit: "µs" | "bytes";
  /** At most so much. */
  aim?: number;
  /** What the same would take if nothing had to be done but this: how often each floor is paid for one operation. */
  floor?: Partial<Record<FloorName, number>>;
}

/** One round's value of a measure. `cpu` is the CPU time of all threads, in µs of one operation, where it was taken. */
export interface Sample {
  measure: string;
  value: number;
  cpu?: number;
}

/** Measures that are to be the same whatever the history is: the largest median at most so many times the smallest. */
export interface Flatness {
  of: string[];
  within: number;
}

/** What is asked in one go. Rounds of all benches take turns, so that a slow minute of the machine hits all alike. */
export interface Bench {
  name: string;
  measures: Measure[];
  flatness?: Flatness;
  /** Asks once. */
  round(index: number): Promise<Sample[]>;
  close?(): Promise<void>;
}

/** What a bench is made of: the component, and by how much smaller than usual its rounds are. */
export interface Setup {
  component: Uint8Array;
  scale: number;
}

/** Takes the time of some work that does `count` operations. */
export async function sample(measure: string, count: number, work: () => unknown): Promise<Sample> {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  await work();
  const value = ((performance.now() - before) * 1_000) / count;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { measure, value, cpu: (user + system) / count };
}

export function perSecond(rate: number): number {
  return 1_000_000 / rate;
}
