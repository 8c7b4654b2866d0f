import { parseArgs } from "node:util";
import { workloadNames, type WorkloadName } from "./workloads.ts";

export const usage = `npm run bench:peers [-- --only NAMES] [--workloads NAMES] [--rounds COUNT] [--quick] [--json]

  --only NAMES       planaria, restate, dbos, openworkflow, resonate; with commas between; Planaria is always with them
  --workloads NAMES  ${workloadNames.join(", ")}; with commas between
  --rounds COUNT     how often everybody has its turn; 3 by default
  --quick            one small round: shows that all of it works, and no more
  --json             prints everything as JSON
  Without --only, --workloads, --rounds and --quick, RESULTS.md and peers.svg are written.
`;

/** What was asked for is not to be understood. */
export class UsageError extends Error {}

export interface Arguments {
  /** Names of peers; null: all. */
  only: string[] | null;
  workloads: readonly WorkloadName[];
  rounds: number;
  quick: boolean;
  json: boolean;
  /** Whether the figures are those of the whole bench. */
  isWhole: boolean;
}

/** Errors: UsageError whose message says which word is not known, and which are. */
export function parseArguments(args: string[], peers: readonly string[]): Arguments {
  const { only, workloads, rounds, quick = false, json = false } = parseOptions(args);
  return {
    only: only === undefined ? null : parseNames("--only", only, peers),
    workloads: workloads === undefined ? workloadNames : parseNames("--workloads", workloads, workloadNames),
    rounds: rounds === undefined ? (quick ? 1 : 3) : parseCount("--rounds", rounds),
    quick,
    json,
    isWhole: only === undefined && workloads === undefined && rounds === undefined && !quick,
  };
}

function parseOptions(args: string[]) {
  const name = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({ args, options: { only: name, workloads: name, rounds: name, quick: flag, json: flag } }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function parseNames<Name extends string>(option: string, text: string, known: readonly Name[]): Name[] {
  const words = text.split(",").map((word) => word.trim());
  const unknown = words.find((word) => !known.some((name) => isSame(name, word)));
  if (unknown !== undefined) {
    throw new UsageError(`${option} does not know ${JSON.stringify(unknown)}. It knows ${known.join(", ")}.`);
  }
  return known.filter((name) => words.some((word) => isSame(name, word)));
}

function parseCount(option: string, text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(`${option} is a whole number from 1 to 99, not ${JSON.stringify(text)}.`);
}

const isSame = (name: string, word: string) => name.toLowerCase() === word.toLowerCase();
