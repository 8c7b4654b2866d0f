import { describe, expect, test } from "vitest";
import { unlimited, type Opening, type Stepped } from "../../../host/agent/executor.ts";
import type { Input } from "../../../host/agent/step.ts";
import { agentId, forkId, invocationKey, type AgentId } from "../../../host/base/id.ts";
import { replayOplog } from "../../../host/executor/replay-oplog.ts";
import { Runner, type RunnerOptions } from "../../../host/executor/runner.ts";
import { decodeStep } from "../../../host/oplog/codec.ts";
import type { Entry } from "../../../host/oplog/entry.ts";
import { seededRandom } from "../../../host/testing/seeded-random.ts";
import { engine } from "../scheduler/scene.ts";

const component = engine.compiled.digest;
const agent = agentId('actor("a")');
/** Has its turn behind all others: when it answers and nobody else has reported meanwhile, the runner has nothing to do. */
const sentinel = agentId('actor("sentinel")');

/** A runner whose reports are kept as an oplog would keep them. */
class Stage {
  readonly runner: Runner;
  readonly reports: Stepped[] = [];
  /** All pages of all snapshots. */
  readonly pages: NonNullable<Stepped["snapshot"]>["pages"] = [];
  readonly failures: [agent: AgentId, error: unknown][] = [];
  /** Milliseconds that the clock goes on each time it is asked: 20 and more let every step end with a snapshot. */
  spentMs = 0;
  /** Called when the guest is about to be entered. */
  entering: () => void = () => {};
  #now = 1_000;
  #answered = () => {};

  constructor(options: Partial<RunnerOptions> = {}) {
    this.runner = new Runner({
      clock: { now: () => (this.#now += this.spentMs), wakeAt: () => ({ [Symbol.dispose]: () => {} }) },
      random: seededRandom(1),
      listener: { stepped: (step) => this.#note(step), failed: (...failure) => this.failures.push(failure) },
      watch: { begin: (id) => id !== sentinel && this.entering(), end: () => {} },
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
      instances: 2,
      ...options,
    });
    this.runner.load(engine.compiled);
  }

  #note(step: Stepped): void {
    this.pages.push(...(step.snapshot?.pages ?? []));
    if (step.agent === sentinel) this.#answered();
    else this.reports.push(step);
  }

  /** Everything reported of an agent so far, its first entry included. */
  oplog(id: AgentId = agent): Opening["steps"] {
    const steps = [{ first: 0, entries: JSON.stringify([{ kind: "created", agent: id, component, host: "0.0.0" }]) }];
    for (const { agent: of, entries } of this.reports) {
      const last = steps.at(-1)!;
      if (of === id) steps.push({ first: last.first + (JSON.parse(last.entries) as Entry[]).length, entries });
    }
    return steps;
  }

  entries(id: AgentId = agent): Entry[][] {
    return this.oplog(id).map(({ first, entries }) => decodeStep(entries, { agent: id, first }));
  }

  open(id: AgentId = agent, snapshot: Opening["snapshot"] = null, from = 0): void {
    this.runner.open({ agent: id, component, snapshot, steps: this.oplog(id).filter(({ first }) => first >= from) });
  }

  async send(...inputs: Input[]): Promise<void> {
    this.runner.send(agent, inputs);
    await this.rest();
  }

  /** Waits until there is nothing to do. */
  async rest(): Promise<void> {
    const count = () => this.reports.length + this.failures.length;
    // Twice, for what closes and opens a session lets the sentinel pass.
    for (let quiet = 0, before = count(); quiet < 2; quiet = before === count() ? quiet + 1 : 0) {
      before = count();
      const answer = new Promise<void>((resolve) => (this.#answered = resolve));
      this.open(sentinel);
      this.runner.send(sentinel, [invoked(1, "return 1")]);
      await answer;
      this.runner.close(sentinel);
    }
  }
}

const invoked = (invocation: number, body: string): Input => ({
  kind: "invoked",
  invocation,
  key: invocationKey(`k${invocation}`),
  method: "act",
  args: JSON.stringify([body]),
});
const delivered = (operation: number, value = "null"): Input => ({ kind: "delivered", operation, outcome: { value } });
const last = (stage: Stage) => (JSON.parse(stage.reports.at(-1)!.entries) as Entry[]).slice(1);

describe("a session", () => {
  test("takes events in one step, and an invocation alone", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(
      invoked(1, "await Promise.all([sleep(1), sleep(2)])"),
      delivered(1),
      delivered(2),
      invoked(2, "return 2"),
    );
    expect(stage.entries().map((step) => step.map(({ kind }) => kind).join(" "))).toEqual([
      "created",
      "stepped invoked sleep-started sleep-started",
      "stepped delivered delivered finished",
      "stepped invoked finished",
    ]);
  });

  test("passes over an outcome that comes twice, and one that nobody waits for", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(invoked(1, "await sleep(1); await sleep(2)"));
    await stage.send(delivered(9), delivered(1, '"first"'), delivered(1, '"second"'));
    expect(last(stage)).toEqual([delivered(1, '"first"'), { kind: "sleep-started", operation: 2, spanMs: 2 }]);
    await stage.send(delivered(1));
    expect(stage.reports).toHaveLength(2);
  });

  test("goes on by itself behind a run, a canceled operation and a fork", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(
      invoked(
        1,
        "const a = await run(() => 1); const s = sleep(9); s.cancel(); await s.catch(() => {}); const f = await fork(); return [a, f.kind]",
      ),
    );
    expect(stage.entries().at(-1)).toMatchObject([
      { kind: "stepped" },
      { kind: "delivered" },
      { kind: "finished", outcome: { value: '[1,"original"]' } },
    ]);
    const fork = forkId(agent, 3);
    expect(stage.reports.find(({ forks }) => forks.length > 0)?.forks).toEqual([fork]);
    expect(
      stage.reports
        .filter(({ agent: of }) => of === fork)
        .map(({ entries }) => entries)
        .join(),
    ).toContain('[1,\\"forked\\"]');
  });

  test("ends with a trap, and is told to forget the invocation when it is opened again", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(invoked(1, "kept.n = 1; await sleep(1); kept.n = 2; trap()"));
    await stage.send(delivered(1));
    expect(stage.reports.at(-1)).toMatchObject({ closed: true });
    await stage.send(invoked(2, "return 1"));
    expect(stage.reports).toHaveLength(2);
    stage.open();
    await stage.rest();
    expect(last(stage)).toEqual([{ kind: "abandoned", invocation: 1 }]);
    await stage.send(invoked(2, "return kept.n"));
    expect(last(stage).at(-1)).toMatchObject({ kind: "finished", outcome: { value: "1" } });
  });

  test("that is closed in the midst of a step reports nothing of it, and gives its instance back", async () => {
    const stage = new Stage({ instances: 1 });
    stage.open();
    stage.entering = () => queueMicrotask(() => stage.runner.close(agent));
    await stage.send(invoked(1, "kept.n = 1; await fork()"));
    expect([stage.reports, stage.failures]).toEqual([[], []]);
    stage.entering = () => {};
    stage.open();
    await stage.send(invoked(1, "return kept.n ?? 'new'"));
    expect(last(stage).at(-1)).toMatchObject({ outcome: { value: '"new"' } });
  });

  test("that is opened anew in the midst of a step reports that of the new one only, a trap included", async () => {
    for (const body of ["return 'old'", "trap()"]) {
      const stage = new Stage({ instances: 1 });
      stage.open();
      stage.entering = () => {
        stage.entering = () => {};
        queueMicrotask(() => {
          stage.open();
          stage.runner.send(agent, [invoked(1, "return 'new'")]);
        });
      };
      await stage.send(invoked(1, body));
      expect(
        stage
          .entries()
          .flat()
          .filter(({ kind }) => kind === "finished"),
      ).toMatchObject([{ outcome: { value: '"new"' } }]);
      expect(stage.failures).toEqual([]);
    }
  });

  test("shares few instances with others, and finds its memory whenever it has one", async () => {
    const stage = new Stage({ instances: 1 });
    const others = Array.from({ length: 5 }, (_, i) => agentId(`actor(${i})`));
    for (const id of others) {
      stage.open(id);
      stage.runner.send(id, [
        invoked(1, `kept.name = self.id; for (let i = 0; i < 9; i += 1) await sleep(1); return kept.name`),
      ]);
    }
    await stage.rest();
    for (let operation = 1; operation <= 9; operation += 1) {
      for (const id of others) stage.runner.send(id, [delivered(operation)]);
      await stage.rest();
    }
    expect(stage.reports.slice(-5).map(({ entries }) => (JSON.parse(entries) as Entry[]).at(-1))).toMatchObject(
      others.map((id) => ({ outcome: { value: JSON.stringify(id) } })),
    );
  });
});

describe("a snapshot", () => {
  test("holds the memory that a replay leads to, live, from the beginning and from any snapshot on", async () => {
    const stage = new Stage();
    stage.spentMs = 25;
    stage.open();
    await stage.send(
      invoked(
        1,
        "kept.text = 'x'.repeat(200_000); for (let i = 0; i < 6; i += 1) { kept[i] = random.uuid(); await sleep(1) } return 1",
      ),
    );
    for (let operation = 1; operation <= 6; operation += 1) await stage.send(delivered(operation));
    const steps = stage.entries();
    const whole = await replayOplog(engine.compiled, steps);
    expect(whole.mismatch).toBeNull();

    let snapshots = 0;
    for (const { snapshot } of stage.reports) {
      if (!snapshot) continue;
      snapshots += 1;
      const { row, length } = snapshot;
      const upTo = stage.oplog().findIndex(({ first }) => first === length);
      const suffix = upTo === -1 ? [] : steps.slice(upTo);
      const held = { row, pages: stage.pages.filter(({ digest }) => row.pages.includes(digest)) };
      const restored = await replayOplog(engine.compiled, suffix, held);
      expect([restored.mismatch, restored.memory]).toEqual([null, whole.memory]);
      const prefix = await replayOplog(engine.compiled, upTo === -1 ? steps : steps.slice(0, upTo));
      expect((await replayOplog(engine.compiled, [], held)).memory).toBe(prefix.memory);
    }
    expect(snapshots).toBeGreaterThan(3);
  });

  test("brings the session back", async () => {
    const stage = new Stage();
    stage.spentMs = 25;
    stage.open();
    await stage.send(invoked(1, "kept.n = 1; await sleep(1); return kept.n"));
    const { snapshot } = stage.reports.at(-1)!;
    stage.open(agent, snapshot!, snapshot!.length);
    await stage.send(delivered(1));
    expect(last(stage).at(-1)).toMatchObject({ outcome: { value: "1" } });
  });

  test("has all its pages with it again after a reset, for nobody knows which of them were stored", async () => {
    const stage = new Stage();
    stage.spentMs = 25;
    stage.open();
    await stage.send(invoked(1, "await sleep(1)"));
    await stage.send(delivered(1));
    const [first, second] = stage.reports.map(({ snapshot }) => snapshot!);
    expect(second!.pages.length).toBeLessThan(first!.pages.length);
    stage.runner.reset();
    stage.open();
    await stage.send(invoked(2, "await sleep(1)"));
    const { row, pages } = stage.reports.at(-1)!.snapshot!;
    expect(pages.map(({ digest }) => digest).toSorted()).toEqual([...new Set(row.pages)].toSorted());
  });

  test("that is damaged, or lacks a page, fails the agent", async () => {
    const stage = new Stage();
    stage.spentMs = 25;
    stage.open();
    await stage.send(invoked(1, "await sleep(1)"));
    const snapshot = stage.reports.at(-1)!.snapshot!;
    const { row, pages, length } = snapshot;
    stage.open(agent, { row, pages: pages.slice(1) }, length);
    await stage.rest();
    stage.open(agent, { row: { ...row, id: "0".repeat(64) }, pages }, length);
    await stage.rest();
    expect(stage.failures.map(([, error]) => (error as { code: string }).code)).toEqual([
      expect.stringMatching(/^snapshot\//),
      "snapshot/corrupt",
    ]);
  });
});

describe("bringing a session back", () => {
  test("stops at the entry where its guest leaves the recorded path", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(invoked(1, "await sleep(5)"));
    const steps = stage.oplog();
    steps[1]!.entries = steps[1]!.entries.replace('"spanMs":5', '"spanMs":6');
    stage.runner.open({ agent, component, snapshot: null, steps });
    await stage.rest();
    expect(stage.failures).toMatchObject([[agent, { code: "replay/mismatch", data: { index: 3 } }]]);
  });

  test("draws the recorded numbers, and has the recorded time", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(invoked(1, "kept.seen = [random.uuid(), Math.random(), now()]; await sleep(1); return kept.seen"));
    stage.spentMs = 5_000;
    stage.open();
    await stage.send(delivered(1));
    const finished = last(stage).at(-1) as { outcome: { value: string } };
    expect((JSON.parse(finished.outcome.value) as unknown[])[2]).toBe(1_000);
  });

  test("needs all that was recorded", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(invoked(1, "await sleep(1)"));
    const [, step] = stage.oplog();
    stage.runner.open({ agent, component, snapshot: null, steps: [step!] });
    await stage.rest();
    expect(stage.failures).toMatchObject([[agent, { code: "base/invariant" }]]);
  });
});

describe("a limit of operations in flight", () => {
  const sleeps = (count: number) => `for (let i = 0; i < ${count}; i += 1) void sleep(1);`;
  const tooMany = (limit: number) => ({
    kind: "trapped",
    error: expect.stringMatching(
      new RegExp(`"guest/too-many-operations".*actor\\(.*more than ${limit} operations.*mapLimit.*--in-flight-limit`),
    ),
  });

  test("undoes the step that goes over it, at once, however long its loop would go on", async () => {
    const stage = new Stage();
    stage.runner.limit(component, { ...unlimited, inFlight: 3 });
    stage.open();
    await stage.send(invoked(1, `${sleeps(1)} log.info("one"); ${sleeps(1_000_000_000)}`));
    expect(last(stage)).toEqual([
      expect.objectContaining({ kind: "invoked" }),
      expect.objectContaining({ kind: "logged", message: "one" }),
      tooMany(3),
    ]);
    expect(stage.reports.at(-1)).toMatchObject({ closed: true });
  });

  test("lets as many go as it says", async () => {
    const stage = new Stage();
    stage.runner.limit(component, { ...unlimited, inFlight: 3 });
    stage.open();
    await stage.send(invoked(1, `${sleeps(3)} await sleep(0).catch(() => {})`));
    expect(last(stage).at(-1)).toEqual(tooMany(3));
    stage.open();
    await stage.send({ kind: "abandoned", invocation: 1 }, invoked(2, `${sleeps(3)} await new Promise(() => {})`));
    expect(last(stage).map(({ kind }) => kind)).toEqual(["invoked", "sleep-started", "sleep-started", "sleep-started"]);
  });

  test("counts what is in flight from before, and not what the step brings to an end", async () => {
    const stage = new Stage();
    stage.runner.limit(component, { ...unlimited, inFlight: 2 });
    stage.open();
    await stage.send(invoked(1, "await Promise.race([sleep(1), sleep(9)]); await sleep(2); await sleep(3), sleep(4)"));
    await stage.send(delivered(1));
    expect(last(stage).map(({ kind }) => kind)).toEqual(["delivered", "sleep-started"]);
    await stage.send(delivered(3));
    expect(last(stage).map(({ kind }) => kind)).toEqual(["delivered", "sleep-started"]);
    await stage.send(delivered(4));
    stage.runner.limit(component, { ...unlimited, inFlight: 0 });
    await stage.send(invoked(2, sleeps(1)));
    expect(last(stage).at(-1)).toEqual(tooMany(0));
  });

  test("is not asked about calls that nobody waits for, nor about promises that are made", async () => {
    const stage = new Stage();
    stage.runner.limit(component, { ...unlimited, inFlight: 0 });
    stage.open();
    await stage.send(invoked(1, "counter.get('x').trigger.add(1); promise.create(); random.bytes(1); return now()"));
    expect(last(stage).at(-1)).toMatchObject({ kind: "finished", outcome: { value: "1000" } });
  });

  test("is not asked by a replay: what was recorded was granted then", async () => {
    const stage = new Stage();
    stage.open();
    await stage.send(invoked(1, `${sleeps(50)} await sleep(1)`));
    stage.runner.limit(component, { ...unlimited, inFlight: 1 });
    stage.open();
    await stage.send(...Array.from({ length: 51 }, (_, i) => delivered(i + 1)));
    expect(last(stage).at(-1)).toMatchObject({ kind: "finished" });
    expect(stage.failures).toEqual([]);
  });

  test("ends a step whose guest makes nothing of being refused", async () => {
    const stage = new Stage();
    stage.runner.limit(component, { ...unlimited, inFlight: 1 });
    stage.open();
    await stage.send(invoked(1, `try { ${sleeps(2)} } catch {} return "all the same"`));
    expect(last(stage).at(-1)).toEqual(tooMany(1));
  });
});
