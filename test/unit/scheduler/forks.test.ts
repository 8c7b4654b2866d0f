import { describe, expect, test } from "vitest";
import { agentId, forkId, invocationKey } from "../../../host/base/id.ts";
import { Scene } from "./scene.ts";

const scene = new Scene();
const node = await scene.open();
const forksOf = async (id: string) => (await node.run(node.host.inspect(agentId(id)))).forks.map((fork) => fork.id);

describe("a fork", () => {
  test("goes on with the memory of its parent, and sees nothing of what that does later", async () => {
    const body = `
      kept.before = 1;
      const side = await fork();
      kept[side.kind] = 1;
      await sleep(10);
      return kept`;
    const called = await node.startAct('actor("a")', body, [], "k");
    expect(await node.value(called)).toEqual({ before: 1, original: 1 });
    const [fork] = await forksOf('actor("a")');
    expect(await node.value({ agent: fork!, key: called.key })).toEqual({ before: 1, forked: 1 });
  });

  test("has the id that follows from its parent and the operation, and both are told", async () => {
    const called = await node.startAct(
      'actor("b")',
      "await sleep(1); const side = await fork(); return [self.id, side]",
      [],
      "k",
    );
    const id = forkId(agentId('actor("b")'), 2);
    expect(await node.value(called)).toEqual(['actor("b")', { kind: "original", fork: id }]);
    expect(await node.value({ agent: id, key: called.key })).toEqual([id, { kind: "forked", parent: 'actor("b")' }]);
  });

  test("finishes the invocation that it was born in, and inherits none that are queued", async () => {
    const first = await node.startAct(
      'actor("c")',
      "await sleep(5); const side = await fork(); await sleep(5); return side.kind",
      [],
      "first",
    );
    const second = await node.startAct('actor("c")', "return 'second'", [], "second");
    expect([await node.value(first), await node.value(second)]).toEqual(["original", "second"]);
    const [fork] = await forksOf('actor("c")');
    expect(await node.value({ agent: fork!, key: first.key })).toBe("forked");
    await node.settled();
    expect((await node.store.invocations(fork!)).map(({ key }) => key)).toEqual(["first"]);
    expect(await node.store.agent(fork!)).toMatchObject({ state: "ended" });
  });

  test("can be made in every turn of a loop", async () => {
    const body = `
      const ids = Array.from({ length: 5 }, () => promise.create());
      for (const [i, id] of ids.entries()) {
        const side = await fork();
        if (side.kind === "forked") { promise.complete(id, 'fork ' + i); return [] }
      }
      return Promise.all(ids.map((id) => promise.await(id)))`;
    expect(await node.act('actor("d")', body)).toEqual(["fork 0", "fork 1", "fork 2", "fork 3", "fork 4"]);
    await node.settled();
  });

  test("of a fork inherits from both", async () => {
    const body = `
      const path = [];
      for (let i = 0; i < 3; i += 1) path.push((await fork()).kind[0]);
      await counter.get("leaves").add(1);
      return path.join("")`;
    const called = await node.startAct('actor("e")', body, [], "k");
    expect(await node.value(called)).toBe("ooo");
    await node.settled();
    expect(await node.call('counter("leaves").count')).toBe(8);
    const [first] = await forksOf('actor("e")');
    const [grandchild] = await forksOf(first!);
    expect(await node.value({ agent: first!, key: called.key })).toBe("foo");
    expect(await node.value({ agent: grandchild!, key: called.key })).toBe("ffo");
    for (const id of [first!, grandchild!]) expect((await node.replay(id)).mismatch).toBeNull();
  });

  test("of two that are made at once knows of the other as the original does", async () => {
    const body = "const sides = await Promise.all([fork(), fork()]); return sides.map(({ kind }) => kind)";
    const called = await node.startAct('actor("f")', body, [], "k");
    expect(await node.value(called)).toEqual(["original", "original"]);
    const forks = await forksOf('actor("f")');
    const sides = await Promise.all(forks.map((agent) => node.value({ agent, key: called.key })));
    expect(sides).toEqual([
      ["forked", "original"],
      ["original", "forked"],
    ]);
  });

  test("waits for all that was in flight, and gets its own copy of each outcome", async () => {
    const body = `
      promise.create({ id: "lineage" });
      const flight = [
        actor.get("slow").act("await sleep(50); return (kept.calls = (kept.calls ?? 0) + 1)"),
        promise.await("lineage"),
        sleep(20).then(() => "slept"),
        run(async () => { await sleep(10); return "ran" }),
      ];
      const side = await fork();
      if (side.kind === "forked") await promise.complete("lineage", "settled");
      return Promise.all(flight)`;
    const called = await node.startAct('actor("g")', body, [], "k");
    const outcomes = [1, "settled", "slept", "ran"];
    expect(await node.value(called)).toEqual(outcomes);
    const [fork] = await forksOf('actor("g")');
    expect(await node.value({ agent: fork!, key: called.key })).toEqual(outcomes);
  });

  test("draws other numbers than its parent", async () => {
    const body = "const side = await fork(); return [random.uuid(), Math.random()]";
    const called = await node.startAct('actor("h")', body, [], "k");
    const [fork] = [forkId(agentId('actor("h")'), 1)];
    const [parents, forks] = [await node.value(called), await node.value({ agent: fork, key: called.key })];
    expect(parents[0]).not.toBe(forks[0]);
    expect(parents[1]).not.toBe(forks[1]);
  });

  test("may trap, fail or make calls of its own without its parent noticing", async () => {
    const body =
      "const side = await fork(); if (side.kind === 'forked') { await counter.get('own').add(1); trap() } await sleep(50); return 'parent'";
    const called = await node.startAct('actor("i")', body, [], "k");
    expect(await node.value(called)).toBe("parent");
    await expect(node.value({ agent: forkId(agentId('actor("i")'), 1), key: called.key })).rejects.toMatchObject({
      name: "TrapError",
    });
    expect(await node.call('counter("own").calls')).toEqual([`${forkId(agentId('actor("i")'), 1)}#2`]);
  });

  test("can be called by its id, once its invocation is over", async () => {
    const called = await node.startAct(
      'actor("j")',
      "const side = await fork(); kept.kind = side.kind; return 1",
      [],
      "k",
    );
    await node.value(called);
    await node.settled();
    expect(await node.act(forkId(agentId('actor("j")'), 1), "return kept.kind")).toBe("forked");
    await node.settled();
    expect(await node.store.agent(forkId(agentId('actor("j")'), 1))).toMatchObject({ state: "ended" });
  });

  test("that was not awaited finds no invocation to finish", async () => {
    await node.act('actor("k")', "void fork(); return 'over'");
    await node.settled();
    const fork = forkId(agentId('actor("k")'), 1);
    expect(await node.store.agent(fork)).toMatchObject({ state: "ended" });
    expect(await node.store.invocations(fork)).toEqual([]);
  });
});

describe("a fork from outside", () => {
  test("at any entry goes on from there", async () => {
    for (const by of [1, 2, 3]) await node.call('counter("o").add', by);
    await node.settled();
    const entries = await node.entries('counter("o")');
    const at = entries.findLastIndex(({ kind }) => kind === "finished") - 1;
    const fork = await node.run(node.host.forkAgent(agentId('counter("o")'), at - 3));
    expect(await node.call(`${fork}.add`, 10)).toBe(13);
    expect(await node.call('counter("o").count')).toBe(6);
    expect((await node.replay(fork)).mismatch).toBeNull();
  });

  test("of an agent that waits, waits as well and finishes the same invocation", async () => {
    const called = await node.startAct(
      'actor("p")',
      "return promise.await(promise.create({ id: 'forked outside' }))",
      [],
      "k",
    );
    await node.settled();
    const fork = await node.run(node.host.forkAgent(agentId('actor("p")')));
    await node.act("act", "await promise.complete('forked outside', 5)");
    expect([await node.value(called), await node.value({ agent: fork, key: called.key })]).toEqual([5, 5]);
  });

  test("in the midst of an invocation that is over goes through the rest of it again, with the outcomes that it had", async () => {
    const called = await node.startAct(
      'actor("q")',
      "const n = await counter.get('q').add(1); return 'got ' + n",
      [],
      "k",
    );
    await node.value(called);
    await node.settled();
    const at = (await node.entries('actor("q")')).findIndex(({ kind }) => kind === "rpc-started");
    const fork = await node.run(node.host.forkAgent(agentId('actor("q")'), at));
    expect(await node.value({ agent: fork, key: invocationKey("k") })).toBe("got 1");
    expect(await node.call('counter("q").count')).toBe(1);
  });

  test("of an entry or an agent that is not there is refused", async () => {
    await expect(node.run(node.host.forkAgent(agentId('counter("o")'), 999))).rejects.toMatchObject({
      code: "agent/no-entry",
    });
    await expect(node.run(node.host.forkAgent(agentId('counter("nobody")')))).rejects.toMatchObject({
      code: "agent/unknown",
    });
  });
});
