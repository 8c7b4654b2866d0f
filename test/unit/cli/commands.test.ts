import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runPlanaria } from "./fake-terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "planaria-cli-"));
const store = `sqlite:${join(folder, "store.db")}`;
const guest = join(folder, "guest.ts");

const planaria = (...args: string[]) =>
  runPlanaria([...args, "--store", store], { readText: (path) => readFileSync(path, "utf8") });
const json = async (...args: string[]): Promise<unknown> => JSON.parse((await planaria(...args, "--json")).stdout);

beforeAll(async () => {
  writeFileSync(
    guest,
    `import { agent, log, promise } from "planaria/guest";
    export const counter = agent((name: string) => {
      let sum = 0;
      return {
        add: (by: number) => (sum += by),
        fail: () => { throw Object.assign(new RangeError("too much"), { code: "counter/full" }); },
        greet: () => log.info("hello from " + name),
        offer: () => promise.create({ id: "offer", timeoutMs: 60_000 }),
        approval: async () => promise.await(promise.create<string>({ id: "approval" })),
      };
    });
    export const double = (n: number) => n * 2;`,
  );
  await planaria("run", guest, "counter('c1').add(2)");
});

describe("run and invoke", () => {
  test("print what a function returns", async () => {
    expect(await planaria("run", guest, "double(21)")).toMatchObject({ exitCode: 0, stdout: "42\n" });
    expect(await planaria("invoke", "double(4)")).toMatchObject({ exitCode: 0, stdout: "8\n" });
  });

  test("find the agent as it was left", async () => {
    expect(await planaria("invoke", 'counter("c1").add(0)')).toMatchObject({ stdout: "2\n" });
    expect(await planaria("invoke", 'counter("kept").add(1)')).toMatchObject({ stdout: "1\n" });
    expect(await planaria("run", guest, "counter('kept').add(1)")).toMatchObject({ stdout: "2\n" });
  });

  test("begin an invocation once for each key", async () => {
    for (const _ of [1, 2]) {
      expect(await planaria("invoke", 'counter("keyed").add(5)', "--key", "k")).toMatchObject({ stdout: "5\n" });
    }
  });

  test("show what guests log, on stderr, unless quiet", async () => {
    expect((await planaria("invoke", 'counter("c1").greet()')).stderr).toContain("hello from c1");
    expect((await planaria("invoke", 'counter("c1").greet()', "--quiet")).stderr).toBe("");
  });

  test("exit with 1 and the guest's error if the invocation fails", async () => {
    const { exitCode, stdout, stderr } = await planaria("run", guest, 'counter("c1").fail()');
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^error\[invocation\/failed\]: counter\("c1"\)\.fail failed\n {2}RangeError \[counter\/full\]: too much\n/,
    );
    expect(stderr).toMatch(/guest\.ts:6:\d+/);
  });

  test("refuse a method that there is not, and name those that there are", async () => {
    const { exitCode, stderr } = await planaria("invoke", 'counter("c1").subtract(1)');
    expect(exitCode).toBe(1);
    expect(stderr).toContain("add, fail, greet");
  });

  test("refuse a guest that is not there", async () => {
    expect(await planaria("run", join(folder, "none.wasm"), "f()")).toMatchObject({ exitCode: 3, stdout: "" });
    expect(await planaria("run", join(folder, "none"), "f()")).toMatchObject({ exitCode: 3, stdout: "" });
  });
});

describe("fork", () => {
  test("prints the id of a copy that goes on alone", async () => {
    const fork = (await planaria("fork", "counter('kept')")).stdout.trim();
    expect(fork).toMatch(/^counter\("kept"\)\[[\da-f-]{36}\]$/);
    await planaria("invoke", `${fork}.add(40)`);
    const sums = ["counter('kept')", fork].map((agent) => json("invoke", `${agent}.add(0)`));
    expect(await Promise.all(sums)).toEqual([2, 42]);
    expect(await json("fork", "counter('kept')", "--at", "2")).toMatchObject({ parent: 'counter("kept")', at: 3 });
  });

  test("refuses an entry that there is not, and an agent that there is not", async () => {
    expect(await planaria("fork", "counter('kept')", "--at", "900")).toMatchObject({ exitCode: 1, stdout: "" });
    expect((await planaria("fork", "counter('nobody')")).stderr).toContain("error[agent/unknown]");
  });
});

describe("agents, inspect and oplog", () => {
  test("show what the store holds", async () => {
    expect(await json("agents", "--state", "idle")).toContainEqual(expect.objectContaining({ id: 'counter("c1")' }));
    expect((await planaria("agents")).stdout).toMatch(
      /^STATE +ENTRIES +CHANGED +COMPONENT +AGENT\nidle .* guest\.ts sha256:\w+ +counter\("c1"\)\n/,
    );
    expect((await planaria("inspect", "counter('c1')")).stdout).toMatch(/^agent +counter\("c1"\)\nstate +idle\n/);
  });

  test("print an oplog entry by entry", async () => {
    expect((await planaria("oplog", "counter('c1')")).stdout).toMatch(
      /^ *0 {2}created counter\("c1"\)\n *1 {2}step at .*\n *2 {4}invoked add\(2\)\n/,
    );
    const lines = (await planaria("oplog", "counter('c1')", "--last", "1", "--json")).stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([expect.objectContaining({ kind: "finished" })]);
  });

  test.each(["inspect", "oplog", "fork", "delete"])("%s suggests the agent that was meant", async (command) => {
    const { exitCode, stderr } = await planaria(command, "coutner('c1')");
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[agent/unknown]: There is no agent coutner("c1")');
    expect(stderr).toContain('Did you mean counter("c1")?');
  });
});

describe("promise", () => {
  test("settles one from outside, once, for the agent that waits for it", async () => {
    const waiting = planaria("invoke", 'counter("waits").approval()');
    await expect
      .poll(async () => (await planaria("promise", "get", "approval")).stdout, { timeout: 10_000 })
      .toContain("pending");
    expect((await planaria("promise", "complete", "approval", "'yes'")).stdout).toBe("approval is resolved\n");
    expect((await planaria("promise", "reject", "approval", "no")).stdout).toBe("approval was settled before\n");
    expect(await waiting).toMatchObject({ exitCode: 0, stdout: '"yes"\n' });
    expect(await json("promise", "get", "approval")).toMatchObject({ state: "resolved", value: "yes" });
  });

  test("shows one that has timed out as that, though nobody has written it yet", async () => {
    await planaria("invoke", 'counter("offers").offer()');
    expect((await planaria("promise", "get", "offer")).stdout).toMatch(/state +pending[^]+times out/);
    const now = () => Date.now() + 60_000;
    expect((await runPlanaria(["promise", "get", "offer", "--store", store], { now })).stdout).toContain("timed-out");
  });

  test("refuses an id that nobody made, and a value that is no literal", async () => {
    expect(await planaria("promise", "get", "nothing")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await planaria("promise", "complete", "nothing")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(await planaria("promise", "complete", "approval", "yes")).toMatchObject({ exitCode: 2, stdout: "" });
  });
});

describe("record and replay", () => {
  const golden = join(folder, "c1.oplog.jsonl");
  const other = join(folder, "other.ts");
  const header = () => JSON.parse(readFileSync(golden, "utf8").split("\n", 1)[0]!) as Record<string, unknown>;

  test("find that an agent does again what it did", async () => {
    expect(await json("record", "counter('c1')", "--output", golden)).toEqual({ file: golden, ...header() });
    expect(await planaria("replay", golden, "--component", guest)).toMatchObject({ exitCode: 0 });
    expect(await planaria("replay", "counter('c1')")).toMatchObject({ exitCode: 0 });
  });

  test("take a golden's own component from the store", async () => {
    expect(await json("replay", golden)).toMatchObject({ agent: 'counter("c1")', memory: header()["memory"] });
  });

  test("show an entry among its neighbours", async () => {
    const { exitCode, stdout } = await planaria("replay", golden, "--at", "2");
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/^ {2}0 {2}created .*\n.*\n= 2 {2}invoked add\(2\)\n/),
    ]);
    expect(await planaria("replay", golden, "--at", "900")).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("exit with 5 if the guest does something else, and show both", async () => {
    writeFileSync(other, readFileSync(guest, "utf8").replace("sum += by", "sum += by + 1"));
    const { exitCode, stderr } = await planaria("replay", golden, "--component", other);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('error[replay/mismatch]: counter("c1") left its recorded path at entry 3');
    expect(stderr).toContain(`\`planaria replay ${golden} --component ${other} --at 3\``);

    const { stdout } = await planaria("replay", "counter('c1')", "--component", other, "--at", "3");
    expect(stdout).toMatch(/\n≠ *3 {2}recorded {3}finished → 2\n *attempted {2}finished → 3\n/);
    const later = await json("replay", golden, "--component", other, "--at", "4");
    expect(later).toMatchObject({ memory: null, at: { index: 4, attempted: null, reached: false } });
  });

  test("refuse a golden whose component is nowhere, and a file that is no golden", async () => {
    const elsewhere = await runPlanaria(["replay", golden, "--store", `sqlite:${join(folder, "none.db")}`], {
      readText: (path) => readFileSync(path, "utf8"),
    });
    expect(elsewhere).toMatchObject({ exitCode: 2, stdout: "" });
    expect(elsewhere.stderr).toContain("error[replay/other-component]");
    expect(await planaria("replay", join(folder, "none"))).toMatchObject({ exitCode: 2, stdout: "" });
    expect((await planaria("replay", guest)).stderr).toContain("error[golden/not-golden]");
  });

  test("refuse to write where nothing can be written", async () => {
    const ran = await planaria("record", "counter('c1')", "--output", folder);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toContain("error[cli/output]");
  });
});

describe("delete", () => {
  test("takes an agent with all it had", async () => {
    await planaria("invoke", 'counter("gone").add(1)');
    expect((await planaria("delete", "counter('gone')")).stdout).toBe('deleted counter("gone")\n');
    expect((await planaria("inspect", "counter('gone')")).exitCode).toBe(1);
    expect((await planaria("invoke", 'counter("gone").add(1)')).stdout).toBe("1\n");
  });
});
