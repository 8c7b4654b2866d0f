import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually, root, Workplace } from "./planaria.ts";

describe.concurrent("run and invoke", () => {
  test("print the result alone on stdout, as JSON, and what guests log on stderr", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const ran = await place.run("run", guest, 'ledger("a").note("one")');
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: "1\n",
      stderr: expect.stringContaining('info ledger("a") a: one\n'),
    });
    const invoked = await place.run("invoke", "ledger('a').note('two')", "--quiet");
    expect(invoked).toEqual({ exitCode: 0, signal: null, stdout: "2\n", stderr: "" });
    expect(await place.json("invoke", "ledger('a').read()")).toEqual(["one", "two"]);
  });

  test("keep the order of a thousand calls", async () => {
    await using place = new Workplace();
    const guest = await place.build("guests/enrichment");
    const ids = Array.from({ length: 1_000 }, (_, i) => `id-${i}`);
    place.write("ids.json", JSON.stringify(ids));
    const enriched = await place.json("run", guest, "enrichBatch(@ids.json)");
    expect(enriched).toEqual(ids.map((id) => `enriched-${id}`));
  });

  test("keep the order of 32 forks", async () => {
    await using place = new Workplace();
    const guest = await place.build("guests/fan-out");
    const results = await place.json("run", guest, 'coordinator("c1").multiFork(32)');
    expect(results).toEqual(Array.from({ length: 32 }, (_, i) => `result-from-fork-${i}`));
    const { forks } = (await place.json("inspect", 'coordinator("c1")')) as { forks: string[] };
    expect(new Set(forks).size).toBe(32);
    expect(await place.json("agents", "--state", "running")).toEqual([]);
  });

  test("finish what the call left behind, unless told to leave at once", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await place.json("run", guest, 'leaveBehind("waited", 50)');
    expect(await place.json("inspect", 'ledger("waited")')).toMatchObject({ state: "idle", invocations: [] });

    await place.json("invoke", 'leaveBehind("left", 50)', "--no-wait");
    // Whatever was left undone, the next host does.
    expect(await place.json("invoke", 'ledger("left").read()')).toHaveLength(50);
  });

  test("say what a call waits for, and how to bring it about", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const running = place.start(["run", guest, 'ledger("a").waitFor("the answer")']);
    await eventually("it says so", () => running.stderr.includes("\n") || undefined);
    expect(running.stderr).toBe(
      "ledger(\"a\") waits for promise the answer; complete it with `planaria promise complete 'the answer' JSON`.\n",
    );
    await place.json("promise", "complete", "the answer", '"42"');
    expect(await running.ended).toMatchObject({ exitCode: 0, stdout: '"42"\n' });
  });

  test("go on with the component that an agent was created with, and say so", async () => {
    await using place = new Workplace();
    place.write("guest.ts", "export const f = () => 1; export { ledger } from './ledger.ts';");
    place.write("ledger.ts", readFileSync(join(root, "test/guests/ledger.ts")));
    expect((await place.run("run", "guest.ts", 'ledger("a").note("x")')).stderr).not.toContain("goes on with");
    place.write("guest.ts", "export const f = () => 2; export { ledger } from './ledger.ts';");
    const { stdout, stderr } = await place.run("run", "guest.ts", 'ledger("a").note("y")');
    expect(stdout).toBe("2\n");
    expect(stderr).toMatch(
      /^ledger\("a"\) goes on with sha256:\w{8} \(the component it was created with\); delete it or use a new name to run the new one, sha256:\w{8}\.\n/,
    );
    const other = await place.run("run", "guest.ts", "f()");
    expect(other).toMatchObject({ stdout: "2\n", stderr: expect.not.stringContaining("goes on with") });
  });

  test("show where in the sources an error comes from, across agents", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await place.run("run", guest, "compute(1)");
    const { exitCode, stdout, stderr } = await place.run("invoke", 'failThrough("a")');
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^error\[invocation\/failed\]: failThrough failed\n {2}Error: nothing could be noted\n {6}at failThrough \(ledger\.ts:\d+:\d+\)\n {2}caused by RangeError: the ledger is closed\n {6}at fail \(ledger\.ts:\d+:\d+\)\n/,
    );
    const { error } = JSON.parse((await place.run("invoke", 'failThrough("a")', "--json")).stderr) as {
      error: { data: { failure: { cause: { stack: string } }; stacks: string[] } };
    };
    expect(error.data.failure.cause.stack).toContain("componentize-qjs");
    expect(error.data.stacks[1]).toMatch(/^ +at fail \(ledger\.ts:/);
  });
});

describe.concurrent("fork", () => {
  test("goes on by itself from an entry of the past, and prints its id alone", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    for (const line of ["one", "two"]) await place.run("run", guest, `ledger("a").note("${line}")`);
    const { entries } = (await place.json("inspect", 'ledger("a")')) as { entries: number };
    const { stdout, exitCode } = await place.run("fork", 'ledger("a")', "--at", "4");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ledger\("a"\)\[[\da-f-]{36}\]\n$/);
    const fork = stdout.trim();
    expect(await place.json("invoke", `${fork}.note("other")`)).toBe(2);
    expect(await place.json("invoke", `${fork}.read()`)).toEqual(["one", "other"]);
    expect(await place.json("invoke", 'ledger("a").read()')).toEqual(["one", "two"]);
    expect(await place.json("inspect", fork)).toMatchObject({ parent: { agent: 'ledger("a")' } });
    expect(await place.json("replay", fork)).toMatchObject({ agent: fork });

    const refused = await place.run("fork", 'ledger("a")', "--at", String(entries + 90));
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("error[agent/no-entry]");
  });

  test("inherits what its parent waits for", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const running = place.start(["run", guest, 'ledger("a").waitFor("p")']);
    await place.waitForPromise("p");
    await running.kill();
    const fork = (await place.run("fork", 'ledger("a")')).stdout.trim();
    await place.json("promise", "complete", "p", '"for both"');
    for (const agent of ['ledger("a")', fork]) {
      expect(await place.json("invoke", `${agent}.read()`)).toEqual(["for both"]);
    }
  });
});

describe.concurrent("agents, inspect and oplog", () => {
  test("show what an agent is and does", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const running = place.start(["run", guest, 'ledger("a").waitFor("p")', "--key", "k"]);
    await place.waitForPromise("p");
    expect(await place.json("inspect", 'ledger("a")')).toMatchObject({
      id: 'ledger("a")',
      params: ["a"],
      state: "suspended",
      component: { name: "guest.wasm" },
      oplog: { entries: 5, inheritedEntries: 0 },
      process: { pid: running.process.pid },
      operations: [{ operation: 2, kind: "promise", promise: "p" }],
      invocations: [{ state: "running", method: "waitFor", args: ["p"], key: "k", caller: null }],
      forks: [],
    });
    expect((await place.run("inspect", 'ledger("a")')).stdout).toMatch(/\n#2 +promise p\n/);
    expect((await place.run("agents", "--state", "suspended")).stdout).toMatch(
      /^STATE .*\nsuspended .*ledger\("a"\)\n$/,
    );
    expect(await place.run("agents", "--state", "failed")).toMatchObject({ exitCode: 0, stdout: "" });
  });

  test("follow an oplog as it grows", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await place.run("run", guest, 'ledger("a").note("one")');
    const following = place.start(["oplog", 'ledger("a")', "--follow"]);
    await eventually("it prints what there is", () => following.stdout.includes("finished") || undefined);
    await place.run("invoke", 'ledger("a").note("two")');
    await eventually("it prints what comes", () => following.stdout.includes('note("two")\n') || undefined);
    following.process.kill("SIGINT");
    const { exitCode, stdout } = await following.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^0 {2}created ledger\("a"\)\n1 {2}step at .*\n2 {4}invoked note\("one"\)\n/);
  });
});

describe.concurrent("record, replay and delete", () => {
  test("a golden fails at the first entry that an edited guest does otherwise, and says which", async () => {
    await using place = new Workplace();
    const source = readFileSync(join(root, "test/guests/ledger.ts"), "utf8");
    place.write("ledger.ts", source);
    await place.json("run", "ledger.ts", 'work("a", 3)', "--key", "k");
    const [agent] = (await place.json("agents", "--all")) as { id: string }[];
    const recorded = await place.json("record", agent!.id, "--output", "work.oplog.jsonl");
    expect(recorded).toMatchObject({ agent: agent!.id, file: "work.oplog.jsonl" });
    expect(await place.json("replay", "work.oplog.jsonl", "--component", "ledger.ts")).toMatchObject({
      agent: agent!.id,
    });

    writeFileSync(place.file("ledger.ts"), source.replace("`line ${i}`", "i === 2 ? `LINE ${i}` : `line ${i}`"));
    const { exitCode, stderr } = await place.run("replay", "work.oplog.jsonl", "--component", "ledger.ts");
    expect(exitCode).toBe(5);
    const index = Number(/left its recorded path at entry (\d+)\n/.exec(stderr)?.[1]);
    const entries = readFileSync(place.file("work.oplog.jsonl"), "utf8").split("\n").slice(1);
    expect(entries.findIndex((line) => line.includes("line 2"))).toBe(index);
    expect(stderr).toContain('note("line 2")');
    expect(stderr).toContain('note("LINE 2")');
  });

  test("a deleted agent is gone, and who waits for it is told", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await place.run("run", guest, 'ledger("a").note("one")');
    expect(await place.json("delete", 'ledger("a")')).toEqual({
      deleted: ['ledger("a")'],
      remaining: 0,
      dryRun: false,
    });
    expect(await place.json("agents", "--all")).toEqual([]);
    expect(await place.run("inspect", 'ledger("a")')).toMatchObject({ exitCode: 1, stdout: "" });
  });
});
