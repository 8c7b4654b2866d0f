import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeId } from "../../../host/base/id.ts";
import { findWaiting, formatWaiting, readNodes } from "../../../host/cli/node-report.ts";
import { requireOwnName } from "../../../host/cli/node-option.ts";
import { emptyChanges } from "../../../host/store/changes.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { machineName } from "../../../host/system/machine.ts";
import { makeAgent, makeNode } from "../../store/rows.ts";
import { runPlanaria } from "./fake-terminal.ts";

const now = 1_000_000;
const target = (group: string, node: string | null = null, only = false) => ({ group, node, only });
const waiting = (id: string, where: ReturnType<typeof target>) =>
  makeAgent(id, { state: "created", component: null, target: where });

/** A process of this machine that lives, and is not this one. */
const alivePid = process.ppid;
/** No process has a number this high. */
const deadPid = 2 ** 30;

describe("calls that wait for a node", () => {
  test("are those that no living node may take, by what they wait for", () => {
    const agents = [
      waiting("a()", target("enrichers")),
      waiting("b()", target("enrichers")),
      waiting("c()", target("crawlers")),
      waiting("d()", target("crawlers", "w9", true)),
      waiting("e()", target("crawlers", "w9")),
      makeAgent("f()"),
    ];
    const alive = [makeNode("1", { group: "crawlers", name: "w1" })];
    expect(findWaiting(agents, alive)).toEqual([
      { group: "enrichers", node: null, calls: 2 },
      { group: "crawlers", node: "w9", calls: 1 },
    ]);
  });

  test("are none of those that a living node has", () => {
    const mine = makeAgent("a()", { state: "running", target: target("g"), node: nodeId("1") });
    expect(findWaiting([mine], [makeNode("1", { group: "other" })])).toEqual([]);
    expect(findWaiting([mine], [])).toEqual([{ group: "g", node: null, calls: 1 }]);
  });

  test("say which command starts the node that they wait for", () => {
    expect(formatWaiting(target("g"))).toBe("a node of g; `planaria serve --group g GUEST` starts one");
    expect(formatWaiting(target("g", "w1"))).toBe(
      "the node w1 of g; `planaria serve --group g --name w1 GUEST` starts one",
    );
  });
});

describe("nodes", () => {
  test("are alive as long as their lease lasts and their process is there, and have their agents counted", async () => {
    await using store = await openMemoryStore({ now: () => now });
    const machine = machineName();
    const expiresAt = now + 5_000;
    await store.join(makeNode("lives", { group: "g", name: "w1", slots: 8, pid: alivePid, machine, expiresAt }));
    await store.join(makeNode("killed", { startedAt: 2, pid: deadPid, machine, expiresAt }));
    await store.join(makeNode("silent", { startedAt: 3, pid: deadPid, machine: "elsewhere 1", expiresAt: now - 1 }));
    await store.join(makeNode("remote", { startedAt: 4, pid: deadPid, machine: "elsewhere 1", expiresAt }));
    const { nodes } = await readNodes(store, now);
    expect(nodes.map(({ id, alive }) => [id, alive])).toEqual([
      ["lives", true],
      ["killed", false],
      ["silent", false],
      ["remote", true],
    ]);
    expect(nodes[0]).toMatchObject({ group: "g", name: "w1", slots: 8, agents: 0, pid: alivePid });
    expect(nodes[3]).toMatchObject({ group: null, slots: null, machine: "elsewhere" });
  });

  test("are told in a table, the dead as such, and below it what waits and how to go on", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "planaria-cli-")), "store.db");
    {
      await using store = await openSqliteStore({ file, now: () => now });
      const machine = machineName();
      await store.join(
        makeNode("killed", { group: "g", name: "w1", slots: 8, pid: deadPid, machine, expiresAt: now + 1 }),
      );
      await store.join(makeNode("silent", { startedAt: 2, machine: "elsewhere 1", expiresAt: now - 1 }));
      const agents = ["a()", "b()"].map((id) => waiting(id, target("g")));
      const changes = { ...emptyChanges(), agents: new Map(agents.map((agent) => [agent.id, agent])) };
      await store.commit(changes, { node: null });
    }
    const { exitCode, stdout } = await runPlanaria(["nodes", "--store", `sqlite:${file}`], { now: () => now });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\ng +w1 +1073741824 +\S+ +8 +0 +dead +\S+ ago\nnone +n1 +1 +elsewhere +0 +dead +/);
    expect(stdout).toMatch(/\n2 calls wait for a node of g; `planaria serve --group g GUEST` starts one\n$/);
  });
});

describe("a name within a group", () => {
  const machine = machineName();
  const membership = { name: "g", node: "w1", slots: 1 };
  const row = (id: string, fields: object) =>
    makeNode(id, { group: "g", name: "w1", machine, pid: alivePid, expiresAt: now + 1, ...fields });

  test("is free if nobody bears it who is alive", async () => {
    await using store = await openMemoryStore({ now: () => now });
    await store.join(row("killed", { pid: deadPid }));
    await store.join(row("silent", { machine: "elsewhere", expiresAt: now }));
    await store.join(row("other", { name: "w2" }));
    await store.join(row("elsewhere", { group: "h" }));
    await expect(requireOwnName(store, membership, { now, self: null })).resolves.toBeUndefined();
  });

  test("is taken if somebody alive bears it", async () => {
    await using store = await openMemoryStore({ now: () => now });
    await store.join(row("first", {}));
    await expect(requireOwnName(store, membership, { now, self: null })).rejects.toMatchObject({
      code: "node/name-taken",
      message: expect.stringContaining(`g has a node w1 already: process ${alivePid}`),
    });
  });

  test("is kept by the one that came first, where two came at once", async () => {
    await using store = await openMemoryStore({ now: () => now });
    await store.join(row("b", { startedAt: 7 }));
    await store.join(row("a", { startedAt: 7, pid: process.pid }));
    const self = (pid: number) => ({ now, self: { pid, machine } });
    await expect(requireOwnName(store, membership, self(process.pid))).resolves.toBeUndefined();
    await expect(requireOwnName(store, membership, self(alivePid))).rejects.toMatchObject({ code: "node/name-taken" });
  });
});
