import { describe, expect, test } from "vitest";
import { dieAtCommit, makePausable } from "./faults.ts";
import { makeProgram, type Program } from "./program.ts";
import { Scene, seededRandom, type Node } from "./scene.ts";

const leaseMs = 30_000;

/** Numbers that follow from a seed. */
function makePick(seed: number): (below: number) => number {
  const random = seededRandom(seed);
  return (below) => Buffer.from(random.bytes(4)).readUInt32LE() % below;
}

describe("a program made at random does what it is to do", () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))("although its process dies, seed %i", async (seed) => {
    const pick = makePick(seed);
    const scene = new Scene();
    scene.hurry = pick(2) === 0;
    await expectAll(scene, await liveThrough(scene, pick, makeProgram(pick, true)));
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    "although another node has half of it, and stops, seed %i",
    async (seed) => {
      const pick = makePick(1_000 + seed);
      const scene = new Scene();
      const program = makeProgram(pick, false);
      const pausable = makePausable(4 + pick(12));
      const other = await scene.open({ leaseMs, sessions: 1 + pick(9), wrap: pausable.wrap });
      void pausable.paused.then(() => (other.isPaused = true));
      await Promise.race([touch(other, program, pick), pausable.paused]);
      const lived = await liveThrough(scene, pick, program);
      pausable.resume();
      other.isPaused = false;
      await expectAll(scene, lived, [other]);
    },
  );
});

interface Lived {
  program: Program;
  /** The host that came to the end. */
  node: Node;
  value: unknown;
}

/** Runs a program in hosts of which some die, until one comes to the end. */
async function liveThrough(scene: Scene, pick: (below: number) => number, program: Program): Promise<Lived> {
  for (let lives = 0; ; lives += 1) {
    const fatal = lives < 4 && pick(3) > 0 ? 2 + pick(12) : 0;
    const dying = dieAtCommit(fatal, pick(2) === 0 ? "before" : "after");
    const node = await scene.open({ leaseMs, sessions: 1 + pick(20), instances: 1 + pick(4), wrap: dying.wrap });
    const work = node.startAct('actor("main")', program.body, [], "main").then((called) => node.value(called));
    const done = await Promise.race([work.then((value: unknown) => ({ value })), dying.death]);
    if (done && dying.spare()) return { program, node, value: done.value };
    node.kill();
  }
}

/** Makes a node the owner of half of what a program is going to call. */
async function touch(node: Node, { counts }: Program, pick: (below: number) => number): Promise<void> {
  for (let i = 0; i < 30; i += 1) {
    if (pick(2) === 0) continue;
    if (counts[`u${i}`] === undefined) await node.act(`actor("u${i}")`, "return 1");
    else await node.call(`counter("u${i}").count`);
  }
}

/** The program has its value, every call was made once, and nothing is left undone. */
async function expectAll(scene: Scene, { program, node, value }: Lived, others: Node[] = []): Promise<void> {
  // What a dead node has left is taken over in time.
  await node.pass(2 * leaseMs);
  for (const each of [node, ...others]) await each.settled();
  const counts: Record<string, number> = {};
  for (const name of Object.keys(program.counts))
    counts[name] = (await node.call(`counter("${name}").count`)) as number;
  expect({ value, counts }).toEqual({ value: program.value, counts: program.counts });
  const unfinished = [...scene.state.agents.values()].flatMap(({ row, operations, invocations }) => [
    ...(row.state === "idle" || row.state === "ended" ? [] : [`${row.id} is ${row.state}`]),
    ...[...operations.keys()].map((operation) => `${row.id} waits for ${operation}`),
    ...[...invocations.values()].filter(({ state }) => state !== "done").map(({ key }) => `${row.id} has ${key} to do`),
  ]);
  expect(unfinished).toEqual([]);
  expect((await node.replay('actor("main")')).mismatch).toBeNull();
  for (const each of [node, ...others]) await each[Symbol.asyncDispose]();
}
