import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentId, nodeId } from "../../host/base/id.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import { changesOf, makeAgent, makeNode } from "./rows.ts";
import { openTemporaryFolder } from "./temporary-folder.ts";

const script = fileURLToPath(new URL("./child.ts", import.meta.url));
let folder: Awaited<ReturnType<typeof openTemporaryFolder>>;
let file: string;

beforeEach(async () => {
  folder = await openTemporaryFolder();
  file = join(folder.path, "planaria.db");
});
afterEach(() => folder[Symbol.asyncDispose]());

const start = (...args: string[]) =>
  spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"] });
const runToEnd = async (...args: string[]) => (await once(start(...args), "exit"))[0] as unknown;
const open = () => openSqliteStore({ file, now: () => 0 });
const spans = (steps: { first: number; count: number }[]) => steps.map(({ first, count }) => [first, count]);
const consecutive = (count: number) => Array.from({ length: count }, (_, first) => [first, 1]);

describe("processes on one file", () => {
  test("make it together, however they meet", async () => {
    for (let round = 0; round < 4; round++) {
      const made = join(folder.path, String(round), "planaria.db");
      const names = ["n1", "n2", "n3", "n4"];
      expect(await Promise.all(names.map((name) => runToEnd("own", made, name, "1")))).toEqual([0, 0, 0, 0]);
      await using store = await openSqliteStore({ file: made, now: () => 0 });
      expect(await store.agents()).toHaveLength(names.length);
    }
  });

  test("each keep all of their commits", async () => {
    const exits = await Promise.all([runToEnd("own", file, "n1", "500"), runToEnd("own", file, "n2", "500")]);
    expect(exits).toEqual([0, 0]);
    await using store = await open();
    for (const id of ["n1()", "n2()"].map(agentId)) {
      expect(spans(await store.steps(id, 0))).toEqual(consecutive(500));
      expect((await store.agent(id))!.length).toBe(500);
    }
    const seqs = (await Promise.all(["n1()", "n2()"].map((id) => store.invocations(agentId(id)))))
      .flat()
      .map(({ seq }) => seq);
    expect(new Set(seqs).size).toBe(1_000);
  });

  test("append to one agent without losing or repeating an entry", async () => {
    const exits = await Promise.all([runToEnd("shared", file, "n1", "500"), runToEnd("shared", file, "n2", "500")]);
    expect(exits).toEqual([0, 0]);
    await using store = await open();
    expect(spans(await store.steps(agentId("shared()"), 0))).toEqual(consecutive(1_000));
  });
});

describe("a process that is killed while it commits", () => {
  test("leaves whole commits, and every one that it was told of", async () => {
    // Moments from the first commit to well into the run, so that a checkpoint is hit, too.
    for (const [round, delayMs] of [0, 3, 11, 40, 90, 170].entries()) {
      const child = start("endless", file, `n${round}`, "0");
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      await once(child.stdout, "data");
      await sleep(delayMs);
      child.kill("SIGKILL");
      await once(child, "close");
      const acknowledged = Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1));
      await using store = await open();
      const { length } = (await store.agent(agentId("a()")))!;
      expect(length).toBeGreaterThanOrEqual(acknowledged);
      expect(length % 2).toBe(0);
      for (const id of ["a()", "b()", "c()", "d()", "e()"].map(agentId)) {
        expect((await store.agent(id))!.length).toBe(length);
        expect(spans(await store.steps(id, 0))).toEqual(consecutive(length));
        expect(await store.invocations(id)).toHaveLength(length / 2);
      }
    }
  });
});

describe("processes of a group", () => {
  const count = 120;
  const ids = Array.from({ length: count }, (_, at) => `waiting(${at})`);

  /** What a process has printed so far, line by line; of a line that was cut off, nothing. */
  function readLines(child: ReturnType<typeof start>): () => string[] {
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    return () => output.split("\n").slice(0, -1);
  }
  async function startTaking(name: string, limit: number) {
    const child = start("take", file, name, String(limit));
    const lines = readLines(child);
    return { child, lines, closed: once(child, "close") };
  }

  beforeEach(async () => {
    await using store = await open();
    const target = { group: "g", node: null, only: false };
    const agents = ids.map((id) => makeAgent(id, { state: "created", component: null, target }));
    await store.commit(changesOf({ agents }), { node: null });
  });

  test("take each agent once, however they race", async () => {
    const takers = await Promise.all([startTaking("n1", 1), startTaking("n2", 3), startTaking("n3", 64)]);
    for (const { closed } of takers) expect((await closed)[0]).toBe(0);
    expect(takers.flatMap(({ lines }) => lines()).toSorted()).toEqual(ids.toSorted());
    await using store = await open();
    for (const [at, { lines }] of takers.entries())
      for (const id of lines()) expect(await store.agent(agentId(id))).toMatchObject({ node: `n${at + 1}`, length: 1 });
  });

  test("leave what one took that is killed to the others, and nothing that it began", async () => {
    const victim = await startTaking("n1", 50);
    await once(victim.child.stdout, "data");
    victim.child.kill("SIGKILL");
    await victim.closed;
    await using store = await open();
    const taken = (await store.agents()).filter(({ node }) => node === "n1");
    const begun = taken.filter(({ state }) => state === "ended");
    expect([50, 100, count]).toContain(taken.length);
    expect(begun.length).toBeGreaterThanOrEqual(victim.lines().length);
    await store.join(makeNode("n0"));
    await store.release(nodeId("n0"), [nodeId("n1")]);
    const heirs = await Promise.all([startTaking("n2", 7), startTaking("n3", 7)]);
    for (const { closed } of heirs) expect((await closed)[0]).toBe(0);
    expect([...begun.map(({ id }) => id), ...heirs.flatMap(({ lines }) => lines())].toSorted()).toEqual(ids.toSorted());
    expect((await store.agents()).every(({ length, state }) => length === 1 && state === "ended")).toBe(true);
  });
});
