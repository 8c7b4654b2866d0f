import fc from "fast-check";
import { play } from "./play.ts";
import { faultKinds, scenarios, type FaultKind, type Scenario } from "./scenario.ts";

export interface SimulateOptions {
  seed: number;
  /** How many scenarios are played. */
  rounds: number;
  /** What may go wrong. */
  faults: readonly FaultKind[];
  /** Leads at once to a counterexample that was found before. */
  path?: string;
}

/** A scenario that ends as none may, as small as it was to be had. */
export interface Counterexample {
  seed: number;
  path: string;
  scenario: Scenario;
  violations: string[];
}

/** What was played. */
interface Count {
  rounds: number;
  /** How many hosts lived in these. */
  hosts: number;
  /** How many of these scenarios were played on files. */
  files: number;
  /** How often which faults came about. */
  struck: Partial<Record<FaultKind, number>>;
}

export interface Simulated extends Count {
  seed: number;
  failed: Counterexample | null;
}

/** Adds what was played meanwhile. */
export function addCount(to: Count, { rounds, hosts, files, struck }: Count): void {
  to.rounds += rounds;
  to.hosts += hosts;
  to.files += files;
  for (const kind of faultKinds) to.struck[kind] = (to.struck[kind] ?? 0) + (struck[kind] ?? 0);
}

/** How long a counterexample is made smaller. */
const shrinkMs = 60_000;

/** Plays scenarios made at random until one fails, and makes that one smaller: first its faults, then its program. */
export async function simulate({ seed, rounds, faults, path }: SimulateOptions): Promise<Simulated> {
  const count: Count = { rounds: 0, hosts: 0, files: 0, struck: {} };
  let failedAt: number | null = null;
  const property = fc.asyncProperty(fc.noBias(scenarios(faults)), async (scenario) => {
    if (failedAt !== null && performance.now() - failedAt > shrinkMs) return;
    const { violations, lives, struck } = await play(scenario);
    if (failedAt === null)
      addCount(count, { rounds: 1, hosts: lives, files: Number(scenario.store === "sqlite"), struck });
    if (violations.length === 0) return;
    failedAt ??= performance.now();
    throw new Violation(violations);
  });
  const run = await fc.check(property, { seed, numRuns: rounds, ...(path !== undefined && { path }) });
  if (!run.failed) return { seed, ...count, failed: null };
  const { errorInstance, counterexample, counterexamplePath } = run;
  if (!(errorInstance instanceof Violation) || !counterexample) throw errorInstance;
  const failed = {
    seed,
    path: counterexamplePath ?? "",
    scenario: counterexample[0],
    violations: errorInstance.violations,
  };
  return { seed, ...count, failed };
}

class Violation extends Error {
  readonly violations: string[];

  constructor(violations: string[]) {
    super(violations.join("\n"));
    this.violations = violations;
  }
}
