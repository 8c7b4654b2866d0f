import type { FloorName } from "./floors.ts";
import type { Bench, Measure, Sample } from "./measure.ts";

/** What is left of a measure's rounds. Times are in µs, of one operation. */
export interface Summary {
  measure: string;
  /** Its heading in the history; null: it has no place there. */
  short: string | null;
  unit: Measure["unit"];
  median: number;
  least: number;
  most: number;
  rounds: number;
  /** Median CPU time of all threads; null where it was not taken. */
  cpu: number | null;
  aim: number | null;
  /** What the floors of the same run add up to; null where there is nothing to compare with. */
  floor: number | null;
}

/** Whether medians that should not depend on the length of a history do. */
export interface FlatnessSummary {
  measures: string[];
  /** The largest median by the smallest. */
  ratio: number;
  within: number;
}

export function summarize(benches: readonly Bench[], samples: readonly Sample[]): Summary[] {
  const floors = new Map<string, number>();
  return benches.flatMap(({ measures }) =>
    measures.map((measure) => {
      const summary = summarizeOne(
        measure,
        samples.filter((each) => each.measure === measure.name),
        floors,
      );
      floors.set(measure.name, summary.median);
      return summary;
    }),
  );
}

function summarizeOne(
  { name, short, unit, aim, floor }: Measure,
  samples: readonly Sample[],
  floors: ReadonlyMap<string, number>,
): Summary {
  const values = samples.map(({ value }) => value);
  const cpus = samples.flatMap(({ cpu }) => cpu ?? []);
  const parts = Object.entries(floor ?? {}) as [FloorName, number][];
  return {
    measure: name,
    short: short ?? null,
    unit,
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    rounds: values.length,
    cpu: cpus.length > 0 ? median(cpus) : null,
    aim: aim ?? null,
    floor: parts.length > 0 ? parts.reduce((sum, [part, count]) => sum + count * (floors.get(part) ?? NaN), 0) : null,
  };
}

export function summarizeFlatness(benches: readonly Bench[], summaries: readonly Summary[]): FlatnessSummary[] {
  return benches.flatMap(({ flatness }) => {
    if (!flatness) return [];
    const medians = summaries.filter(({ measure }) => flatness.of.includes(measure)).map((each) => each.median);
    return [{ measures: flatness.of, ratio: Math.max(...medians) / Math.min(...medians), within: flatness.within }];
  });
}

/** Throws RangeError for no values: a measure without a round is a defect of its bench. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("There is no median of nothing.");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
