import fc from "fast-check";
import { makeProgram, type Program } from "./program.ts";
import { shelfKinds, type ShelfKind } from "./shelf.ts";

/**
 * What goes wrong, and when: commits, answers and reports are counted for each seat over all hosts that sit there, from 1.
 *
 * crash: the process is killed before a commit, when so many of its steps are written, or behind it and before it knows;
 * power: all processes are, at once, and of what the commit writes some part is on the disk, from 0 to 1;
 * fail: a commit fails, perhaps although it was written; pause: the process stands still; slow: the store takes its time,
 * in rounds of the event loop; disown: others take the node for dead, and end its lease; skew: the machine's clock is
 * wrong for a while; skip: time jumps, as on a laptop that was shut; thread: a thread that runs guests ends before it
 * reports; late: what threads and the host say to each other takes its time; drop: a request was carried out, and its
 * answer is lost; lag: its answer is late; echo: it comes together with another answer to the same request, if there is
 * one; again: what somebody outside asks for reaches two hosts.
 */
export type Fault =
  | { kind: "crash"; seat: number; commit: number; when: "before" | "within" | "after"; rows: number }
  | { kind: "power"; seat: number; commit: number; part: number }
  | { kind: "fail"; seat: number; commit: number; code: string; written: boolean }
  | { kind: "pause"; seat: number; answer: number; spanMs: number }
  | { kind: "slow"; seat: number; answer: number; count: number; rounds: number }
  | { kind: "disown"; seat: number; answer: number }
  | { kind: "skew"; seat: number; answer: number; count: number; spanMs: number }
  | { kind: "skip"; round: number; spanMs: number }
  | { kind: "thread"; seat: number; report: number }
  | { kind: "late"; seat: number; report: number; count: number; rounds: number }
  | { kind: "drop" | "lag" | "echo" | "again"; request: number; spanMs: number };

export type FaultKind = Fault["kind"];

/** All that a run depends on. */
export interface Scenario {
  /** For the randomness of the hosts, and of what is done from outside. */
  seed: number;
  seats: Seating[];
  store: ShelfKind;
  /** How long ended agents and settled promises of agents that are gone are kept; null: for ever. */
  retentionMs: number | null;
  /** How long a node is taken for alive. */
  leaseMs: number;
  /** Whether the others know at once that a process was killed, as on one machine. */
  knowsDeath: boolean;
  /** How far time goes on while there is work to do. */
  hurryMs: number;
  program: Program;
  faults: Fault[];
}

/** A place in which one host follows the other. */
export interface Seating {
  /** How many agents of the group it runs at once; 0: it is not of the group. The first seat always is. */
  slots: number;
  sessions: number;
  /** How many threads run its guests, and how many instances each of them may hold. */
  threads: number;
  instances: number;
}

/** The longest programs that are made at random draw so many numbers. */
const mostChoices = 300;
const mostFaults = 14;

const seat = fc.nat(3);
const spanMs = fc.integer({ min: 1, max: 6_000 });
/** Most of a run is its beginning. */
const early = (max: number) => fc.oneof(fc.integer({ min: 1, max: Math.ceil(max / 8) }), fc.integer({ min: 1, max }));

const failures = ["store/full", "store/busy", "store/failed"];
const arbitraries: Record<FaultKind, fc.Arbitrary<Fault>> = {
  crash: fc.record({
    kind: fc.constant("crash" as const),
    seat,
    commit: early(32),
    when: fc.constantFrom("before" as const, "within" as const, "after" as const),
    rows: fc.nat(20),
  }),
  power: fc.record({
    kind: fc.constant("power" as const),
    seat,
    commit: early(32),
    // All of it is as likely as any half of it.
    part: fc.nat(150).map((percent) => Math.min(percent, 100) / 100),
  }),
  fail: fc.oneof(
    fc.record({
      kind: fc.constant("fail" as const),
      seat,
      commit: early(32),
      code: fc.constantFrom(...failures),
      written: fc.boolean(),
    }),
    // A conflict has not been written, or it would be none.
    fc.record({
      kind: fc.constant("fail" as const),
      seat,
      commit: early(32),
      code: fc.constant("store/conflict"),
      written: fc.constant(false),
    }),
  ),
  pause: fc.record({ kind: fc.constant("pause" as const), seat, answer: early(320), spanMs }),
  slow: fc.record({
    kind: fc.constant("slow" as const),
    seat,
    answer: early(320),
    count: fc.integer({ min: 1, max: 60 }),
    rounds: fc.integer({ min: 1, max: 30 }),
  }),
  disown: fc.record({ kind: fc.constant("disown" as const), seat, answer: early(320) }),
  skew: fc.record({
    kind: fc.constant("skew" as const),
    seat,
    answer: early(320),
    count: fc.integer({ min: 1, max: 120 }),
    spanMs: fc.integer({ min: -6_000, max: 6_000 }),
  }),
  skip: fc.record({ kind: fc.constant("skip" as const), round: early(240), spanMs }),
  thread: fc.record({ kind: fc.constant("thread" as const), seat, report: early(120) }),
  late: fc.record({
    kind: fc.constant("late" as const),
    seat,
    report: early(120),
    count: fc.integer({ min: 1, max: 40 }),
    rounds: fc.integer({ min: 1, max: 30 }),
  }),
  drop: fc.record({ kind: fc.constant("drop" as const), request: early(12), spanMs: fc.nat(500) }),
  lag: fc.record({ kind: fc.constant("lag" as const), request: early(12), spanMs: fc.nat(500) }),
  echo: fc.record({ kind: fc.constant("echo" as const), request: early(12), spanMs }),
  again: fc.record({ kind: fc.constant("again" as const), request: early(12), spanMs: fc.nat(500) }),
};

/** Those that end a host come more often. */
const weights: Partial<Record<FaultKind, number>> = { crash: 4, fail: 2 };

export const faultKinds = Object.keys(arbitraries) as FaultKind[];

/** Scenarios made at random, with faults of some kinds. */
export function scenarios(kinds: readonly FaultKind[] = faultKinds): fc.Arbitrary<Scenario> {
  const faults = kinds.map((kind) => ({ arbitrary: arbitraries[kind], weight: weights[kind] ?? 1 }));
  const seating = fc.record({
    slots: fc.nat(4),
    sessions: fc.integer({ min: 1, max: 20 }),
    threads: fc.integer({ min: 1, max: 2 }),
    instances: fc.integer({ min: 1, max: 4 }),
  });
  return fc.record({
    seed: fc.nat(),
    seats: fc
      .array(seating, { minLength: 2, maxLength: 4 })
      .map(([first, ...others]) => [{ ...first!, slots: Math.max(1, first!.slots) }, ...others]),
    // Every fourth is played on files.
    store: fc.nat(3).map((choice) => shelfKinds[choice === 3 ? 1 : 0]),
    retentionMs: fc.oneof(fc.constant(null), fc.nat(400)),
    leaseMs: fc.constantFrom(2_000, 5_000),
    knowsDeath: fc.boolean(),
    hurryMs: fc.constantFrom(0, 5, 20),
    program: fc.array(fc.nat(999), { maxLength: mostChoices, size: "max" }).map(programOf),
    faults:
      kinds.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...faults), { maxLength: mostFaults, size: "max" }),
  });
}

/** What the numbers make; when they are used up, nothing but the simplest follows. */
function programOf(choices: readonly number[]): Program {
  let index = 0;
  return makeProgram((below) => (choices[index++] ?? 0) % below);
}
