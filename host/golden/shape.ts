import { HostError } from "../base/error.ts";
import type { Entry } from "../oplog/entry.ts";
import type { GoldenHeader } from "./header.ts";

/**
 * Checks that entries can be one agent's life: created by the component that the header names, forked on the way to the
 * agent that it names, and else made of steps.
 *
 * Errors: HostError `golden/damaged`.
 */
export function checkShape(entries: readonly Entry[], header: GoldenHeader, file: string): void {
  for (const { index, what } of findProblems(entries, header)) {
    throw new HostError("golden/damaged", `${file} is damaged at entry ${index}: ${what}.`, { data: { index } });
  }
}

function* findProblems(entries: readonly Entry[], header: GoldenHeader): Generator<{ index: number; what: string }> {
  let agent = "";
  for (const [index, entry] of entries.entries()) {
    const isFirst = index === 0;
    if (isFirst !== (entry.kind === "created")) {
      yield { index, what: isFirst ? "an agent begins by being created" : "an agent is created once" };
    }
    if (entry.kind === "created" && entry.component !== header.component) {
      yield { index, what: "it was created by another component than the header names" };
    }
    if (entry.kind === "forked" && entry.parent !== agent) {
      yield { index, what: `a fork of ${entry.parent} does not go on from ${agent}` };
    }
    const before = entries[index - 1];
    if (before && standsAlone(before) && entry.kind !== "stepped" && entry.kind !== "forked") {
      yield { index, what: `${entry.kind} can't follow ${before.kind}` };
    }
    if (standsAlone(entry)) agent = entry.agent;
  }
  if (agent !== header.agent) {
    yield { index: entries.length - 1, what: `these are entries of ${agent}, not of ${header.agent}` };
  }
}

function standsAlone(entry: Entry): entry is Extract<Entry, { kind: "created" | "forked" }> {
  return entry.kind === "created" || entry.kind === "forked";
}

/** An oplog's entries in the groups in which they were made: steps, and those that stand alone. */
export function splitSteps(entries: readonly Entry[]): Entry[][] {
  const steps: Entry[][] = [];
  for (const entry of entries) {
    if (standsAlone(entry) || entry.kind === "stepped") steps.push([entry]);
    else steps.at(-1)!.push(entry);
  }
  return steps;
}
