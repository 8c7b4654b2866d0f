import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeId } from "../../host/base/id.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import { changesOf, makeAgent, makeNode, makePage } from "./rows.ts";
import { openTemporaryFolder } from "./temporary-folder.ts";

const fence = { node: nodeId("n1") };

function mount(folder: string, options: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
const unmount = (folder: string) => execFileSync("umount", [folder]);

const mayMount = await (async () => {
  await using folder = await openTemporaryFolder();
  const isMounted = mount(folder.path, "size=1m");
  if (isMounted) unmount(folder.path);
  return isMounted;
})();

/** Needs the right to mount file systems, as in a container with root. */
describe.skipIf(!mayMount)("a disk", () => {
  let folder: Awaited<ReturnType<typeof openTemporaryFolder>>;
  beforeEach(async () => {
    folder = await openTemporaryFolder();
    mount(folder.path, "size=2m");
  });
  afterEach(async () => {
    unmount(folder.path);
    await folder[Symbol.asyncDispose]();
  });
  const open = () => openSqliteStore({ file: join(folder.path, "planaria.db"), now: () => 0 });

  test("that is full refuses commits whole, and takes them again when there is room", async () => {
    const ballast = join(folder.path, "ballast");
    await writeFile(ballast, new Uint8Array(1_000_000));
    await using store = await open();
    await store.join(makeNode("n1"));
    const pageOf = (round: number) => ({ ...makePage(`p${round}`), data: new Uint8Array(50_000).fill(round) });
    let written = 0;
    const refused = await (async () => {
      for (; written < 100; written++) {
        await store.commit(changesOf({ agents: [makeAgent(`a(${written})`)], pages: [pageOf(written)] }), fence);
      }
    })().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "store/full" });
    expect(await store.agents()).toHaveLength(written);
    await rm(ballast);
    await store.commit(changesOf({ agents: [makeAgent(`a(${written})`)], pages: [pageOf(written)] }), fence);
    expect(await store.agents()).toHaveLength(written + 1);
    expect(await store.pages([pageOf(written).digest])).toEqual([pageOf(written)]);
  });

  test("that is read-only gives no store, and says why", async () => {
    await (await open())[Symbol.asyncDispose]();
    execFileSync("mount", ["-o", "remount,ro", folder.path]);
    const writing = async () => {
      await using store = await open();
      await store.join(makeNode("n1"));
    };
    await expect(writing()).rejects.toMatchObject({ code: "store/read-only" });
    const file = join(folder.path, "planaria.db");
    await expect(openSqliteStore({ file, now: () => 0, readOnly: true })).rejects.toMatchObject({
      code: "store/read-only",
    });
    const elsewhere = openSqliteStore({ file: join(folder.path, "new", "planaria.db"), now: () => 0 });
    await expect(elsewhere).rejects.toMatchObject({ code: "store/read-only" });
    const fresh = openSqliteStore({ file: join(folder.path, "new.db"), now: () => 0 });
    await expect(fresh).rejects.toMatchObject({ code: "store/read-only" });
  });
});
