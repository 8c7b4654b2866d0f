import { describe, expect, test } from "vitest";
import { readGuest, Scene, type Node } from "../scheduler/scene.ts";

// What a fake host can't show of the SDK's helpers and of patterns: what becomes of the agents that are called.

/** An actor that sleeps, and tells on waking whether its caller still waits. */
const work = `const work = (name, ms) => actor.get(name).act(
  "log.info('begins'); await sleep(args[0]); log.info(signal().aborted ? 'gives up' : 'ends'); signal().throwIfAborted(); return args[0]", ms);`;
const fail = `const fail = (name) => actor.get(name).act("throw new PlanariaError('work/bad', 'it went wrong')");`;

const logsOf = (node: Node) => node.logs.map(({ agent, message }) => `${agent} ${message}`).toSorted();

describe("tryJoin", () => {
  test("never starts calls that are queued, and tells those that run", async () => {
    await using node = await new Scene().open();
    const body = `${work} ${fail}
      const busy = work("busy", 50);
      const error = await tryJoin([work("runs", 100), work("busy", 60), fail("bad"), work("late", 100)]).catch((error) => error);
      return [error, await busy];`;
    const [error, busy] = await node.act('actor("boss")', body);
    await node.pass(200);
    expect(error).toMatchObject({
      code: "join/failed",
      message: "Item 3 of 4 failed: it went wrong",
      data: { index: 2 },
      cause: { code: "work/bad" },
    });
    expect(busy).toBe(50);
    expect(logsOf(node)).toEqual([
      'actor("busy") begins',
      'actor("busy") ends',
      'actor("late") begins',
      'actor("late") gives up',
      'actor("runs") begins',
      'actor("runs") gives up',
    ]);
    expect(await node.replay('actor("boss")')).toMatchObject({ mismatch: null });
  });

  test("gives a call up once that it holds and that has its signal, too", async () => {
    await using node = await new Scene().open();
    const body = `${fail}
      return tryJoin([(signal) => rpc("act", ["await sleep(1e6)"], { signal }), fail("bad")]).catch((error) => error.code)`;
    expect(await node.act('actor("boss")', body)).toBe("join/failed");
    const canceled = (await node.entries('actor("boss")')).filter(({ kind }) => kind === "operation-canceled");
    expect(canceled).toHaveLength(1);
    expect(await node.replay('actor("boss")')).toMatchObject({ mismatch: null });
  });

  test("gives the values of agents in order, and replays", async () => {
    await using node = await new Scene().open();
    const body = `${work} return tryJoin([50, 10, 30].map((ms) => () => work("w" + ms, ms)))`;
    expect(await node.act('actor("boss")', body)).toEqual([50, 10, 30]);
    expect(await node.replay('actor("boss")')).toMatchObject({ mismatch: null });
  });
});

describe("mapLimit", () => {
  test("has no more agents at work than its limit, and goes on where it was after a kill", async () => {
    const scene = new Scene();
    scene.hurry = true;
    const first = await scene.open();
    const body = `${work} return mapLimit([40, 20, 60, 10, 30, 50], 2, (ms, i) => work("w" + i, ms))`;
    await first.startAct('actor("boss")', body, [], "k");
    await first.pass(70);
    first.kill();
    await using second = await scene.open();
    expect(await second.value(await second.startAct('actor("boss")', body, [], "k"))).toEqual([40, 20, 60, 10, 30, 50]);
    const changes = (await second.entries('actor("boss")')).map(({ kind }) =>
      kind === "rpc-started" ? 1 : kind === "delivered" ? -1 : 0,
    );
    const inFlight = changes.map((_, i) => changes.slice(0, i + 1).reduce<number>((sum, change) => sum + change, 0));
    expect(changes.filter((change) => change > 0)).toHaveLength(6);
    expect(Math.max(...inFlight)).toBe(2);
  });

  test("starts nothing more behind the first failure", async () => {
    await using node = await new Scene().open();
    const body = `${work} ${fail}
      return mapLimit([100, 0, 100, 100], 2, (ms, i) => ms ? work("w" + i, ms) : fail("bad")).catch((error) => error.code)`;
    expect(await node.act('actor("boss")', body)).toBe("work/bad");
    await node.pass(200);
    expect(logsOf(node)).toEqual(['actor("w0") begins', 'actor("w0") gives up']);
  });
});

describe("joinSettled", () => {
  test("brings what has failed beside what has come off", async () => {
    await using node = await new Scene().open();
    const body = `${work} ${fail} return joinSettled([work("a", 20), fail("b"), work("c", 10)])`;
    expect(await node.act('actor("boss")', body)).toMatchObject({
      successes: [
        { index: 0, value: 20 },
        { index: 2, value: 10 },
      ],
      failures: [{ index: 1, error: { code: "work/bad", message: "it went wrong" } }],
    });
  });
});

describe("retry", () => {
  test("goes on with its wait after a kill, and counts its attempts on", async () => {
    const scene = new Scene();
    scene.hurry = true;
    const first = await scene.open();
    const body = `return retry((attempt) => {
      log.info("attempt " + attempt);
      if (attempt < 4) throw new Error("not yet");
      return now() - args[0];
    }, { attempts: 4, firstMs: 100, factor: 2, jitter: 0 })`;
    const begin = scene.clock.now();
    await first.startAct('actor("a")', body, [begin], "k");
    await first.pass(150);
    first.kill();
    await using second = await scene.open();
    expect(await second.value(await second.startAct('actor("a")', body, [begin], "k"))).toBeGreaterThanOrEqual(
      100 + 200 + 400,
    );
    const logs = [...first.logs, ...second.logs].map(({ message }) => message);
    expect(logs).toEqual(["attempt 1", "attempt 2", "attempt 3", "attempt 4"]);
  });
});

test("cycle: two agents that would wait for each other are told so, with the circle, and a trigger makes none", async () => {
  const guest = await readGuest("guests/cycle");
  await using node = await new Scene().open({ guest });
  await expect(node.call('peer("ann").ask', "bob")).rejects.toMatchObject({
    code: "rpc/cycle",
    message: expect.stringContaining('peer("bob") → peer("ann") → peer("bob")'),
  });
  expect(await node.call('peer("ann").tell', "bob")).toBe("bob has been told");
  await node.settled();
  expect(await node.call('peer("ann").heard')).toEqual(["bob tells back"]);
});

test("recursion: a runaway ends with the host's own count", async () => {
  const guest = await readGuest("guests/recursion");
  await using node = await new Scene().open({ guest });
  await expect(node.call("runaway")).rejects.toMatchObject({
    code: "rpc/too-deep",
    message: expect.stringContaining("--depth-limit"),
  });
  expect(await node.call("countNodes", 4, 2)).toBe(31);
});
