import { HostError } from "../base/error.ts";
import type { CompiledComponent } from "../component/compile.ts";
import type { SaidSettings } from "../component/settings.ts";
import { Fleet } from "../executor/fleet.ts";
import type { CallRequest, Host } from "../scheduler/host.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { readComponent, readComponentBytes, type ComponentSource } from "./read-component.ts";
import { checkMemories, reviewRun } from "./review.ts";
import { Simulation, type Answer } from "./simulation.ts";

/** A call, its arguments as values. */
export type CrashCall = Pick<CallRequest, "callee" | "retry"> & { args?: readonly unknown[] };

/**
 * What a host is asked for, instead of a single call. It is asked again after a crash, so whatever it starts needs a key:
 * the same key is the same invocation. What it returns is compared.
 */
export type Scenario = (host: Host) => Promise<unknown>;

export interface CrashOptions {
  /** How often a host is killed, at writes spread over the run; by default at every one. */
  kills?: number;
  /** What the component may do, such as `allowedHosts`. */
  settings?: SaidSettings;
  /** Answers the requests of `fetch`. Without it, each of them fails. */
  answer?: Answer;
  /** Another one gives the guests other random numbers. */
  seed?: number;
  memoryCapBytes?: number;
}

export interface CrashReport {
  /** What the scenario returned; of a call, the outcome: `{value}` or `{error}`. */
  result: unknown;
  /** How often the undisturbed run wrote to the store. */
  writes: number;
  /** After which of them a host was killed, counted from 1. */
  kills: number[];
}

/**
 * Runs a call once undisturbed, then once for each write to the store: the host is killed as soon as that write is
 * durable and before it hears of it, and another one takes over.
 *
 * Each time the result must be the same, and so must be all agents, their invocations with their outcomes, the promises,
 * and the requests that left the host; one that was sent again under the same `Idempotency-Key` counts once. Every agent's
 * oplog must replay, to the memory that its newest snapshot and the steps since lead to. All of it happens in this
 * process and in virtual time: a guest's sleeps cost nothing.
 *
 * ```ts
 * test("an order survives a crash anywhere", async () => {
 *   await crashEverywhere("guests/order", { callee: { agent: 'order("o-7")', method: "pay" }, args: [5] });
 * });
 * ```
 *
 * Errors: HostError `testing/crash-differs`, `testing/stuck`, `testing/memory-differs`, `replay/mismatch`; those of
 *         `readComponent` and `Host.call`.
 */
export async function crashEverywhere(
  source: ComponentSource,
  call: CrashCall | Scenario,
  { kills: wanted = Infinity, ...options }: CrashOptions = {},
): Promise<CrashReport> {
  const bytes = await readComponentBytes(source);
  const trial = {
    ...options,
    bytes,
    component: await readComponent(bytes, options.memoryCapBytes),
    fleet: new Fleet({ instances: 1 }),
    scenario: typeof call === "function" ? call : makeScenario(call),
  };
  const calm = await live(trial, 0);
  const kills = spread(calm.writes, wanted);
  for (const kill of kills) {
    const { lines } = await live(trial, kill).catch((cause: unknown) => {
      throw failedAt(kill, calm.writes, cause);
    });
    const [missing, added] = [without(calm.lines, lines), without(lines, calm.lines)];
    if (missing.length + added.length > 0) throw differs(kill, calm.writes, missing, added);
  }
  return { result: calm.result, writes: calm.writes, kills };
}

interface Trial extends CrashOptions {
  bytes: Uint8Array;
  component: CompiledComponent;
  /** What the memories of all runs are checked with. */
  fleet: Fleet;
  scenario: Scenario;
}

/** Plays the scenario; the first host dies after its write `fatal`, and a second one goes on. */
async function live(trial: Trial, fatal: number) {
  const { bytes, component, fleet, scenario, settings, answer = refuseToAnswer, seed = 1 } = trial;
  const simulation = new Simulation(component, { seed, answer });
  const play = async (opened: Promise<Host>) => {
    const host = await opened;
    await host.addComponent(bytes, "guest", settings);
    const result = await scenario(host);
    await host.settled();
    return { result };
  };
  try {
    const first = await simulation.open(fatal);
    const death = first.death.then(() => null);
    const end =
      (await simulation.run(Promise.race([play(first.host), death]))) ??
      (await simulation.run(play((await simulation.open()).host)));
    const store = await openMemoryStore({ now: () => 0, state: simulation.state });
    await checkMemories(store, component, fleet);
    const left = await reviewRun(store, simulation.requests);
    return { ...end, writes: first.count(), lines: [`result ${JSON.stringify(end.result)}`, ...left] };
  } finally {
    await simulation.end();
  }
}

function makeScenario({ args = [], ...call }: CrashCall): Scenario {
  // Not by `execute`: that the call is on disk is a moment to be killed at.
  return async (host) => host.result(await host.call({ ...call, args: JSON.stringify(args), key: "crash" }));
}

const refuseToAnswer: Answer = ({ url }) => {
  throw new HostError("http/failed", `Nobody answers ${url.href} here: give crashEverywhere an \`answer\`.`);
};

/** `wanted` of the writes from 1 to `writes`, or all of them. */
function spread(writes: number, wanted: number): number[] {
  const count = Math.min(writes, wanted);
  return Array.from({ length: count }, (_, index) => 1 + Math.floor((index * writes) / count));
}

/** The lines that the others do not have, each as often as it is missing there. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

const place = (kill: number, writes: number) => `Killed after write ${kill} of ${writes}`;

function failedAt(kill: number, writes: number, cause: unknown): unknown {
  if (!(cause instanceof HostError)) return cause;
  return new HostError(cause.code, `${place(kill, writes)}: ${cause.message}`, {
    data: { ...cause.data, kill },
    cause,
  });
}

function differs(kill: number, writes: number, missing: string[], added: string[]): HostError {
  const shown = [...missing.map((line) => `  - ${line}`), ...added.map((line) => `  + ${line}`)];
  const rest = shown.length > 12 ? [`  … and ${shown.length - 12} lines more`] : [];
  const head = `${place(kill, writes)}, the run comes to another end (- undisturbed, + killed):`;
  return new HostError("testing/crash-differs", [head, ...shown.slice(0, 12), ...rest].join("\n"), {
    data: { kill, writes, missing, added },
  });
}
