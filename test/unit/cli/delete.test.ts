import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runPlanaria } from "./fake-terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "planaria-delete-"));
const guest = join(folder, "guest.ts");
let files = 0;
let store = "";

const planaria = (...args: string[]) =>
  runPlanaria([...args, "--store", store], { readText: (path) => readFileSync(path, "utf8") });
const json = async (...args: string[]): Promise<unknown> => JSON.parse((await planaria(...args, "--json")).stdout);
const agents = async () =>
  ((await json("agents", "--all")) as { id: string }[]).map(({ id }) => id.replace(/\[.*/, ""));

beforeAll(() => {
  writeFileSync(
    guest,
    `import { agent, rpc } from "planaria/guest";
    export const twig = agent((name: string) => ({ ping: () => name }));
    export const branch = agent((name: string) => ({ grow: () => twig.get(name).ping() }));
    export const root = agent((name: string) => ({
      grow: () => Promise.all([branch.get(name).grow(), rpc(double, [1])]),
    }));
    export const double = (n: number) => n * 2;`,
  );
});

beforeEach(async () => {
  store = `sqlite:${join(folder, `${(files += 1)}.db`)}`;
  await planaria("run", guest, "root('a').grow()");
});

describe("delete", () => {
  test("takes an agent out and says who remains that it brought to life", async () => {
    expect(await planaria("delete", "root('a')")).toEqual({
      exitCode: 0,
      stdout: 'deleted root("a")\n',
      stderr: "3 agents that it brought to life remain (1 ended). The same with --tree deletes what is left.\n",
    });
    expect(await agents()).toEqual(['branch("a")', "double", 'twig("a")']);
    expect((await planaria("inspect", "root('a')")).exitCode).toBe(1);
  });

  test("takes a tree out, also one whose root has gone before", async () => {
    expect((await planaria("delete", "branch('a')")).stderr).toContain("1 agent that it brought to life remains.");
    expect(await planaria("delete", "branch('a')", "--tree")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await agents()).toEqual(['root("a")', "double"]);
    expect(await planaria("delete", "root('a')", "--tree")).toEqual({
      exitCode: 0,
      stdout: 'deleted root("a") and 1 agent that came to life by it\n',
      stderr: "",
    });
    expect(await agents()).toEqual([]);
  });

  test("takes several out at once, each one once", async () => {
    const ran = await planaria("delete", "twig('a')", 'root("a")', "branch('a')", "twig('a')");
    expect(ran.stdout).toBe('deleted twig("a")\ndeleted root("a")\ndeleted branch("a")\n');
    expect(ran.stderr).toContain("1 agent that they brought to life remains (1 ended).");
    expect(await agents()).toEqual(["double"]);
  });

  test("takes out all that have ended", async () => {
    await planaria("run", guest, "double(4)");
    expect((await planaria("delete", "--ended")).stdout).toBe("deleted 2 agents that had ended\n");
    expect(await agents()).toEqual(['root("a")', 'branch("a")', 'twig("a")']);
    expect((await planaria("delete", "--ended", "twig('a')")).stdout).toBe(
      'deleted twig("a")\ndeleted 0 agents that had ended\n',
    );
  });

  test("says what it would do, and does nothing of it", async () => {
    const before = await agents();
    expect((await planaria("delete", "branch('a')", "--tree", "--dry-run")).stdout).toBe(
      'would delete branch("a")\nwould delete twig("a")\n',
    );
    expect((await planaria("delete", "--ended", "-n")).stdout).toMatch(/^would delete double\[[\da-f-]+\]\n$/);
    expect(await json("delete", "branch('a')", "--dry-run")).toEqual({
      deleted: ['branch("a")'],
      remaining: 1,
      dryRun: true,
    });
    expect(await agents()).toEqual(before);
    await planaria("delete", "--ended");
    expect(await planaria("delete", "--ended", "--dry-run")).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "There is nothing to delete.\n",
    });
  });

  test("prints JSON", async () => {
    expect(await json("delete", "branch('a')")).toEqual({ deleted: ['branch("a")'], remaining: 1, dryRun: false });
    const { deleted } = (await json("delete", "root('a')", "--tree")) as { deleted: string[] };
    expect(deleted.map((id) => id.replace(/\[.*/, ""))).toEqual(['root("a")', "double"]);
  });

  test.each([
    [[], "cli/options", "Which agents?"],
    [["--tree"], "cli/options", "--tree goes with an agent"],
    [["--ended", "--tree"], "cli/options", "--tree goes with an agent"],
    [["root(a)"], "call/syntax", "root(a)"],
  ])("refuses %j", async (args, code, message) => {
    const { exitCode, stdout, stderr } = await planaria("delete", ...args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toContain(message);
  });

  test("deletes nobody if one of those that it names is not there", async () => {
    const before = await agents();
    for (const options of [[], ["--tree"], ["--dry-run"]]) {
      const { exitCode, stderr } = await planaria("delete", "root('a')", "wig('a')", ...options);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('error[agent/unknown]: There is no agent wig("a")');
      expect(stderr).toContain('Did you mean twig("a")?');
    }
    expect(await agents()).toEqual(before);
  });
});
