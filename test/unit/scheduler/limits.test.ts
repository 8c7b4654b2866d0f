import { describe, expect, test } from "vitest";
import { agentId } from "../../../host/base/id.ts";
import { defaultSettings, type SaidSettings } from "../../../host/component/settings.ts";
import { engine, Scene, type Node } from "./scene.ts";

const { digest } = engine.compiled;

/** A host whose component has these settings. */
async function openWith(settings: SaidSettings, scene = new Scene()): Promise<Node> {
  const node = await scene.open();
  await node.run(node.host.addComponent(engine.bytes, "engine", settings));
  return node;
}

/** Calls itself by way of new agents, and tells how deep it came. */
const recurse = `
  const [n, body] = args;
  return rpc(act, [body, n + 1, body]).catch((error) => ({ n, code: error.code, message: error.message, name: error.name }))`;
const sleeps = (count: number) =>
  `return Promise.all(Array.from({ length: ${count} }, () => sleep(1))).then((all) => all.length)`;

describe("calls that lie within each other", () => {
  test("for ever end with an error that says how to go on", async () => {
    const node = await openWith({ depthLimit: 20 });
    const end = await node.value(await node.startAct("act", recurse, [1, recurse]));
    expect(end).toMatchObject({ n: 20, code: "rpc/too-deep", name: "PlanariaError" });
    expect(end.message).toMatch(/^The call of act\[.*\] would lie within 20 others.*--depth-limit\.$/);
  });

  test("may be a hundred, if nobody says otherwise", async () => {
    const node = await new Scene().open();
    expect(await node.value(await node.startAct("act", recurse, [1, recurse]))).toMatchObject({ n: 100 });
  });

  test("bring the error to the first of them, if none takes it", async () => {
    const node = await openWith({ depthLimit: 5 });
    const body = "return rpc(act, [args[0], args[0]])";
    await expect(node.value(await node.startAct("act", body, [body]))).rejects.toMatchObject({ code: "rpc/too-deep" });
  });

  test("count on in a fork", async () => {
    const node = await openWith({ depthLimit: 2 });
    const inner = "await fork(); return actor.get('deep').act('return 1').catch((error) => error.code)";
    const called = await node.startAct('actor("a")', "return actor.get('b').act(args[0])", [inner]);
    expect(await node.value(called)).toBe("rpc/too-deep");
    const [fork] = await node.store.forks(agentId('actor("b")'));
    const [row] = await node.store.invocations(fork!.id);
    expect(row).toMatchObject({ depth: 2, outcome: { value: '"rpc/too-deep"' } });
  });

  test("count on in another attempt, and over a crash", async () => {
    const scene = new Scene();
    const node = await openWith({ depthLimit: 3 }, scene);
    const body = `
      const deep = await rpc(act, ["return rpc(act, ['return 1']).catch((error) => error.code)"]);
      if (await counter.get("n").add(1) < 2) throw new Error("again");
      return deep`;
    const call = `return rpc(act, [${JSON.stringify(body)}], { retry: { attempts: 2, firstMs: 5_000 } })`;
    const called = await node.startAct('actor("c")', call);
    await node.settled();
    node.kill();
    expect(await (await scene.open()).value(called)).toBe("rpc/too-deep");
  });

  test("are not those that nobody waits for: an agent may trigger itself for ever", async () => {
    const node = await openWith({ depthLimit: 1 });
    const body = "kept.n = (kept.n ?? 0) + 1; if (kept.n < 10) actor.get('d').trigger.act(args[0], args[0])";
    await node.value(await node.startAct('actor("d")', body, [body]));
    await node.settled();
    expect(await node.act('actor("d")', "return kept.n")).toBe(10);
  });

  test("may be as many as the limit says now", async () => {
    const node = await openWith({ depthLimit: 1 });
    const body = "return counter.get('e').add(1).catch((error) => error.code)";
    expect(await node.act('actor("e")', body)).toBe("rpc/too-deep");
    await node.run(node.host.setComponent(digest, { depthLimit: 2 }));
    expect(await node.act('actor("e")', body)).toBe(1);
  });
});

describe("operations in flight", () => {
  test("that are too many undo the step, fail the invocation, and leave the agent", async () => {
    const node = await openWith({ inFlightLimit: 10 });
    await node.act('actor("a")', "kept.n = 1");
    const body = "kept.n = 2; for (let i = 0; i < 1e9; i += 1) void counter.get('many', i).add(1)";
    const refused = await node.act('actor("a")', body).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "guest/too-many-operations" });
    expect(String((refused as Error).message)).toMatch(
      /^actor\("a"\) would have more than 10 operations in flight.*mapLimit.*--in-flight-limit\.$/,
    );
    expect(await node.act('actor("a")', "return kept.n")).toBe(1);
    expect((await node.store.agents()).map(({ id }) => id)).toEqual(['actor("a")']);
    expect((await node.replay('actor("a")')).mismatch).toBeNull();
  });

  test("may be as many as the limit says, from the next step on", async () => {
    const node = await openWith({ inFlightLimit: 10 });
    expect(await node.act('actor("b")', sleeps(10))).toBe(10);
    await expect(node.act('actor("b")', sleeps(11))).rejects.toMatchObject({ code: "guest/too-many-operations" });
    const set = await node.run(node.host.setComponent(digest, { inFlightLimit: 11 }));
    expect(set).toEqual({ ...defaultSettings, inFlightLimit: 11 });
    expect(await node.act('actor("b")', sleeps(11))).toBe(11);
  });

  test("may be 10,000, if nobody says otherwise", async () => {
    const node = await new Scene().open();
    await expect(node.act('actor("c")', sleeps(10_001))).rejects.toMatchObject({ code: "guest/too-many-operations" });
    expect(await node.act('actor("c")', sleeps(10_000))).toBe(10_000);
  });

  test("are bounded after a restart as before", async () => {
    const scene = new Scene();
    const first = await openWith({ inFlightLimit: 3 }, scene);
    await first.settled();
    first.kill();
    const second = await scene.open();
    await expect(second.act('actor("d")', sleeps(4))).rejects.toMatchObject({ code: "guest/too-many-operations" });
  });
});

describe("the settings of a component", () => {
  test("stay as they are when they are not said again", async () => {
    const node = await openWith({ depthLimit: 7, allowedHosts: ["example.com"] });
    await node.run(node.host.addComponent(engine.bytes, "engine"));
    await node.run(node.host.addComponent(engine.bytes, "engine", { inFlightLimit: 9, depthLimit: undefined }));
    const [component] = await node.run(node.host.components());
    expect(component).toMatchObject({
      digest,
      name: "engine",
      createdAt: expect.any(Number),
      settings: { ...defaultSettings, depthLimit: 7, allowedHosts: ["example.com"], inFlightLimit: 9 },
    });
    expect(component!.description.functions.map(({ name }) => name)).toContain("act");
  });

  test("that another process has set are learned at the next heartbeat", async () => {
    const scene = new Scene();
    const node = await scene.open();
    const other = await scene.open();
    expect(await node.act('actor("a")', sleeps(3))).toBe(3);
    await other.run(other.host.setComponent(digest, { inFlightLimit: 2 }));
    await node.pass(30_000);
    await expect(node.act('actor("a")', sleeps(3))).rejects.toMatchObject({ code: "guest/too-many-operations" });
  });

  test.each<[SaidSettings, RegExp]>([
    [{ depthLimit: -1 }, /The setting depthLimit of a component can't be -1/],
    [{ inFlightLimit: 1.5 }, /The setting inFlightLimit of a component can't be 1.5/],
    [{ fetchTimeoutMs: "5s" as never }, /The setting fetchTimeoutMs of a component can't be "5s"/],
    [{ allowedHosts: "example.com" as never }, /The setting allowedHosts of a component can't be "example.com"/],
    [{ depht: 5 } as never, /A component has no setting "depht"; there are allowedHosts, .*depthLimit/],
  ])("can't be %j", async (settings, message) => {
    const node = await new Scene().open();
    const refusal = { code: "component/bad-setting", message: expect.stringMatching(message) };
    await expect(node.run(node.host.addComponent(engine.bytes, "engine", settings))).rejects.toMatchObject(refusal);
    await expect(node.run(node.host.setComponent(digest, settings))).rejects.toMatchObject(refusal);
    expect((await node.run(node.host.components())).map(({ settings: now }) => now)).toEqual([defaultSettings]);
  });

  test("are those of a component that there is", async () => {
    const node = await new Scene().open();
    const unknown = node.host.setComponent("0".repeat(64) as never, { depthLimit: 5 });
    await expect(node.run(unknown)).rejects.toMatchObject({ code: "component/unknown" });
  });
});
