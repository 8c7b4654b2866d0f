import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { openWat } from "../components/wat.ts";
import { foreignAdapter, openCommand, openForeign } from "./foreign.ts";
import { eventually, Workplace } from "./planaria.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let foreign: Uint8Array;
beforeAll(async () => {
  foreign = await openForeign();
});

describe.concurrent("any component", () => {
  test("is called by its types: its functions, and as an agent that keeps its memory", async () => {
    await using place = new Workplace();
    const file = place.write("counter.component.wasm", await openWat("counter"));
    expect(await place.run("run", file, "add(2)")).toMatchObject({ exitCode: 0, stdout: "2\n" });
    expect(await place.run("run", file, 'counter("a").add(2)')).toMatchObject({ exitCode: 0, stdout: "2\n" });
    expect(await place.run("invoke", 'counter("a").add(3)')).toMatchObject({ exitCode: 0, stdout: "5\n" });
    expect(await place.run("invoke", "add(3)")).toMatchObject({ exitCode: 0, stdout: "3\n" });
    expect((await place.run("replay", 'counter("a")')).stdout).toContain('counter("a") replays: 7 entries');
    const fork = (await place.run("fork", 'counter("a")')).stdout.trim();
    expect(await place.run("invoke", `${fork}.get()`)).toMatchObject({ stdout: "5\n" });
    expect(await place.run("record", 'counter("a")', "-o", "counter.jsonl")).toMatchObject({ exitCode: 0 });
    expect(await place.run("replay", "counter.jsonl", "--component", file)).toMatchObject({ exitCode: 0 });
  });

  test("has names with versions, which every command takes whole or shortened", async () => {
    await using place = new Workplace();
    const file = place.write("types.wasm", await openWat("types"));
    const swap = "test:types/echo@1.0.0#swap";
    expect(await place.run("run", file, `${swap}("a", "b")`, "--key", "k")).toMatchObject({ stdout: '["b","a"]\n' });
    expect(await place.run("invoke", 'swap("c", "d")')).toMatchObject({ stdout: '["d","c"]\n' });
    expect(await place.run("invoke", "test:types/echo#varied(circle(1.5))")).toMatchObject({
      stdout: '{"tag":"circle","val":1.5}\n',
    });
    expect(await place.run("invoke", "unsigned64(18446744073709551615)")).toMatchObject({
      stdout: "18446744073709551615\n",
    });
    const [agent] = (await place.json("agents", "--all")) as { id: string; type: string }[];
    expect(agent).toMatchObject({ type: swap });
    expect((await place.run("agents", "--all")).stdout).toContain(agent!.id);
    expect((await place.run("oplog", agent!.id)).stdout).toContain(`invoked ${swap}("a","b")`);
    expect(await place.run("inspect", agent!.id)).toMatchObject({ exitCode: 0 });
    expect(await place.run("replay", agent!.id)).toMatchObject({ exitCode: 0 });
    expect(await place.run("cancel", 'swap("a", "b")', "k")).toMatchObject({
      stdout: `k of ${agent!.id} had ended before\n`,
    });
    expect((await place.run("components")).stdout).toContain("test:types/echo@1.0.0#signed32 and ");
  });

  test("fails as its types say, with the error as data", async () => {
    await using place = new Workplace();
    const file = place.write("types.wasm", await openWat("types"));
    const failed = await place.run("run", file, 'outcome(err("no"))', "--json");
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(JSON.parse(failed.stderr)).toMatchObject({
      error: {
        code: "invocation/failed",
        data: { failure: { name: "ComponentError", code: "guest/error", data: "no" } },
      },
    });
    const unknown = await place.run("run", file, "swapp()");
    expect(unknown).toMatchObject({ exitCode: 1 });
    expect(unknown.stderr).toContain("Did you mean swap?");
    const missing = await place.run("run", file);
    expect(missing).toMatchObject({ exitCode: 2 });
    expect(missing.stderr).toContain("error[call/missing]: Say what to call");
    const wrong = await place.run("run", file, "unsigned8(256)");
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain("call/argument");
  });

  test("of the component model's concurrency is refused, and what it wants is named", async () => {
    await using place = new Workplace();
    const file = place.write(
      "async.wasm",
      await parse("(component (type $s (stream u8)) (core func (canon stream.new $s)))"),
    );
    const refused = await place.run("run", file, "f()");
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toContain("error[component/unsupported]");
    expect(refused.stderr).toContain("the built-in stream.new");
    expect((await place.run("inspect", file)).stdout).toContain("// Not supported:\n//   the built-in stream.new");
  });

  test("shows its types, and what nobody provides", async () => {
    await using place = new Workplace();
    const shown = await place.run("inspect", place.write("foreign.wasm", foreign));
    expect(shown).toMatchObject({ exitCode: 0 });
    expect(shown.stdout).toContain("export wait: func(id: string) -> result<string, string>;");
    expect(shown.stdout).toContain(
      "// Provided by nobody, unless --import names an adapter:\n//   other:api/host@1.1.0#",
    );
    expect(await place.json("inspect", place.write("waits.wasm", await openWat("waits")))).toMatchObject({
      world: "blocking",
      functions: expect.arrayContaining(["await-promise"]) as string[],
      imports: { provided: expect.arrayContaining(["planaria:host/promise@0.1.0"]) as string[], missing: [] },
      unsupported: [],
    });
  });
});

describe.concurrent("a command", () => {
  test("runs without a call, with the arguments that it was given", async () => {
    await using place = new Workplace();
    const file = place.write("command.wasm", await openCommand());
    expect(await place.run("run", file)).toMatchObject({ exitCode: 0, stdout: "null\n" });
    expect(await place.run("run", file, "run()")).toMatchObject({ exitCode: 0 });
    const failed = await place.run("run", file, "--arg", "x");
    expect(failed).toMatchObject({ exitCode: 1, stdout: "" });
    expect(failed.stderr).toContain("GuestExit [guest/exit]: The guest exited with status 1.");
    expect(await place.run("run", file, "--no-arg")).toMatchObject({ exitCode: 0 });
  });
});

describe.concurrent("a component of another host", () => {
  const placed = () => {
    const place = new Workplace();
    place.write("foreign.wasm", foreign);
    place.write("adapter.ts", foreignAdapter);
    return place;
  };
  const adapted = ["--import", "other:api/host=adapter.ts"];

  test("runs with an adapter, which is kept with it and journaled as guests are", async () => {
    await using place = placed();
    const refused = await place.run("run", "foreign.wasm", "waits()");
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toContain("--import other:api/host=./adapter.ts");
    const ran = await place.run("run", "foreign.wasm", 'foreign("a").take()', ...adapted);
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d{13}\n$/) as string });
    expect(ran.stderr).toContain('info foreign("a") took abc');
    expect(await place.run("invoke", 'foreign("a").take()')).toMatchObject({ exitCode: 0 });
    expect((await place.run("oplog", 'foreign("a")')).stdout).toContain("#1 time.sleep(5 ms)");
    expect((await place.run("replay", 'foreign("a")')).stdout).toContain("replays: ");
    const failed = await place.run("invoke", 'foreign("a").note()');
    expect(failed.stderr).toContain("[guest/adapter]: The adapter's other:api/host#note failed: no notes of abc");
  });

  test("waits in its adapter, is killed, and goes on", async () => {
    await using place = placed();
    const id = JSON.parse((await place.run("run", "foreign.wasm", "create()", ...adapted)).stdout) as string;
    const call = `foreign("a").wait(${JSON.stringify(id)})`;
    const waiting = place.start(["invoke", call, "--key", "k"]);
    await eventually("it waits", async () => {
      const { stdout } = await place.run("oplog", 'foreign("a")');
      return stdout.includes("promise.await") || undefined;
    });
    await waiting.kill();
    await place.run("promise", "complete", id, '"yes"');
    expect(await place.run("invoke", call, "--key", "k")).toMatchObject({ exitCode: 0, stdout: '"yes"\n' });
    expect(await place.run("invoke", 'foreign("a").waits()')).toMatchObject({ stdout: "1\n" });
  });

  test("forks in its adapter, and both sides go on and replay", async () => {
    await using place = placed();
    const forking = "createPromise: async () => ({ id: (await host.fork()).kind })";
    place.write("adapter.ts", foreignAdapter.replace("createPromise: () => ({ id: host.promise.create() })", forking));
    const ran = await place.run("run", "foreign.wasm", 'foreign("a").create()', ...adapted);
    expect(ran).toMatchObject({ exitCode: 0, stdout: '"original"\n' });
    const agents = (await place.json("agents", "--all")) as { id: string }[];
    expect(agents).toHaveLength(2);
    expect((await place.run("oplog", agents[1]!.id)).stdout).toContain('finished → "forked"');
    for (const { id } of agents) expect(await place.run("replay", id)).toMatchObject({ exitCode: 0 });
  });

  test("is told when another adapter does otherwise in a replay, and at which entry", async () => {
    await using place = placed();
    await place.run("run", "foreign.wasm", 'foreign("a").take()', ...adapted);
    place.write("other.ts", foreignAdapter.replace("host.sleep(5)", "host.sleep(6)"));
    const replayed = await place.run("replay", 'foreign("a")', "--import", "other:api/host=other.ts");
    expect(replayed).toMatchObject({ exitCode: 5, stdout: "" });
    expect(replayed.stderr).toContain("time.sleep(6 ms)");
  });

  test("is refused with an adapter that lacks what it imports, before anybody calls it", async () => {
    await using place = placed();
    place.write("adapter.ts", foreignAdapter.replace("createPromise:", "makePromise:"));
    const refused = await place.run("run", "foreign.wasm", "waits()", ...adapted);
    expect(refused).toMatchObject({ exitCode: 3, stdout: "" });
    expect(refused.stderr).toContain("lacks what the component imports:\n  create-promise");
  });
});
