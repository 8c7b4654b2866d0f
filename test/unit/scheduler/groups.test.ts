import { describe, expect, test } from "vitest";
import type { HostError } from "../../../host/base/error.ts";
import { agentId } from "../../../host/base/id.ts";
import { makePausable } from "./faults.ts";
import { engine, readGuest, Scene, type Node, type NodeOptions } from "./scene.ts";

/** A node of the group `g`. */
function openMember(scene: Scene, node: string, { slots = 64, ...options }: NodeOptions & { slots?: number } = {}) {
  return scene.open({ pollMs: 20, group: { name: "g", node, slots }, ...options });
}

const openPlain = (scene: Scene, options: NodeOptions = {}) => scene.open({ pollMs: 20, ...options });

const noFork = "00000000-0000-0000-0000-000000000000";

/** How many agents with a target each node of a scene has, by the node's name. */
async function countByNode(node: Node): Promise<Record<string, number>> {
  const names = new Map((await node.store.nodes()).map(({ id, name }) => [id, name]));
  const counts: Record<string, number> = {};
  for (const { target, node: owner } of await node.store.agents()) {
    if (!target) continue;
    const name = owner === null ? "nobody" : names.get(owner)!;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Time passes while all nodes work, a moment for every few steps, until `wanted` is there. */
async function letPass(scene: Scene, wanted: Promise<unknown>): Promise<void> {
  const arrived = new AbortController();
  void wanted.finally(() => arrived.abort());
  for (let round = 1; !arrived.signal.aborted; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (round % 20 === 0) scene.clock.next();
  }
}

/** The body of a fan-out of that many calls, each of which gives its own number back. */
const fanOut = (count: number, target = "poll://any@g") =>
  `const calls = Array.from({ length: ${count} }, (_, i) => rpc("act", ["return args[0]", i], { target: "${target}" }));
  return (await Promise.all(calls)).every((value, i) => value === i)`;

describe("a call with a target", () => {
  test("goes to a node of the group, and its outcome comes back", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const member = await openMember(scene, "w1");
    expect(await plain.act('actor("a")', "return rpc('act', ['return 7'], { target: 'poll://any@g' })")).toBe(7);
    await plain.settled();
    await member.settled();
    expect(await countByNode(plain)).toEqual({ w1: 1 });
  });

  test("notes who brought its agent to life, and so does every other call", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1");
    const body = "await rpc('act', ['return 1'], { target: 'poll://any@g' }); await counter.get('c').add(); return 1";
    await plain.act('actor("a")', body);
    await plain.settled();
    const children = await plain.store.children(agentId('actor("a")'));
    expect(children.map(({ type, target }) => [type, target?.group ?? null])).toEqual([
      ["act", "g"],
      ["counter", null],
    ]);
    expect((await plain.store.agent(agentId('actor("a")')))?.createdBy).toBeNull();
  });

  test("waits while there is no such node, and goes when there is one", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const waits = await plain.startAct('actor("a")', fanOut(5));
    await plain.pass(60_000);
    expect(await countByNode(plain)).toEqual({ nobody: 5 });
    await openMember(scene, "w1");
    expect(await plain.value(waits)).toBe(true);
    expect(await countByNode(plain)).toEqual({ w1: 5 });
  });

  test("gets the component that its node is for, whoever calls, and stays with it", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const other = await readGuest("guests/counter");
    await openMember(scene, "w1", { guest: other });
    await openMember(scene, "w2");
    const add = (name: string, node: string) =>
      plain.act('actor("a")', `return counter.get("${name}").with({ target: "poll://uni@g/${node}" }).add(1)`);
    expect(await Promise.all([add("c1", "w1"), add("c2", "w2")])).toEqual([1, 1]);
    const components = ["c1", "c2"].map((name) => plain.store.agent(agentId(`counter("${name}")`)));
    expect((await Promise.all(components)).map((row) => row?.component)).toEqual([
      other.compiled.digest,
      engine.compiled.digest,
    ]);
  });

  test("gets its caller's component where its node is for nothing that has it", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1", { guest: await readGuest("guests/bank") });
    expect(await plain.act('actor("a")', fanOut(3))).toBe(true);
  });

  test("may come from outside, and from an agent of the group itself", async () => {
    const scene = new Scene();
    const member = await openMember(scene, "w1");
    const called = await member.run(
      member.host.call({ callee: { function: "act" }, args: '["return 1"]', target: "poll://any@g" }),
    );
    expect(await member.value(called)).toBe(1);
    expect(await member.act('actor("a")', fanOut(200))).toBe(true);
    expect(await countByNode(member)).toEqual({ w1: 201 });
  });

  test("is one call under one key, whoever makes it", async () => {
    const scene = new Scene();
    const [left, right] = [await openPlain(scene), await openPlain(scene)];
    const call = (node: Node) =>
      node.run(node.host.call({ callee: { function: "act" }, args: '["return 1"]', key: "k", target: "poll://any@g" }));
    const refs = await Promise.all([call(left), call(right)]);
    await openMember(scene, "w1");
    expect(await Promise.all([left.value(refs[0]!), right.value(refs[1]!)])).toEqual([1, 1]);
    expect(await left.store.invocations(refs[0]!.agent)).toHaveLength(1);
  });

  test("of an agent that exists goes there, wherever that is", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const member = await openMember(scene, "w1");
    await plain.call('counter("here").add');
    const add = (name: string) => `return counter.get("${name}").with({ target: "poll://any@g" }).add()`;
    expect(await plain.act('actor("a")', add("here"))).toBe(2);
    expect(await plain.act('actor("a")', add("there"))).toBe(1);
    expect(await plain.act('actor("a")', "return counter.get('there').add()")).toBe(2);
    expect(await member.call('counter("there").add')).toBe(3);
    const owners = await Promise.all(
      ["here", "there"].map(async (name) => (await plain.store.agent(agentId(`counter("${name}")`)))?.target ?? null),
    );
    expect(owners).toEqual([null, { group: "g", node: null, only: false }]);
  });

  test.each(["g", "poll://uni@g", "poll://any@", "http://any@g/w1"])(
    "fails if its target is %s, and shows what it may be",
    async (target) => {
      const plain = await openPlain(new Scene());
      const body = `return rpc("act", ["return 1"], { target: "${target}" }).catch((e) => [e.code, e.message])`;
      const [code, message] = await plain.act('actor("a")', body);
      expect(code).toBe("rpc/bad-target");
      expect(message).toContain("poll://uni@GROUP/NODE");
    },
  );

  test.each([
    ["a function", { function: "nothing" }, "rpc/unknown-function"],
    ["an agent type", { agent: 'nobody("x")', method: "add" }, "rpc/unknown-agent"],
    ["a method", { agent: 'counter("x")', method: "nothing" }, "rpc/unknown-method"],
    ["a fork", { agent: `counter("x")[${noFork}]`, method: "add" }, "rpc/unknown-agent"],
  ])("of %s that there is not fails, and names the node that was asked", async (_, callee, code) => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1");
    const call = async () =>
      plain.result(await plain.run(plain.host.call({ callee, args: "[]", target: "poll://any@g" })));
    const { error } = (await call()) as { error: string };
    expect(JSON.parse(error)).toMatchObject({ code });
    expect(JSON.parse(error).message).toContain("The node w1 of the group g was asked.");
    // Now it is known at once of the agent that has come to life all the same, and asked again of the others.
    const again = await call().catch((refusal: HostError) => ({ error: JSON.stringify({ code: refusal.code }) }));
    expect(again).toMatchObject({ error: expect.stringContaining(code) });
  });

  test("of an agent type that there was not is made good by a node that has it", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1");
    const balance = async () =>
      plain.value(
        await plain.run(
          plain.host.call({
            callee: { agent: 'account("ann")', method: "balance" },
            args: "[]",
            target: "poll://any@g",
          }),
        ),
      );
    await expect(balance()).rejects.toMatchObject({ code: "rpc/unknown-agent" });
    await openMember(scene, "w2", { guest: await readGuest("guests/bank") });
    expect(await balance()).toBe(0);
  });
});

describe("a host", () => {
  test.each([
    ["of a group that no target can name", { name: "my group", node: "w1", slots: 1 }, '"my group" is no name'],
    ["without a name in its group", { name: "g", node: "", slots: 1 }, '"" is no name'],
    ["without slots", { name: "g", node: "w1", slots: 0 }, "it has 0 slots"],
    ["with part of a slot", { name: "g", node: "w1", slots: 1.5 }, "it has 1.5 slots"],
  ])("%s is not opened", async (_, group, why) => {
    await expect(new Scene().open({ group })).rejects.toMatchObject({
      code: "host/bad-group",
      message: expect.stringContaining(why),
    });
  });

  test("of a group takes nothing before it serves", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const waits = await plain.startAct('actor("a")', fanOut(3));
    const member = await scene.open({ pollMs: 20, group: { name: "g", node: "w1", slots: 4 }, serves: false });
    await plain.pass(10_000);
    expect(await countByNode(plain)).toEqual({ nobody: 3 });
    await member.run(member.host.serve());
    expect(await plain.value(waits)).toBe(true);
    expect(await countByNode(plain)).toEqual({ w1: 3 });
  });
});

describe("the nodes of a group", () => {
  test.each([
    ["the caller first", [0, 1, 2, 3]],
    ["the caller last", [1, 2, 3, 0]],
    ["the caller in between", [2, 0, 3, 1]],
  ])("share 3,000 calls about evenly, %s", { timeout: 60_000 }, async (_, order) => {
    const scene = new Scene();
    const nodes: Node[] = [];
    for (const number of order)
      nodes[number] = number === 0 ? await openPlain(scene) : await openMember(scene, `w${number}`);
    const called = await nodes[0]!.startAct('actor("a")', fanOut(3_000));
    await letPass(scene, nodes[0]!.host.result(called));
    expect(await nodes[0]!.value(called)).toBe(true);
    const counts = await countByNode(nodes[0]!);
    for (const name of ["w1", "w2", "w3"]) {
      expect(counts[name]).toBeGreaterThan(750);
      expect(counts[name]).toBeLessThan(1_260);
    }
  });

  test("with twice the slots take about twice as much", { timeout: 60_000 }, async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1", { slots: 16 });
    await openMember(scene, "w2", { slots: 32 });
    const called = await plain.startAct('actor("a")', fanOut(900));
    await letPass(scene, plain.host.result(called));
    expect(await plain.value(called)).toBe(true);
    const { w1 = 0, w2 = 0 } = await countByNode(plain);
    expect(w2 / w1).toBeGreaterThan(1.5);
    expect(w2 / w1).toBeLessThan(2.6);
  });

  test("do not leave calls to one of them that does not get on", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const pausable = makePausable();
    const stuck = await openMember(scene, "w1", { wrap: pausable.wrap });
    await openMember(scene, "w2");
    pausable.pause();
    stuck.isPaused = true;
    expect(await plain.act('actor("a")', fanOut(100))).toBe(true);
    expect(await countByNode(plain)).toEqual({ w2: 100 });
    pausable.resume();
  });

  test("run no more of their agents at once than they have slots", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const member = await openMember(scene, "w1", { slots: 3 });
    let most = 0;
    const { store } = member;
    const take = store.take.bind(store);
    store.take = async (...args) => {
      const taken = await take(...args);
      most = Math.max(most, taken.length);
      return taken;
    };
    expect(await plain.act('actor("a")', fanOut(50))).toBe(true);
    expect(most).toBeLessThanOrEqual(3);
    expect(most).toBeGreaterThan(0);
  });

  test("go deeper in a recursion than they have slots, for who waits takes up none", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1", { slots: 2 });
    const body = `const [depth, body] = args;
      return depth === 0 ? 1 : (await rpc("act", [body, depth - 1, body], { target: "poll://any@g" })) + 1`;
    expect(await plain.act("act", body, 20, body)).toBe(21);
  });

  test("carry out a fan-out of fan-outs with one slot each", async () => {
    const scene = new Scene();
    const members = [await openMember(scene, "w1", { slots: 1 }), await openMember(scene, "w2", { slots: 1 })];
    const body = `const [depth, body] = args;
      if (depth === 0) return 1;
      const parts = Array.from({ length: 3 }, () => rpc("act", [body, depth - 1, body], { target: "poll://any@g" }));
      return (await Promise.all(parts)).reduce((sum, part) => sum + part, 1)`;
    expect(await members[0]!.act("act", body, 3, body)).toBe(40);
    const counts = await countByNode(members[0]!);
    expect(counts["w1"]).toBeGreaterThan(5);
    expect(counts["w2"]).toBeGreaterThan(5);
  });

  test("leave calls to the one that is preferred, as long as it lives", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1");
    const second = await openMember(scene, "w2");
    expect(await plain.act('actor("a")', fanOut(20, "poll://any@g/w2"))).toBe(true);
    expect(await countByNode(plain)).toEqual({ w2: 20 });
    await second[Symbol.asyncDispose]();
    expect(await plain.act('actor("b")', fanOut(20, "poll://any@g/w2"))).toBe(true);
    expect((await countByNode(plain))["w1"]).toBe(20);
  });

  test("take what the preferred one does not get to", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const pausable = makePausable();
    const preferred = await openMember(scene, "w1", { wrap: pausable.wrap });
    await openMember(scene, "w2");
    pausable.pause();
    preferred.isPaused = true;
    expect(await plain.act('actor("a")', fanOut(20, "poll://any@g/w1"))).toBe(true);
    expect(await countByNode(plain)).toEqual({ w2: 20 });
    pausable.resume();
  });

  test("leave a call that is for one of them alone to that one, though it is not there yet", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    await openMember(scene, "w1");
    const waits = await plain.startAct('actor("a")', fanOut(5, "poll://uni@g/w2"));
    await plain.pass(60_000);
    expect(await countByNode(plain)).toEqual({ nobody: 5 });
    await openMember(scene, "w2");
    expect(await plain.value(waits)).toBe(true);
    expect(await countByNode(plain)).toEqual({ w2: 5 });
  });

  test("and they alone run its agents, whatever a plain node hears of these", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const member = await openMember(scene, "w1");
    const waits = await plain.startAct(
      'actor("a")',
      `const there = actor.get("t").with({ target: "poll://any@g" });
      const [slept, settled] = [there.act("await sleep(5_000); return 'slept'"), promise.create({ id: "p" })];
      return [await slept, await rpc("act", ["return promise.await('p')"], { target: "poll://any@g" })]`,
    );
    await plain.pass(1_000);
    await member[Symbol.asyncDispose]();
    // Its timer rings, its promise settles, it is called again; and nobody is there who may run it.
    await plain.pass(20_000);
    const again = await plain.startAct('actor("b")', "return actor.get('t').act('return 1')");
    await plain.act("act", "const id = 'p'; return promise.complete(promise.create({ id }), 'settled')");
    await plain.pass(20_000);
    expect(await countByNode(plain)).toEqual({ nobody: 1 });
    expect((await plain.store.queue(agentId('actor("t")'))).map(({ state }) => state)).toEqual(["running", "queued"]);
    const next = await openMember(scene, "w2");
    expect(await plain.value(waits)).toEqual(["slept", "settled"]);
    expect(await plain.value(again)).toBe(1);
    expect(await countByNode(plain)).toEqual({ w2: 2 });
    expect((await next.replay('actor("t")')).mismatch).toBeNull();
  });

  test("run the forks of their agents, those from outside included", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const member = await openMember(scene, "w1");
    const forks = `const side = await fork(); if (side.kind === "forked") promise.complete("p", self.id); return 1`;
    await plain.act(
      'actor("a")',
      `promise.create({ id: "p" });
      await actor.get("t").with({ target: "poll://any@g" }).act(${JSON.stringify(forks)}); return promise.await("p")`,
    );
    await member[Symbol.asyncDispose]();
    const copy = await plain.run(plain.host.forkAgent(agentId('actor("t")')));
    await plain.pass(5_000);
    const rows = (await plain.store.agents()).filter(({ target }) => target);
    expect(rows.map(({ node }) => node)).toEqual([null, null, null]);
    for (const { target } of rows) expect(target).toEqual({ group: "g", node: null, only: false });
    await openMember(scene, "w2");
    expect(await plain.value(await plain.start(`${copy}.act`, ["return self.id"]))).toBe(copy);
    expect((await plain.store.agent(copy))?.node).not.toBeNull();
  });

  test("may be told apart from plain nodes: what has no target goes on anywhere", async () => {
    const scene = new Scene();
    const plain = await openPlain(scene);
    const waits = await plain.startAct('actor("a")', "await sleep(5_000); return counter.get('c').add()");
    await plain.settled();
    const member = await openMember(scene, "w1");
    await plain[Symbol.asyncDispose]();
    expect(await member.value(waits)).toBe(1);
  });

  test("do not let an agent be forked that has not begun, and say what it waits for", async () => {
    const plain = await openPlain(new Scene());
    const called = await plain.run(
      plain.host.call({ callee: { agent: 'counter("c")', method: "add" }, args: "[]", target: "poll://any@g" }),
    );
    await expect(plain.run(plain.host.forkAgent(called.agent))).rejects.toMatchObject({
      code: "agent/waiting",
      message: expect.stringContaining("planaria serve --group g"),
    });
  });
});
