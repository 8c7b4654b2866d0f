import { median } from "../summary.ts";
import type { EffectCount } from "./effects.ts";
import type { Peer } from "./peers.ts";
import type { Figure, Room } from "./session.ts";
import type { Usage } from "./usage.ts";
import type { Workload, WorkloadName } from "./workloads.ts";

/** A round's figure, and whose it is. */
export interface Sample extends Figure {
  peer: string;
  workload: WorkloadName;
}

/** Why there is no figure. */
export interface Failure {
  peer: string;
  workload: WorkloadName;
  reason: string;
}

/** What is left of a workload's rounds. `median`, `least` and `most` are milliseconds as in `Figure`. */
export interface Summary {
  peer: string;
  workload: WorkloadName;
  median: number;
  least: number;
  most: number;
  rounds: number;
  /** Medians, of one operation. */
  usage: Usage | null;
  memoryBytes: number | null;
  /** Of all rounds together. */
  effects: EffectCount | null;
  room: Room | null;
  /** How many times as fast as the best durable peer; null where none was measured. */
  ratio: number | null;
}

/** One summary for each peer and workload that has samples. `own` is nobody's peer. */
export function summarize(
  peers: readonly Peer[],
  workloads: readonly Workload[],
  samples: readonly Sample[],
  own: string,
): Summary[] {
  return workloads.flatMap(({ name, told }) => {
    const summaries = peers.flatMap((peer) => {
      const all = samples.filter((sample) => sample.peer === peer.name && sample.workload === name);
      return all.length === 0 ? [] : [summarizeOne(peer.name, name, all)];
    });
    const isRival = ({ peer }: Summary) => peer !== own && peers.some((each) => each.name === peer && each.isDurable);
    const best = Math.min(...summaries.filter(isRival).map((each) => each.median));
    const isCompared = Number.isFinite(best) && told !== "room";
    return summaries.map((each) => ({ ...each, ratio: isCompared ? best / each.median : null }));
  });
}

function summarizeOne(peer: string, workload: WorkloadName, samples: readonly Sample[]): Summary {
  const values = samples.map(({ value }) => value);
  const usages = samples.flatMap(({ usage }) => usage ?? []);
  const memories = samples.flatMap(({ memoryBytes }) => memoryBytes ?? []);
  const counts = samples.flatMap(({ effects }) => effects ?? []);
  return {
    peer,
    workload,
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    rounds: values.length,
    usage: usages.length === 0 ? null : medianUsage(usages),
    memoryBytes: memories.length === 0 ? null : median(memories),
    effects: counts.length === 0 ? null : counts.reduce(addEffects),
    // It is taken in one round.
    room: samples[0]!.room,
    ratio: null,
  };
}

function medianUsage(usages: readonly Usage[]): Usage {
  const of = (key: keyof Usage) => median(usages.map((usage) => usage[key]));
  return { cpuMs: of("cpuMs"), writtenBytes: of("writtenBytes"), flushes: of("flushes") };
}

function addEffects(a: EffectCount, b: EffectCount): EffectCount {
  return { repeated: a.repeated + b.repeated, lost: a.lost + b.lost };
}
