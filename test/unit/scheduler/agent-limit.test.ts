import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import type { SaidSettings } from "../../../host/component/settings.ts";
import { engine, Scene, type Node } from "./scene.ts";

const { digest } = engine.compiled;

const openWith = (settings: SaidSettings, scene = new Scene()): Promise<Node> => scene.open({ settings });
const liveCount = async ({ store }: Node) =>
  (await store.agents()).filter(({ state }) => state !== "ended" && state !== "failed").length;

describe("a limit of agents", () => {
  test("ends calls of ever new agents with an error that says how to go on", async () => {
    const node = await openWith({ agentLimit: 5 });
    const body = `
      const codes = [];
      for (let i = 0; i < 8; i += 1) codes.push(await counter.get("c" + i).add(1).catch((error) => error));
      return codes.map((each) => each.code ?? each).concat(codes.at(-1).message)`;
    const told = await node.act('actor("a")', body);
    expect(told.slice(0, 8)).toEqual([1, 1, 1, 1, ...Array(4).fill("rpc/too-many-agents")]);
    expect(told[8]).toMatch(/^There are 5 agents of the component sha256:.*--agent-limit\.$/);
    expect(await liveCount(node)).toBe(5);
    expect((await node.replay('actor("a")')).mismatch).toBeNull();
  });

  test("leaves agents that there are as they are", async () => {
    const node = await openWith({ agentLimit: 2 });
    expect(await node.call('counter("c").add', 1)).toBe(1);
    expect(await node.act('actor("a")', "return counter.get('c').add(1)")).toBe(2);
  });

  test("does not count calls of functions that are through", async () => {
    const node = await openWith({ agentLimit: 3 });
    const body = "let sum = 0; for (let i = 0; i < 20; i += 1) sum += await rpc(act, ['return 1']); return sum";
    expect(await node.act('actor("a")', body)).toBe(20);
  });

  test("holds for calls from outside, too", async () => {
    const node = await openWith({ agentLimit: 1 });
    await node.act('actor("a")', "return 1");
    await expect(node.start('actor("b").act', ["return 1"])).rejects.toMatchObject({ code: "rpc/too-many-agents" });
    await expect(node.run(node.host.forkAgent(agentId('actor("a")')))).rejects.toMatchObject({
      code: "rpc/too-many-agents",
    });
    expect(await node.act('actor("a")', "return 2")).toBe(2);
  });

  test("makes room when agents are deleted", async () => {
    const node = await openWith({ agentLimit: 2 });
    await node.act('actor("a")', "return counter.get('x').add(1)");
    const body = "return counter.get('y').add(1).catch((error) => error.code)";
    expect(await node.act('actor("a")', body)).toBe("rpc/too-many-agents");
    await node.run(node.host.deleteAgent(agentId('counter("x")')));
    expect(await node.act('actor("a")', body)).toBe(1);
  });

  test("ends a guest that forks for ever, and every fork of it", async () => {
    const node = await openWith({ agentLimit: 20 });
    await node.act('actor("other")', "kept.n = 1");
    const bomb = node.act('actor("a")', "for (;;) await fork()");
    await expect(bomb).rejects.toMatchObject({ code: "rpc/too-many-agents" });
    await node.settled();
    const rows = await node.store.agents();
    // It is no exact number: a thread that forks is told a moment later.
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.length).toBeLessThan(200);
    expect(await node.act('actor("other")', "return ++kept.n")).toBe(2);
  });

  test("is what the settings say now, and after a restart as before", async () => {
    const scene = new Scene();
    const node = await openWith({ agentLimit: 1 }, scene);
    const body = "return counter.get('c').add(1).catch((error) => error.code)";
    expect(await node.act('actor("a")', body)).toBe("rpc/too-many-agents");
    await node.settled();
    node.kill();
    const second = await scene.open();
    expect(await second.act('actor("a")', body)).toBe("rpc/too-many-agents");
    await second.run(second.host.setComponent(digest, { agentLimit: 2 }));
    expect(await second.act('actor("a")', body)).toBe(1);
    await expect(second.act('actor("a")', "await fork()")).rejects.toMatchObject({ code: "rpc/too-many-agents" });
  });

  test("sees what other nodes have made at the next heartbeat", async () => {
    const scene = new Scene();
    const node = await openWith({ agentLimit: 4 }, scene);
    const other = await scene.open();
    await node.act('actor("a")', "return 1");
    await node.act('actor("b")', "return 1");
    await node.act('actor("c")', "return 1");
    await other.act('actor("d")', "return 1");
    await node.pass(30_000);
    await expect(node.start('actor("e").act', ["return 1"])).rejects.toMatchObject({ code: "rpc/too-many-agents" });
  });
});
