import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentId, digestOf, invocationKey, nodeId, promiseId } from "../../host/base/id.ts";
import { packComponent } from "../../host/store/sqlite-component.ts";
import { migrate, migrations, readSchema } from "../../host/store/sqlite-schema.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../host/store/sqlite-store.ts";
import {
  changesOf,
  makeAgent,
  makeFork,
  makeInvocation,
  makeNode,
  makeOperation,
  makePromise,
  makeStep,
} from "./rows.ts";
import { openTemporaryFolder } from "./temporary-folder.ts";

const bytes = new Uint8Array(Buffer.from("component"));
const digest = digestOf(bytes);
const n1 = nodeId("n1");
const fn = agentId("enrichOne[7c1f0d5e-4b8a-5c4f-9b1e-2f6a3d907e41]");
let folder: Awaited<ReturnType<typeof openTemporaryFolder>>;
let file: string;

beforeEach(async () => {
  folder = await openTemporaryFolder();
  file = join(folder.path, "planaria.db");
  makeVersion2();
});
afterEach(() => folder[Symbol.asyncDispose]());

const open = (options: Partial<SqliteStoreOptions> = {}) => openSqliteStore({ file, now: () => 100, ...options });

/** A store as version 2 left it, with rows in every table: what it was about is written in `steps`. */
function makeVersion2(): void {
  const db = new DatabaseSync(file);
  migrate(db, file, migrations.slice(0, 2));
  const insert = (table: string, row: Record<string, string | number | null | Uint8Array>) => {
    const columns = Object.keys(row);
    const marks = columns.map(() => "?").join(", ");
    db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`).run(...Object.values(row));
  };
  insert("components", { digest, name: "guests/x.ts", description: "{}", createdAt: 1, bytes: packComponent(bytes) });
  insert("snapshots", { id: "s1", pages: "[1]", manifest: new Uint8Array([7]) });
  insert("pages", { number: 1, digest: "p1", data: new Uint8Array([8]) });
  const at = { component: digest, type: "counter", params: "[1]", createdAt: 1, updatedAt: 2 };
  insert("agents", {
    ...at,
    id: "waits()",
    state: "suspended",
    node: "old",
    length: 3,
    snapshot: "s1",
    snapshotLength: 2,
  });
  const parent = { parentAgent: "waits()", parentIndex: 1, parentOperation: 1 };
  insert("agents", { ...at, id: "fork()", state: "running", length: 3, ...parent });
  insert("agents", { ...at, id: fn, params: null, state: "ended", length: 1 });
  insert("agents", { ...at, id: "later()", state: "idle", length: 0 });
  insert("agents", { ...at, id: "bad()", state: "failed", length: 0, error: "{}" });
  const step = (agent: number, { first, count, entries }: ReturnType<typeof makeStep>) =>
    insert("steps", { agent, first, count, entries });
  step(1, makeStep("waits()", 0, 2));
  step(1, makeStep("waits()", 2));
  step(2, makeStep("fork()", 2));
  step(3, makeStep(fn, 0));
  const call = { method: "increment", args: "[1]", attached: 1, cancelRequested: 0, createdAt: 1 };
  const byWaits = { callerAgent: "waits()", callerOperation: 2 };
  insert("invocations", { ...call, agent: 1, key: "k", state: "running" });
  insert("invocations", { ...call, agent: 1, key: "k2", state: "queued", cancelRequested: 1 });
  insert("invocations", { ...call, ...byWaits, agent: 3, key: "k", state: "done", value: "1", finishedAt: 2 });
  insert("invocations", { ...call, agent: 4, key: "first", state: "done", error: "{}", finishedAt: 2 });
  insert("invocations", { ...call, ...byWaits, agent: 4, key: "k", state: "queued", dueAt: 50 });
  insert("promises", { id: "p", state: "pending", createdBy: "waits()", createdAt: 1, expiresAt: 90 });
  insert("operations", { agent: 1, operation: 3, source: "promise p", settled: 0 });
  insert("operations", { agent: 1, operation: 2, source: `invocation ${fn} k`, settled: 1 });
  insert("nodes", { id: "old", expiresAt: 60, pid: 1, machine: "m1 b1", startedAt: 1 });
  insert("pastLengths", { id: "gone()", length: 12 });
  db.close();
}

describe("a store of version 2", () => {
  test("tells all that it held, and of what is new that it was not", async () => {
    await using store = await open();
    const at = { component: digest, params: "[1]", createdAt: 1, updatedAt: 2 };
    const waits = agentId("waits()");
    expect(await store.agents()).toEqual([
      makeAgent("waits()", {
        ...at,
        ...{ state: "suspended", node: nodeId("old"), length: 3, snapshot: { id: "s1", length: 2 } },
      }),
      { ...makeFork("fork()", "waits()", 1), ...at, state: "running", createdBy: waits },
      makeAgent(fn, { ...at, params: null, state: "ended", length: 1, createdBy: waits }),
      makeAgent("later()", at),
      makeAgent("bad()", { ...at, state: "failed", error: "{}" }),
    ]);
    expect(await store.component(digest)).toMatchObject({ bytes, settings: "{}", name: "guests/x.ts" });
    expect(await store.snapshot("s1")).toEqual({ id: "s1", manifest: new Uint8Array([7]), pages: ["p1"] });
    expect(await store.pages(["p1"])).toHaveLength(1);
    expect(await store.steps(waits, 0)).toEqual([makeStep("waits()", 0, 2), makeStep("waits()", 2)]);
    expect(await store.queue(waits)).toEqual([
      makeInvocation("waits()", "k", { seq: 1, state: "running", caller: null }),
      makeInvocation("waits()", "k2", { seq: 2, cancelRequested: true, caller: null }),
    ]);
    expect(await store.operations(waits)).toEqual([
      makeOperation("waits()", 2, { source: `invocation ${fn} k` }),
      makeOperation("waits()", 3, { source: "promise p" }),
    ]);
    expect(await store.promise(promiseId("p"))).toEqual(makePromise("p", { createdBy: waits, expiresAt: 90 }));
    expect(await store.nodes()).toEqual([makeNode("old", { expiresAt: 60, group: null, name: "", slots: 0 })]);
    expect(await store.pastLength(agentId("gone()"))).toBe(12);
  });

  test("goes on with its agents: what was to be done is, and no more", async () => {
    await using store = await open();
    await store.join(makeNode("n1", { group: "g", name: "w1" }));
    const later = agentId("later()");
    expect(await store.ready(n1, 100)).toEqual(["fork()", "later()"]);
    expect(await store.take(n1, 9, 100)).toEqual([]);
    expect(await store.nextDue(0)).toBe(50);
    expect((await store.due(n1, 100)).invocations).toMatchObject([{ agent: "later()", depth: 1, attempt: 1 }]);
    expect(await store.expired(n1, 100, 9)).toEqual([]);
    await store.release(n1, [nodeId("old")]);
    expect(await store.ready(n1, 100)).toEqual(["waits()", "fork()", "later()"]);
    expect(await store.claim(n1, [agentId("waits()"), later])).toEqual(["waits()", "later()"]);
    const row = makeInvocation("later()", "k", {
      seq: 5,
      state: "running",
      caller: { agent: agentId("waits()"), operation: 2 },
    });
    const grown = { ...(await store.agent(later))!, length: 1, state: "running" as const };
    const ended: [ReturnType<typeof agentId>, number][] = [[agentId("waits()"), 2]];
    await store.commit(changesOf({ agents: [grown], steps: [makeStep("later()", 0)], invocations: [row], ended }), {
      node: n1,
    });
    expect(await store.queue(later)).toEqual([row]);
    expect(await store.expired(n1, 100, 9)).toEqual([fn]);
    expect((await store.children(agentId("waits()"))).map(({ id }) => id)).toEqual(["fork()", fn]);
    const request = { kind: "cancel" as const, agent: later, key: invocationKey("k") };
    await store.commit(changesOf({ requests: [request], deleted: ["waits()"] }), { node: n1 });
    expect(await store.ready(n1, 100)).toEqual(["fork()", "later()"]);
    expect((await store.steps(agentId("fork()"), 0)).map(({ first }) => first)).toEqual([0, 2]);
  });

  test("is brought up to date once by processes that meet over it", async () => {
    const script = fileURLToPath(new URL("./child.ts", import.meta.url));
    const names = ["n1", "n2", "n3", "n4"];
    const children = names.map((name) =>
      spawn(process.execPath, [script, "own", file, name, "3"], { stdio: "inherit" }),
    );
    const exits = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as unknown));
    expect(exits).toEqual([0, 0, 0, 0]);
    await using store = await open();
    expect(await store.agents()).toHaveLength(5 + names.length);
    expect(await store.steps(agentId("waits()"), 0)).toHaveLength(2);
  });

  test("is refused when it is only read, and left alone", async () => {
    const before = await readFile(file);
    const message = expect.stringMatching(/version 2.*Open it once for writing/) as unknown;
    await expect(open({ readOnly: true })).rejects.toMatchObject({ code: "store/version", message });
    expect(await readFile(file)).toEqual(before);
  });

  test("stays what it was when there is no room to bring it up to date, and comes up when there is", async () => {
    await expect(open({ sizeLimitBytes: 4_096 })).rejects.toMatchObject({ code: "store/full" });
    const db = new DatabaseSync(file);
    expect(readSchema(db).version).toBe(2);
    expect(db.prepare("SELECT count(*) AS count FROM agents").get()).toEqual({ count: 5 });
    db.close();
    await using store = await open();
    expect(await store.agents()).toHaveLength(5);
  });
});
