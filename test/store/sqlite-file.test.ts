import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentId, nodeId } from "../../host/base/id.ts";
import { migrate, migrations, readSchema } from "../../host/store/sqlite-schema.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../host/store/sqlite-store.ts";
import { changesOf, makeAgent, makeFork, makeInvocation, makeNode, makePage, makePromise, makeStep } from "./rows.ts";
import { openTemporaryFolder } from "./temporary-folder.ts";

const fence = { node: nodeId("n1") };
let folder: Awaited<ReturnType<typeof openTemporaryFolder>>;
let file: string;

beforeEach(async () => {
  folder = await openTemporaryFolder();
  file = join(folder.path, "planaria.db");
});
afterEach(() => folder[Symbol.asyncDispose]());

const open = (options: Partial<SqliteStoreOptions> = {}) => openSqliteStore({ file, now: () => 0, ...options });
/** Opens it with one agent of so many steps, one entry each. */
const openWithSteps = async (count: number, options: Partial<SqliteStoreOptions> = {}) => {
  const store = await open(options);
  await store.join(makeNode("n1"));
  const steps = Array.from({ length: count }, (_, first) => makeStep("a()", first));
  await store.commit(changesOf({ agents: [makeAgent("a()", { length: count })], steps }), fence);
  return store;
};
const meddle = (sql: string) => {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
};

describe("opening a file", () => {
  test("makes its folder, and gives back after closing what was written before", async () => {
    file = join(folder.path, "a", "b", "planaria.db");
    await using first = await openWithSteps(3);
    const row = makeInvocation("a()", "k");
    await first.commit(changesOf({ invocations: [row] }), fence);
    await first[Symbol.asyncDispose]();
    await using second = await open();
    expect(second.url).toBe(`sqlite:${file}`);
    expect(await second.steps(agentId("a()"), 0)).toHaveLength(3);
    expect(await second.queue(agentId("a()"))).toEqual([row]);
  });

  test("leaves one file behind when all have closed it", async () => {
    await (await openWithSteps(1))[Symbol.asyncDispose]();
    await expect(stat(`${file}-wal`)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("for reading shows all and changes nothing", async () => {
    await using writer = await openWithSteps(2);
    await using reader = await open({ readOnly: true });
    expect(await reader.steps(agentId("a()"), 0)).toHaveLength(2);
    const readOnly = { code: "store/read-only", message: expect.stringContaining(file) as unknown };
    await expect(reader.commit(changesOf({ agents: [makeAgent("b()")] }), fence)).rejects.toMatchObject(readOnly);
    await expect(reader.join(makeNode("n2"))).rejects.toMatchObject(readOnly);
    await expect(reader.leave(fence.node)).rejects.toMatchObject(readOnly);
    await expect(reader.claim(fence.node, [agentId("a()")])).rejects.toMatchObject(readOnly);
    await expect(reader.collect(null)).rejects.toMatchObject(readOnly);
    expect(await writer.agents()).toHaveLength(1);
  });

  test("for reading works when no writer has it open", async () => {
    await (await openWithSteps(2))[Symbol.asyncDispose]();
    await using reader = await open({ readOnly: true });
    expect(await reader.steps(agentId("a()"), 0)).toHaveLength(2);
  });

  test("for reading refuses one that does not exist, and does not make it", async () => {
    await expect(open({ readOnly: true })).rejects.toMatchObject({ code: "store/missing" });
    await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("refuses a folder that is a file", async () => {
    await writeFile(file, "");
    await expect(open({ file: join(file, "planaria.db") })).rejects.toMatchObject({ code: "store/failed" });
  });

  test("refuses a path that is a folder", async () => {
    await expect(open({ file: folder.path })).rejects.toMatchObject({ code: "store/failed" });
  });

  test("refuses what is no database, names it, and leaves it alone", async () => {
    await writeFile(file, "Dear diary, ".repeat(1_000));
    const refusal = { code: "store/corrupt", message: expect.stringMatching(/planaria\.db.*backup/) as unknown };
    await expect(open()).rejects.toMatchObject(refusal);
    expect(await readFile(file, "utf8")).toBe("Dear diary, ".repeat(1_000));
  });

  test.each(["CREATE TABLE recipes (name)", "PRAGMA application_id = 7"])(
    "refuses another's database: %s",
    async (sql) => {
      meddle(sql);
      const before = await readFile(file);
      await expect(open()).rejects.toMatchObject({ code: "store/not-planaria" });
      expect(await readFile(file)).toEqual(before);
    },
  );
});

describe("the schema", () => {
  test("of a newer version is refused with both numbers, and left alone", async () => {
    await (await openWithSteps(1))[Symbol.asyncDispose]();
    meddle("PRAGMA user_version = 99");
    const before = await readFile(file);
    const message = expect.stringMatching(new RegExp(`99.*${migrations.length}.*newer Planaria`)) as unknown;
    await expect(open()).rejects.toMatchObject({ code: "store/version", message });
    expect(await readFile(file)).toEqual(before);
  });

  test("of an older version is refused when the file is only read", async () => {
    await writeFile(file, "");
    await expect(open({ readOnly: true })).rejects.toMatchObject({ code: "store/version" });
  });

  test("is brought up to date step by step, and rows stay", async () => {
    const db = new DatabaseSync(file);
    const steps = [
      "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
      "ALTER TABLE t ADD COLUMN b DEFAULT 2",
      "UPDATE t SET a = a + b",
    ];
    migrate(db, file, steps.slice(0, 1));
    expect(readSchema(db).version).toBe(1);
    migrate(db, file, steps);
    expect(readSchema(db).version).toBe(3);
    expect({ ...db.prepare("SELECT * FROM t").get() }).toEqual({ a: 3, b: 2 });
    migrate(db, file, steps);
    expect({ ...db.prepare("SELECT * FROM t").get() }).toEqual({ a: 3, b: 2 });
    db.close();
  });

  test("stays at its version when a step fails, and nothing of that step is left", () => {
    const db = new DatabaseSync(file);
    const steps = ["CREATE TABLE t (a)", "CREATE TABLE u (a); CREATE TABLE t (a)"];
    expect(() => migrate(db, file, steps)).toThrow("already exists");
    expect(readSchema(db).version).toBe(1);
    expect(
      db
        .prepare("SELECT name FROM sqlite_schema")
        .all()
        .map(({ name }) => name),
    ).toEqual(["t"]);
    db.close();
  });
});

describe("a damaged file", () => {
  test.each([
    ["in the middle", "first = 1", 0],
    ["at the end", "first = 2", 0],
    ["at the beginning", "first = 0", 0],
    ["at the end, read from there", "first = 2", 2],
  ])("that has lost a step %s is reported", async (_, where, from) => {
    await using store = await openWithSteps(3);
    meddle(`DELETE FROM steps WHERE ${where}`);
    await expect(store.steps(agentId("a()"), from)).rejects.toMatchObject({ code: "store/corrupt" });
  });

  test("that has lost a fork's first own step is reported, but not what lies behind", async () => {
    await using store = await openWithSteps(2);
    const fork = changesOf({ agents: [makeFork("b()", "a()", 1, 2)], steps: [makeStep("b()", 2), makeStep("b()", 3)] });
    await store.commit(fork, fence);
    meddle("DELETE FROM steps WHERE first = 2");
    await expect(store.steps(agentId("b()"), 0)).rejects.toMatchObject({ code: "store/corrupt" });
    expect(await store.steps(agentId("b()"), 3)).toHaveLength(1);
  });

  test("deletes no agent whose entries a fork needs and cannot get", async () => {
    await using store = await openWithSteps(3);
    await store.commit(changesOf({ agents: [makeFork("b()", "a()", 2)], steps: [makeStep("b()", 3)] }), fence);
    meddle("DELETE FROM steps WHERE first = 1");
    await expect(store.commit(changesOf({ deleted: ["a()"] }), fence)).rejects.toMatchObject({ code: "store/corrupt" });
    expect(await store.agents()).toHaveLength(2);
  });

  test("in which another row stands where the index points is reported, and the row not taken for the one asked for", async () => {
    await using first = await openWithSteps(1);
    const [agent, promise] = [makeAgent("sought()"), makePromise("sought-promise")];
    const invocation = makeInvocation("a()", "sought-key");
    const rows = changesOf({ agents: [agent], invocations: [invocation], promises: [promise] });
    await first.commit(rows, fence);
    await first[Symbol.asyncDispose]();
    await writeFile(file, replaceInTables(await readFile(file), "sought", "saught"));
    await using store = await open();
    const refusal = { code: "store/corrupt", message: expect.stringContaining(file) as unknown };
    await expect(store.agent(agent.id)).rejects.toMatchObject(refusal);
    await expect(store.invocation(invocation.agent, invocation.key)).rejects.toMatchObject(refusal);
    await expect(store.promise(promise.id)).rejects.toMatchObject(refusal);
  });

  test("that was overwritten or cut is reported by name", async () => {
    await (await openWithSteps(2_000))[Symbol.asyncDispose]();
    const { size } = await stat(file);
    await truncate(file, size - (size % 8_192) - 65_536);
    const attempt = async () => {
      await using store = await open();
      await store.steps(agentId("a()"), 0);
    };
    await expect(attempt()).rejects.toMatchObject({
      code: "store/corrupt",
      message: expect.stringContaining(".recover") as unknown,
    });
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0x5a, 4_096));
    await expect(attempt()).rejects.toMatchObject({
      code: "store/corrupt",
      message: expect.stringContaining(file) as unknown,
    });
  });
});

/** Puts a text of the same length where the other one was, but leaves the indexes alone. */
function replaceInTables(bytes: Buffer, from: string, to: string): Buffer {
  const tableLeaf = 13;
  for (let page = 4_096; page < bytes.length; page += 4_096) {
    const body = bytes.subarray(page, page + 4_096);
    const at = body.indexOf(from);
    if (body[0] === tableLeaf && at !== -1) body.write(to, at);
  }
  return bytes;
}

describe("a limited file", () => {
  test("that is full refuses a commit whole, and takes the next one when there is room", async () => {
    await using store = await openWithSteps(1, { sizeLimitBytes: 512 * 1_024 });
    const page = (sizeBytes: number) => ({ ...makePage(String(sizeBytes)), data: new Uint8Array(sizeBytes) });
    await store.commit(changesOf({ pages: [page(300_000)] }), fence);
    const grown = makeAgent("a()", { length: 2 });
    const large = changesOf({ agents: [grown], steps: [makeStep("a()", 1)], pages: [page(300_001)] });
    await expect(store.commit(large, fence)).rejects.toMatchObject({ code: "store/full" });
    expect(await store.steps(agentId("a()"), 0)).toHaveLength(1);
    expect((await store.agent(grown.id))!.length).toBe(1);
    await store.collect(null);
    await store.commit(large, fence);
    expect(await store.steps(agentId("a()"), 0)).toHaveLength(2);
  });
});

describe("a file that another connection writes", () => {
  test("is reported as busy after a while, and nothing is written", async () => {
    await using store = await openWithSteps(1, { busyTimeoutMs: 20 });
    const other = new DatabaseSync(file);
    other.exec("BEGIN IMMEDIATE");
    const changes = changesOf({ agents: [makeAgent("b()")] });
    await expect(store.commit(changes, fence)).rejects.toMatchObject({ code: "store/busy" });
    expect(await store.agents()).toHaveLength(1);
    other.exec("COMMIT");
    other.close();
    await store.commit(changes, fence);
    expect(await store.agents()).toHaveLength(2);
  });
});
