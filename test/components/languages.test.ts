import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Entry } from "../../host/oplog/entry.ts";
import { agentId, promiseId } from "../../host/base/id.ts";
import { Stage } from "../unit/executor/stage.ts";
import { dice, grep, tally, wordcount } from "./language-samples.ts";

// What guests of other languages do that no sample shows: they wait, see an environment, files and arguments, and end.

// Compilers take seconds, and longer where others work, too.
vi.setConfig({ testTimeout: 60_000 });

const agent = 'guest("a")';
const folder = mkdtempSync(join(tmpdir(), "planaria-languages-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "poem.txt"), "The rose is red,\nThe violet's blue,\nSugar is sweet\n");

const seen = { preopens: [{ host: folder, guest: "/poems" }], environment: { WORDCOUNT_AUTHOR: "Ada" } };

/** Starts a call that waits for a promise, lets the host go meanwhile, and has the promise resolved under another. */
async function waitOverHosts(stage: Stage, method: string, value: unknown): Promise<unknown> {
  const ref = await stage.start(agent, method, "news");
  await stage.suspended(agent);
  await stage.reopen();
  await stage.suspended(agent);
  await stage.host.settlePromise(promiseId("news"), "resolved", JSON.stringify(value));
  return stage.end(ref);
}

const kinds = (entries: Entry[]) => entries.map(({ kind }) => kind);

describe.skipIf(wordcount.missing !== null)("a guest in C", () => {
  test("waits in the midst of its stack, over the death of its host", async () => {
    await using stage = await Stage.open(await wordcount.open());
    await stage.call(agent, "add", "one two");
    expect(await waitOverHosts(stage, "add-promised", "three four five")).toBe(5);
    expect(await stage.call(agent, "add", "")).toBe(5);
    await stage.checkReplays();
  });

  test("is told why a promise was rejected", async () => {
    await using stage = await Stage.open(await wordcount.open());
    const ref = await stage.start(agent, "add-promised", "news");
    await stage.suspended(agent);
    const failure = JSON.stringify({ name: "Error", message: "no news" });
    await stage.host.settlePromise(promiseId("news"), "rejected", failure);
    await expect(stage.end(ref)).rejects.toMatchObject({ code: "guest/error", data: failure });
    await stage.checkReplays();
  });

  test("has files of its own, over the death of its host", async () => {
    await using stage = await Stage.open(await wordcount.open());
    await stage.call(agent, "add", "one two two");
    expect(await stage.call(agent, "save", "/words.txt")).toBe(3);
    await stage.reopen();
    expect(await stage.call(agent, "add-file", "/words.txt")).toBe(6);
    expect(await stage.call(agent, "top", 1)).toEqual([{ text: "two", count: 4 }]);
    await expect(stage.call('guest("b")', "add-file", "/words.txt")).rejects.toMatchObject({
      code: "guest/error",
      data: "No such file or directory",
    });
    await stage.checkReplays();
  });

  test("has the time, chance and the environment from its journal", async () => {
    await using stage = await Stage.open(await wordcount.open(), { settings: seen });
    const receipt = await stage.call(agent, "print-receipt");
    expect(receipt).toMatchObject({ words: 0, author: "Ada" });
    const entries = await stage.entries(agentId(agent));
    const [stepped] = entries.filter((entry) => entry.kind === "stepped");
    expect(receipt).toMatchObject({ at: Math.floor(stepped!.at / 1000) });
    expect(kinds(entries)).toContain("random-drawn");
    expect(entries).toContainEqual({
      kind: "logged",
      level: "info",
      message: "0 words, 0 different ones, counted for Ada",
    });
    await stage.checkReplays();
  });
});

describe.skipIf(grep.missing !== null)("a command in C", () => {
  const open = async (environment: Record<string, string>, ...args: string[]) =>
    Stage.open(await grep.open(), { settings: { ...seen, environment, arguments: args } });

  /** What it printed, and how it ended: null, or the status that it exited with. */
  async function run(stage: Stage): Promise<[string[], number | null]> {
    const ref = await stage.host.call({ callee: { function: "run" }, args: "[]", key: "once" });
    const status = await stage.end(ref).then(
      () => null,
      (error: { data: { statusCode: number } }) => error.data.statusCode,
    );
    const entries = await stage.entries(ref.agent);
    return [entries.flatMap((entry) => (entry.kind === "logged" ? [entry.message] : [])), status];
  }

  test("sees its arguments and a granted directory, and prints", async () => {
    await using stage = await open({}, "the", "/poems/poem.txt");
    expect(await run(stage)).toEqual([[], 1]);
    await using other = await open({ GREP_IGNORE_CASE: "yes" }, "THE", "/poems/poem.txt");
    expect(await run(other)).toEqual([["The rose is red,", "The violet's blue,"], null]);
    await stage.checkReplays();
    await other.checkReplays();
  });

  test("sees nothing of the host but what it was granted", async () => {
    await using stage = await open({}, "root", "/etc/passwd", "/poems/../../etc/passwd", join(folder, "poem.txt"));
    const [lines, status] = await run(stage);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^grep: .*: (?:No such file or directory|Operation not permitted)$/);
    expect(status).toBe(1);
  });

  test("replays what it read after the file has changed", async () => {
    const file = join(folder, "changing.txt");
    writeFileSync(file, "before\n");
    await using stage = await open({}, "e", "/poems/changing.txt");
    expect(await run(stage)).toEqual([["before"], null]);
    writeFileSync(file, "something else\n");
    await stage.checkReplays();
  });

  test("exits with another status where a file is missing", async () => {
    await using stage = await open({}, "-c", "is", "/poems/poem.txt", "/poems/none.txt");
    const [lines, status] = await run(stage);
    expect(lines).toEqual(["/poems/poem.txt:2", "grep: /poems/none.txt: No such file or directory"]);
    // All that the component model's `exit` says is whether it went well.
    expect(status).toBe(1);
    await stage.checkReplays();
  });

  test("finds nothing to read on its standard input", async () => {
    await using stage = await open({}, "-c", "is");
    expect(await run(stage)).toEqual([["0"], 1]);
    await stage.checkReplays();
  });
});

describe.skipIf(tally.missing !== null)("a guest in Rust", () => {
  test("waits in the midst of its stack, over the death of its host", async () => {
    await using stage = await Stage.open(await tally.open());
    for (const name of ["ann", "bob", "bob"]) await stage.call(agent, "vote", name);
    expect(await waitOverHosts(stage, "winner", null)).toBe("bob");
    await stage.checkReplays();
  });
});

describe("a guest in StarlingMonkey", () => {
  test("waits in the midst of its stack, over the death of its host", async () => {
    await using stage = await Stage.open(await dice.open());
    const { values } = (await stage.call(agent, "roll", 3, 6)) as { values: number[] };
    const sum = values.reduce((left, right) => left + right, 0);
    expect(await waitOverHosts(stage, "bet", sum)).toBe(`${sum}: won`);
    expect(await stage.call(agent, "history")).toHaveLength(1);
    await stage.checkReplays();
  });

  test("has the time, chance and what it prints in its journal", async () => {
    await using stage = await Stage.open(await dice.open());
    const rolled = await stage.call(agent, "roll", 40, 1_000_000);
    expect(await stage.call('guest("b")', "roll", 40, 1_000_000)).not.toEqual(rolled);
    const entries = await stage.entries(agentId(agent));
    const [stepped] = entries.filter((entry) => entry.kind === "stepped");
    expect(rolled).toMatchObject({ at: stepped!.at });
    expect(kinds(entries)).toEqual(expect.arrayContaining(["random-drawn", "logged"]));
    await stage.checkReplays();
  });
});
