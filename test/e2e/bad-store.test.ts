import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { launcher, Workplace, type Ended } from "./planaria.ts";

/** Mounts of its own are allowed to root, in most containers too. */
const canMount = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

const databaseIn = (place: Workplace) => place.file(".planaria/planaria.db");

/** A place whose store knows `ledger("a")`, which has one line. */
async function openUsed(place: Workplace): Promise<Workplace> {
  const { exitCode, stderr } = await place.run(
    "run",
    await place.build("test/guests/ledger.ts"),
    'ledger("a").note("one")',
  );
  expect(exitCode, stderr).toBe(0);
  return place;
}

function alter(place: Workplace, sql: string): void {
  using database = new DatabaseSync(databaseIn(place));
  database.exec(sql);
}

/** Expects commands that read, and those that write, to be refused alike. */
async function expectRefusals(place: Workplace, code: string, words: string): Promise<void> {
  for (const args of [["agents"], ["oplog", 'ledger("a")'], ["invoke", 'ledger("a").read()']]) {
    const { exitCode, stdout, stderr } = await place.run(...args);
    expect([exitCode, stdout], stderr).toEqual([4, ""]);
    expect(stderr).toContain(`error[${code}]: `);
    expect(stderr).toContain(words);
  }
}

describe.concurrent("a store that", () => {
  test("is damaged is refused as it is", async () => {
    await using place = new Workplace();
    mkdirSync(place.file(".planaria"));
    writeFileSync(databaseIn(place), "no database at all ".repeat(400));
    await expectRefusals(place, "store/corrupt", "Restore it from a backup");
  });

  test("is another program's database is refused", async () => {
    await using place = new Workplace();
    mkdirSync(place.file(".planaria"));
    alter(place, "CREATE TABLE t (x)");
    await expectRefusals(place, "store/not-planaria", "planaria.db");
  });

  test("a newer version has written is refused", async () => {
    await using place = await openUsed(new Workplace());
    alter(place, "PRAGMA user_version = 999");
    await expectRefusals(place, "store/version", "999");
  });

  test("has a damaged oplog fails the calls that need it, and no others", async () => {
    await using place = await openUsed(new Workplace());
    await place.json("invoke", 'ledger("b").note("one")');
    alter(
      place,
      "UPDATE steps SET entries = '[{}]' WHERE first > 0 AND agent = (SELECT number FROM agents WHERE params = '[\"a\"]')",
    );
    alter(place, "UPDATE agents SET snapshot = NULL, snapshotLength = NULL");
    const looked = await place.run("oplog", 'ledger("a")');
    expect([looked.exitCode, looked.stderr]).toEqual([
      4,
      expect.stringMatching(/^error\[oplog\/[\w-]+\]: .*ledger\("a"\).*entry 1/),
    ]);
    const called = await place.run("invoke", 'ledger("a").read()');
    expect([called.exitCode, called.stdout], called.stderr).toEqual([1, ""]);
    expect(called.stderr).toContain('Cannot read the oplog of ledger("a") at entry 1');
    expect(await place.json("invoke", 'ledger("b").read()')).toEqual(["one"]);
  });

  test.skipIf(process.getuid?.() === 0)("may not be written is refused, and says so", async () => {
    await using place = await openUsed(new Workplace());
    chmodSync(databaseIn(place), 0o444);
    const { exitCode, stderr } = await place.run("invoke", 'ledger("a").read()');
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining("error[store/read-only]")]);
  });

  test.skipIf(!canMount)("lies on a disk that can't be written is refused, and says so", async () => {
    await using place = await openUsed(new Workplace());
    await using mounts = await openMounts(place);
    await mounts.run("mount --bind .planaria .planaria && mount -o remount,ro,bind .planaria");
    const { exitCode, stderr } = await mounts.planaria("invoke", 'ledger("a").read()');
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining("error[store/read-only]")]);
  });
});

describe.concurrent("a disk that is full", () => {
  const command = ["invoke", 'work("w", 200)', "--key", "k"];
  const expectAllLines = async (lines: unknown) =>
    expect(lines).toEqual([...Array.from({ length: 200 }, (_, i) => `line ${i}`), "done"]);

  test.skipIf(!canMount)("loses nothing: once there is room, the same command finishes", async () => {
    await using place = new Workplace();
    await using mounts = await openMounts(place);
    mkdirSync(place.file(".planaria"));
    await mounts.run("mount -t tmpfs -o size=8m none .planaria");
    const guest = await place.build("test/guests/ledger.ts");
    expect(await mounts.planaria("run", guest, 'ledger("w").read()')).toMatchObject({ exitCode: 0, stdout: "[]\n" });

    // Full in the midst of the work, then from the beginning on.
    for (const leftBytes of [200_000, 0]) {
      await mounts.run(
        `rm -f .planaria/fill; head -c 8m /dev/zero > .planaria/fill; truncate -s -${leftBytes} .planaria/fill`,
      );
      const { exitCode, stdout, stderr } = await mounts.planaria(...command);
      expect([exitCode, stdout], stderr).toEqual([4, ""]);
      expect(stderr).toMatch(
        /error\[store\/full\]: There is no space left to write .*planaria\.db\. Nothing was written; make room/,
      );
    }
    await mounts.run("rm .planaria/fill");
    expect(await mounts.planaria(...command)).toMatchObject({ exitCode: 0 });
    await expectAllLines(JSON.parse((await mounts.planaria("invoke", 'ledger("w").read()')).stdout));
  });

  test("is not the only one: neither does a limit on the size of files lose anything", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await place.run("run", guest, 'ledger("w").read()');
    // In units of 1,024 bytes, of which the component alone takes more than 2,300.
    const limited: [string, ...string[]] = ["bash", "-c", 'ulimit -f 300; exec "$0" "$@"', process.execPath, launcher];
    const ended = await place.start(command, { program: limited }).ended;
    expect(ended.exitCode).not.toBe(0);
    expect(ended.stdout).toBe("");
    expect(await place.run(...command)).toMatchObject({ exitCode: 0 });
    await expectAllLines(await place.json("invoke", 'ledger("w").read()'));
  });
});

/** A namespace in which a test may mount what it likes. It ends with its one process. */
async function openMounts(place: Workplace) {
  const holder = spawn("unshare", ["--mount", "sh", "-c", "echo && exec sleep 600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  const enter: [string, ...string[]] = ["nsenter", `--target=${holder.pid}`, "--mount", "sh", "-c"];
  const inPlace = `cd '${place.path}'`;
  return {
    run(script: string): void {
      const [program, ...args] = enter;
      const { status, stderr } = spawnSync(program, [...args, `${inPlace} && ${script}`], { encoding: "utf8" });
      // A disk that is to be filled refuses the last bytes.
      if (status !== 0 && !stderr.includes("No space left")) throw new Error(stderr);
    },
    planaria(...args: string[]): Promise<Ended> {
      return place.start(args, { program: [...enter, `${inPlace} && exec "$0" "$@"`, process.execPath, launcher] })
        .ended;
    },
    async [Symbol.asyncDispose]() {
      holder.kill("SIGKILL");
      await once(holder, "close");
    },
  };
}
