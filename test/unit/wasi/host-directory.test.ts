import * as fs from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemFiles } from "../../../host/system/host-files.ts";
import { Recorder, Replayer, type Journal } from "../../../host/replay/journal.ts";
import type { Descriptor } from "../../../host/wasi/descriptor.ts";
import type { HostFiles } from "../../../host/wasi/host-files.ts";
import type { Saved } from "../../../host/wasi/saved.ts";
import { errorOf, makeFiles, openFile, openRoot, readText } from "./made-files.ts";

/** A folder with `secret` in it, and beside that `given`, which is what an agent is given. */
let folder: string;
let given: string;

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "planaria-host-")));
  given = join(folder, "given");
  fs.mkdirSync(join(given, "d"), { recursive: true });
  fs.writeFileSync(join(folder, "secret"), "secret");
  fs.writeFileSync(join(given, "a.txt"), "hello");
  fs.writeFileSync(join(given, "d", "b.txt"), "x".repeat(150_000));
  fs.symlinkSync("../a.txt", join(given, "d", "to-a"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const makeRecorder = () => new Recorder({ at: 0, operations: 0, random: { bytes: (count) => new Uint8Array(count) } });

function makeGiven({ journal = makeRecorder(), hostFiles }: { journal?: Journal; hostFiles?: HostFiles } = {}) {
  const files = makeFiles({ journal, preopens: [{ host: given, guest: "/data" }], ...(hostFiles && { hostFiles }) });
  const [, [data, path]] = files.functions["wasi:filesystem/preopens"].getDirectories() as [
    unknown,
    [Descriptor, string],
  ];
  return { files, data, path };
}

function listAll(directory: Descriptor): string[] {
  const stream = directory.readDirectory();
  const found: string[] = [];
  for (let entry = stream.readDirectoryEntry(); entry; entry = stream.readDirectoryEntry())
    found.push(`${entry.type} ${entry.name}`);
  return found;
}

function readAll(descriptor: Descriptor): string {
  const stream = descriptor.readViaStream(0n);
  let text = "";
  for (;;) {
    try {
      text += Buffer.from(stream.read(100_000n)).toString();
    } catch (error) {
      expect(error).toEqual({ tag: "closed" });
      return text;
    }
  }
}

/** Looks at everything, in every way. */
function lookAround(data: Descriptor): unknown[] {
  const file = data.openAt({ symlinkFollow: true }, "d/to-a", {}, { read: true });
  const large = data.openAt({}, "d/b.txt", {}, { read: true });
  return [
    listAll(data),
    listAll(data.openAt({}, "d", { directory: true }, { read: true })),
    file.read(3n, 1n),
    file.read(10n, 5n),
    file.stat(),
    file.metadataHash(),
    data.statAt({}, "d/to-a"),
    data.metadataHashAt({}, "a.txt"),
    data.readlinkAt("d/to-a"),
    readAll(large),
    errorOf(() => data.statAt({}, "missing")),
    errorOf(() => data.statAt({}, "../secret")),
    large.isSameObject(data.openAt({}, "d/../d/b.txt", {}, {})),
    file.isSameObject(data),
  ];
}

describe("a directory of the host", () => {
  test("can be read", () => {
    const { data, path } = makeGiven();
    expect(path).toBe("/data");
    expect(data.getFlags()).toEqual({ read: true });
    expect(listAll(data)).toEqual(["regular-file a.txt", "directory d"]);
    expect(readText(data as never, "a.txt")).toBe("hello");
    expect(readAll(data.openAt({}, "d/b.txt", {}, {}))).toBe("x".repeat(150_000));
    const seen = lookAround(data);
    expect(seen.slice(2, 4)).toEqual([
      [new Uint8Array(Buffer.from("ell")), false],
      [new Uint8Array(), true],
    ]);
    expect(seen[4]).toMatchObject({ type: "regular-file", size: 5n, linkCount: 1n });
    expect(seen[5]).toEqual(seen[7]);
    expect(seen[6]).toMatchObject({ type: "symbolic-link", size: 8n });
    expect(seen[8]).toBe("../a.txt");
    expect(seen.slice(10)).toEqual(["no-entry", "not-permitted", true, false]);
  });

  test("is journaled with what was seen, and the host is not asked again in a replay", () => {
    const journal = makeRecorder();
    const live = makeGiven({ journal });
    const seen = lookAround(live.data);
    expect(journal.entries[0]).toMatchObject({ kind: "observed", what: "follow /data/d/to-a" });
    const second = expect.objectContaining({ what: "read 65536 from 65536 of /data/d/b.txt" });
    expect(journal.entries).toContainEqual(second);
    fs.writeFileSync(join(given, "a.txt"), "other");
    fs.rmSync(join(given, "d"), { recursive: true });
    const replayer = new Replayer({ at: 0, operations: 0, recorded: journal.entries, first: 0 });
    const hostFiles = new Proxy(systemFiles, {
      get() {
        throw new Error("The host was asked.");
      },
    });
    expect(lookAround(makeGiven({ journal: replayer, hostFiles }).data)).toEqual(seen);
    replayer.end();
    expect(replayer.mismatch).toBeNull();
    expect(JSON.stringify(journal.entries)).not.toContain(folder);
  });

  test("can't be changed in any way", () => {
    const { files, data } = makeGiven();
    const now = { tag: "now" } as const;
    const file = data.openAt({}, "a.txt", {}, { read: true });
    const calls = [
      () => file.write(new Uint8Array(1), 0n),
      () => file.writeViaStream(0n),
      () => file.appendViaStream(),
      () => file.setSize(0n),
      () => file.setTimes(now, now),
      () => data.setTimesAt({}, "a.txt", now, now),
      () => data.createDirectoryAt("x"),
      () => data.symlinkAt("a.txt", "x"),
      () => data.linkAt({}, "a.txt", data, "x"),
      () => data.renameAt("a.txt", data, "x"),
      () => data.unlinkFileAt("a.txt"),
      () => data.removeDirectoryAt("d"),
      () => data.openAt({}, "x", { create: true }, {}),
      () => data.openAt({}, "a.txt", { truncate: true }, {}),
      () => data.openAt({}, "a.txt", {}, { write: true }),
      () => data.openAt({}, "d", {}, { mutateDirectory: true }),
    ];
    expect(calls.map(errorOf)).toEqual(calls.map(() => "read-only"));
    const root = openRoot(files);
    openFile(root, "f")[Symbol.dispose]();
    expect(errorOf(() => root.renameAt("f", data, "f"))).toBe("cross-device");
    expect(errorOf(() => root.linkAt({}, "f", data, "f"))).toBe("cross-device");
    expect(root.isSameObject(data)).toBe(false);
    expect(listAll(data)).toEqual(["regular-file a.txt", "directory d"]);
  });

  test("is not what its files are, nor the other way round", () => {
    const { data } = makeGiven();
    const file = data.openAt({}, "a.txt", {}, {});
    expect(errorOf(() => file.readDirectory())).toBe("not-directory");
    expect(errorOf(() => file.statAt({}, "x"))).toBe("not-directory");
    expect(errorOf(() => data.openAt({}, "a.txt", { directory: true }, {}))).toBe("not-directory");
    expect(errorOf(() => data.statAt({}, "a.txt/"))).toBe("not-directory");
    expect(errorOf(() => data.read(1n, 0n))).toBe("is-directory");
    expect(errorOf(() => data.readViaStream(0n))).toBe("is-directory");
    expect(errorOf(() => data.readlinkAt("a.txt"))).toBe("invalid");
  });

  test("that has gone is an error, and no end of the agent", () => {
    const { data } = makeGiven();
    const file = data.openAt({}, "a.txt", {}, {});
    const stream = file.readViaStream(0n);
    fs.rmSync(given, { recursive: true });
    expect(errorOf(() => listAll(data))).toBe("no-entry");
    expect(errorOf(() => file.read(1n, 0n))).toBe("no-entry");
    expect(errorOf(() => stream.read(1n))).toMatchObject({ tag: "last-operation-failed", val: { code: "no-entry" } });
  });

  test("that is open goes on where it was", () => {
    const { files, data } = makeGiven();
    const stream = data.openAt({}, "a.txt", {}, {}).readViaStream(0n);
    stream.read(3n);
    const list = data.readDirectory();
    list.readDirectoryEntry();
    const { files: other } = makeGiven();
    const { source } = JSON.parse(JSON.stringify(stream.save())) as { source: Saved };
    expect(Buffer.from(other.loadSource(source)!.read(9)!).toString()).toBe("lo");
    expect((other.loadObject(list.save()) as typeof list).readDirectoryEntry()).toEqual({
      type: "directory",
      name: "d",
    });
    const loaded = other.loadObject(data.openAt({}, "d", {}, {}).save()) as Descriptor;
    expect(listAll(loaded)).toEqual(["regular-file b.txt", "symbolic-link to-a"]);
    expect(files.save()).toHaveLength(0);
  });
});

describe("nothing outside of a directory of the host can be seen", () => {
  test.each([
    "../secret",
    "d/../../secret",
    "/etc/passwd",
    "out",
    "out-directory/secret",
    "absolute",
    "round-about/a.txt",
    "d/../../given/a.txt",
  ])("by %s", (path) => {
    fs.symlinkSync("../secret", join(given, "out"));
    fs.symlinkSync("..", join(given, "out-directory"));
    fs.symlinkSync(join(given, "a.txt"), join(given, "absolute"));
    fs.symlinkSync("../given", join(given, "round-about"));
    const { data } = makeGiven();
    expect(errorOf(() => data.openAt({ symlinkFollow: true }, path, {}, { read: true }))).toBe("not-permitted");
    expect(errorOf(() => data.statAt({ symlinkFollow: true }, path))).toBe("not-permitted");
  });

  test("by reading an absolute link", () => {
    fs.symlinkSync(folder, join(given, "absolute"));
    expect(errorOf(() => makeGiven().data.readlinkAt("absolute"))).toBe("not-permitted");
  });

  test("by a file or directory that becomes a link after it was opened", () => {
    fs.writeFileSync(join(folder, "b.txt"), "outside");
    const { data } = makeGiven();
    const file = data.openAt({}, "a.txt", {}, {});
    const directory = data.openAt({}, "d", {}, {});
    const inner = data.openAt({}, "d/b.txt", {}, {});
    fs.rmSync(join(given, "a.txt"));
    fs.symlinkSync("../secret", join(given, "a.txt"));
    fs.rmSync(join(given, "d"), { recursive: true });
    fs.symlinkSync("..", join(given, "d"));
    const calls = [
      () => file.read(9n, 0n),
      () => inner.read(9n, 0n),
      () => inner.stat(),
      () => directory.stat(),
      () => listAll(directory),
      () => directory.openAt({}, "secret", {}, {}),
      () => directory.statAt({}, "b.txt"),
    ];
    expect(calls.map(errorOf)).toEqual(calls.map(() => "not-permitted"));
  });

  test("by a directory that becomes a link while a file is opened", () => {
    fs.writeFileSync(join(folder, "b.txt"), "outside");
    fs.rmSync(join(given, "d"), { recursive: true });
    fs.symlinkSync("..", join(given, "d"));
    // What the check before would have refused.
    expect(errorOf(() => systemFiles.read(join(given, "d", "b.txt"), 0, 9))).toMatchObject({ code: "ELOOP" });
    expect(errorOf(() => systemFiles.read(join(given, "a.txt", ".."), 0, 9))).not.toBeNull();
  });

  test.each(["../secret", "..", "d/../../secret", "d//b.txt", "."])("by a saved handle of %s", (path) => {
    const { files } = makeGiven();
    const handle = files.loadObject({ kind: "host-descriptor", preopen: "/data", path, type: "regular-file" });
    expect(errorOf(() => (handle as Descriptor).read(9n, 0n))).toBe("no-entry");
    expect(errorOf(() => (handle as Descriptor).stat())).toBe("no-entry");
  });

  test("by names that are paths for the host", () => {
    expect(errorOf(() => systemFiles.join(given, "d", "b.txt"))).toBeNull();
    for (const name of ["", ".", "..", "d/b.txt", "/etc"])
      expect(errorOf(() => systemFiles.join(given, name))).toMatchObject({ code: "ENOENT" });
  });
});

describe.skipIf(process.platform === "win32")("what is neither file nor directory", () => {
  test("is seen and not opened", async () => {
    const server = createServer();
    const { data } = makeGiven();
    const file = data.openAt({}, "a.txt", {}, {});
    fs.rmSync(join(given, "a.txt"));
    await new Promise<void>((resolve) => server.listen(join(given, "a.txt"), resolve));
    expect(listAll(data)).toContain("socket a.txt");
    expect(data.statAt({}, "a.txt").type).toBe("socket");
    expect(errorOf(() => data.openAt({}, "a.txt", {}, {}))).toBe("not-permitted");
    expect(errorOf(() => file.read(1n, 0n))).toBe("not-permitted");
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("a directory of the host under its path in the agent's own tree", () => {
  test("is read through the root, by any way to write it", () => {
    const { files } = makeGiven();
    const root = openRoot(files);
    for (const path of ["data/a.txt", "./data//a.txt", "data/d/to-a"]) expect(readText(root, path)).toBe("hello");
    expect(root.statAt({}, "data").type).toBe("directory");
    expect(root.readlinkAt("data/d/to-a")).toBe("../a.txt");
    expect(root.metadataHashAt({}, "data/a.txt")).toEqual(
      root.openAt({}, "data/a.txt", {}, { read: true }).metadataHash(),
    );
    using directory = root.openAt({}, "data/d", { directory: true }, { read: true });
    expect(listAll(directory)).toContain("regular-file b.txt");
  });

  test("can't be changed through the root, and hides what is not its own from nobody", () => {
    const { files } = makeGiven();
    const root = openRoot(files);
    const changes = [
      () => root.createDirectoryAt("data/new"),
      () => root.unlinkFileAt("data/a.txt"),
      () => root.removeDirectoryAt("data"),
      () => root.symlinkAt("x", "data/link"),
      () => root.renameAt("data/a.txt", root, "b"),
      () => root.linkAt({}, "data/a.txt", root, "b"),
      () => root.setTimesAt({}, "data/a.txt", { tag: "now" }, { tag: "now" }),
      () => openFile(root, "data/new"),
    ];
    expect(changes.map((change) => errorOf(change))).toEqual(changes.map(() => "read-only"));
    openFile(root, "database").write(Buffer.from("own"), 0n);
    expect(readText(root, "database")).toBe("own");
  });

  test("is left by no way up", () => {
    const root = openRoot(makeGiven().files);
    for (const path of ["data/../../secret", "data/../secret", "data/d/../../../secret"])
      expect(errorOf(() => readText(root, path))).toMatch(/no-entry|not-permitted/);
  });
});
