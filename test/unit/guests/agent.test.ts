import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/probe.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

const evaluate = (body: string) => host.call("evaluate", body);

describe("agents", () => {
  test("keep what their closure holds from one invocation to the next", async () => {
    expect(await host.call('cell("a",1).set', 7)).toBe(7);
    expect(await host.call('cell("a",1).get')).toBe(7);
    expect(await host.call('cell("b",1).get')).toBe(1);
  });

  test("are made in their first invocation, by a factory that may be async and start operations", async () => {
    await host.call('cell("a",3).get');
    await host.call('cell("a",3).get');
    expect(host.listCalls("run.start")).toEqual(['run.start("add", "[3,0]")']);
  });

  test("know who they are", async () => {
    expect(await host.call('cell("a",1).describe')).toEqual({
      name: "a",
      id: 'cell("a",1)',
      key: "outside-1",
      params: ["a", 1],
      type: "cell",
    });
  });

  test("may be objects of a class", async () => {
    expect(await host.call("stack().push", "x")).toBe(1);
    expect(await host.call("stack().push", "y")).toBe(2);
    await expect(host.call("stack().pop")).rejects.toThrow(
      "The agent type stack has no method pop. The methods are: push.",
    );
  });

  test("whose factory throws fail that invocation, and the next one tries again", async () => {
    await expect(host.call("reluctant().attempts")).rejects.toMatchObject({ name: "TypeError", message: "not yet" });
    expect(await host.call("reluctant().attempts")).toBe(2);
  });

  test("whose factory makes no object are refused", async () => {
    await expect(host.call("empty().get")).rejects.toMatchObject({ code: "rpc/unknown-agent" });
  });

  test("do not offer what every object has, nor what is no function", async () => {
    for (const name of ["toString", "constructor", "__proto__", "hasOwnProperty", "notAMethod", "valueOf"]) {
      await expect(host.call(`cell("a",1).${name}`)).rejects.toMatchObject({ code: "rpc/unknown-method" });
    }
  });

  test("name what there is when a method, type or function is unknown", async () => {
    await expect(host.call('cell("a",1).sett', 1)).rejects.toThrow(
      "The agent type cell has no method sett. Did you mean set? The methods are: describe, fail, get, set.",
    );
    await expect(host.call("sell().get")).rejects.toThrow(/There is no agent type sell\. Did you mean cell\?/);
    await expect(host.call("ad", 1)).rejects.toMatchObject({
      code: "rpc/unknown-function",
      message: expect.stringContaining("Did you mean add?"),
    });
    await expect(host.call("Hidden")).rejects.toMatchObject({ code: "rpc/unknown-function" });
    await expect(host.call("toString")).rejects.toMatchObject({ code: "rpc/unknown-function" });
  });

  test("are described with what their source tells", () => {
    const { agents, functions } = JSON.parse(compiled.descriptionText) as {
      agents: { name: string; methods: unknown }[];
      functions: { name: string }[];
    };
    expect(agents.map(({ name }) => name).toSorted()).toEqual(["cell", "empty", "keeper", "reluctant", "stack"]);
    expect(functions.map(({ name }) => name).toSorted()).toEqual(["add", "evaluate", "passThrough", "twice"]);
    expect(functions.find(({ name }) => name === "twice")).toMatchObject({
      params: [
        { name: "value", type: "number" },
        { name: "by", optional: true },
      ],
    });
  });
});

describe("clients", () => {
  test("call methods and give what they return", async () => {
    expect(await evaluate('await cell.get("x", 1).set(5); return cell.get("x", 1).get()')).toBe(5);
    expect(host.listCalls("rpc")).toEqual([
      'rpc.callAgent("cell(\\"x\\",1)", "set", "[5]", {"mode":"attached"})',
      'rpc.callAgent("cell(\\"x\\",1)", "get", "[]", {"mode":"attached"})',
    ]);
  });

  test("leave out parameters and arguments that are absent at the end", async () => {
    expect(await evaluate('return cell.get("x", undefined).id')).toBe('cell("x")');
    expect(await evaluate("return rpc(twice, [4, undefined])")).toBe(8);
  });

  test("trigger calls that nobody waits for", async () => {
    expect(await evaluate('const call = cell.get("x").trigger.set(5); return [call.id, typeof call.then]')).toEqual([
      1,
      "undefined",
    ]);
    expect(host.listCalls("rpc")).toEqual(['rpc.callAgent("cell(\\"x\\")", "set", "[5]", {"mode":"triggered"})']);
    await host.drain();
    expect(await host.call('cell("x").get')).toBe(5);
  });

  test("schedule calls at a moment, given as a date or a number", async () => {
    await evaluate('cell.get("x").at(new Date(2_000_000)).set(1); cell.get("x").at(3_000_000.5).set(2)');
    expect(host.listCalls("rpc")).toEqual([
      'rpc.callAgent("cell(\\"x\\")", "set", "[1]", {"mode":"triggered","at":2000000})',
      'rpc.callAgent("cell(\\"x\\")", "set", "[2]", {"mode":"triggered","at":3000001})',
    ]);
  });

  test("take a key, under which a call is made once", async () => {
    await evaluate('const c = cell.get("x").with({ key: "k" }); await Promise.all([c.set(1), c.set(1)])');
    expect(host.listCalls("rpc")[0]).toBe(
      'rpc.callAgent("cell(\\"x\\")", "set", "[1]", {"mode":"attached","key":"k"})',
    );
    expect(host.listCalls("invocation.finish").filter((call) => call.includes('"1"'))).toHaveLength(1);
  });

  test("refuse moments and keys that are none", async () => {
    for (const bad of ["at('tomorrow')", "at(NaN)", "at(Infinity)", "with({ key: '' })", "with({ key: 5 })"]) {
      await expect(evaluate(`cell.get("x").${bad}.set(1)`)).rejects.toMatchObject({ code: "guest/bad-argument" });
    }
  });

  test("carry the callee's error to the caller", async () => {
    const caught = await evaluate(
      'try { await cell.get("x").fail("no luck") } catch (e) { return [e instanceof Error, e instanceof PlanariaError, hasCode(e, "cell/failed"), e.message, e.data, e.stack.includes("fail")] }',
    );
    expect(caught).toEqual([true, true, true, "no luck", { value: 0 }, true]);
  });

  test("are no promises, and show their id", async () => {
    expect(await evaluate('const c = await cell.get("x"); return [c.id, String(c), typeof c.then]')).toEqual([
      'cell("x")',
      'cell("x")',
      "undefined",
    ]);
    await evaluate('console.log(cell.get("x"), { c: cell.get("x") })');
    expect(host.listCalls("rpc")).toEqual([]);
  });

  test("can't be handed on as arguments", async () => {
    await expect(evaluate('await keeper.get("k").evaluate(cell.get("x"))')).rejects.toMatchObject({
      code: "guest/not-json",
      message: expect.stringContaining('a client of cell("x") cannot be handed on'),
    });
  });

  test("of a type that is not exported are refused", async () => {
    await expect(evaluate("agent(() => ({})).get()")).rejects.toMatchObject({
      code: "rpc/unknown-agent",
      message: expect.stringContaining("export it"),
    });
    await expect(evaluate("agent({})")).rejects.toMatchObject({ code: "guest/bad-argument" });
  });

  test("delete agents", async () => {
    await host.call('cell("x").set', 5);
    expect(await evaluate('return [await cell.get("x").delete(), await cell.get("x").delete()]')).toEqual([null, null]);
    expect(await host.call('cell("x").get')).toBe(0);
  });

  test("delete agents with all that they brought to life, when told to, and refuse to guess", async () => {
    await evaluate('await cell.get("x").delete({ tree: true }); await cell.get("x").with({ key: "k" }).delete()');
    expect(host.listCalls("rpc")).toEqual([
      'rpc.deleteAgent("cell(\\"x\\")", true)',
      'rpc.deleteAgent("cell(\\"x\\")", false)',
    ]);
    await expect(evaluate('cell.get("x").delete({ tree: "all" })')).rejects.toMatchObject({
      code: "guest/bad-argument",
      message: expect.stringContaining("not all"),
    });
    await expect(evaluate('cell.delete("x")')).rejects.toMatchObject({ name: "TypeError" });
  });
});
