import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { dieAtCommit } from "../../../host/testing/dying-store.ts";
import { makePausable } from "./faults.ts";
import { play, recall, review } from "./plot.ts";
import { Scene, type Node } from "./scene.ts";

interface Life {
  /** The host that came to the end. */
  node: Node;
  outcome: unknown;
  /** How many commits the first host made. */
  commits: number;
}

/** Plays the plot; each host dies at the commit that `fatal` gives, until one lives to the end. */
async function live(fatal: (life: number) => number, when: "before" | "after", scene = new Scene()): Promise<Life> {
  scene.hurry = true;
  let commits = 0;
  for (let life = 0; ; life += 1) {
    const dying = dieAtCommit(fatal(life), when);
    // A host begins with a commit, of its component; one that does not survive that learns nothing.
    const node = await scene.open({ wrap: dying.wrap, instances: 3 });
    const outcome = await Promise.race([play(node).then((value) => ({ value })), dying.death]);
    if (life === 0) commits = dying.count();
    if (outcome && dying.spare()) {
      return { node, outcome: outcome.value, commits };
    }
    node.kill();
  }
}

const never = () => 0;
const calm = await live(never, "after");
const wanted = { outcome: calm.outcome, ...(await review(calm.node)) };
const memories = await recall(calm.node);

describe("a process that dies", () => {
  test("does all that it was to do if it does not", () => {
    const outcome = {
      first: [1, 2, 3],
      many: [1, 3, 6],
      apart: [10, 20],
      here: 42,
      forked: ["fork 0", "fork 1"],
      answer: "yes",
      caught: ["RangeError", "guest/stack-overflow", "operation/canceled", "rpc/timed-out"],
      remembered: { n: 1, m: 1 },
      gone: "fresh",
      tried: [3, 6],
    };
    expect(wanted.outcome).toEqual([outcome, 10]);
    expect(calm.commits).toBeGreaterThan(40);
  });

  const points = Array.from({ length: calm.commits - 2 }, (_, index) => index + 2);
  test.each(points)(
    "when commit %i is on disk leaves all to the next one, and nothing happens twice",
    async (commit) => {
      await expectTheSame(await live((life) => (life === 0 ? commit : 0), "after"), commit % 8 === 0);
    },
  );

  test.each(points.filter((commit) => commit % 5 === 0))(
    "before commit %i has not done what was in it",
    async (commit) => {
      await expectTheSame(await live((life) => (life === 0 ? commit : 0), "before"));
    },
  );

  test.each(points.filter((commit) => commit % 5 === 1))(
    "or only stops before commit %i, comes back to find all done, and does nothing twice",
    async (commit) => {
      const scene = new Scene();
      scene.hurry = true;
      const pausable = makePausable(commit);
      const first = await scene.open({ wrap: pausable.wrap, leaseMs: 10_000, instances: 3 });
      const asked = play(first);
      await Promise.race([asked, pausable.paused]);
      first.isPaused = true;
      scene.clock.skip(11_000);
      const node = await scene.open({ leaseMs: 10_000, instances: 3 });
      const outcome = await play(node);
      pausable.resume();
      first.isPaused = false;
      expect(await asked).toEqual(outcome);
      await expectTheSame({ node, outcome, commits: 0 });
      await first[Symbol.asyncDispose]();
    },
  );

  test.each([4, 12, 24, 38])("at commit %i does so with a file, too", async (commit) => {
    const folder = mkdtempSync(join(tmpdir(), "planaria-crash-"));
    const scene = new Scene((clock) => openSqliteStore({ file: join(folder, "store.db"), now: () => clock.now() }));
    await expectTheSame(await live((life) => (life === 0 ? commit : 0), "after", scene));
    rmSync(folder, { recursive: true });
  });

  test.each([2, 3, 5])("again and again, at every %ith commit, gets to the end all the same", async (commit) => {
    await expectTheSame(await live(() => commit, "after"));
  });
});

/** Equal histories make equal memories; that they do is looked at now and then, for it takes longer than all the rest. */
async function expectTheSame({ node, outcome }: Life, withMemories = false): Promise<void> {
  expect({ outcome, ...(await review(node)) }).toEqual(wanted);
  if (withMemories) expect(await recall(node)).toEqual(memories);
  await node[Symbol.asyncDispose]();
}
