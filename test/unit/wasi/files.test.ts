import { describe, expect, test } from "vitest";
import type { Descriptor } from "../../../host/wasi/descriptor.ts";
import { errorOf, listNames, makeFiles, openFile, openRoot, readText, writeText } from "./made-files.ts";

const makeRoot = (limitBytes?: number) => openRoot(makeFiles(limitBytes === undefined ? {} : { limitBytes }));
const open = (root: Descriptor, path: string, flags: { read?: boolean; write?: boolean }) =>
  root.openAt({ symlinkFollow: true }, path, {}, flags);

describe("an agent's directory", () => {
  test("is empty at first, and the first that an agent is given", () => {
    const files = makeFiles();
    const [[root, path]] = files.functions["wasi:filesystem/preopens"].getDirectories() as [[Descriptor, string]];
    expect(path).toBe("/");
    expect(root.getType()).toBe("directory");
    expect(root.getFlags()).toEqual({ read: true, mutateDirectory: true });
    expect(listNames(root)).toEqual([]);
  });

  test("lists what is in it in the order in which it was made", () => {
    const root = makeRoot();
    for (const name of ["b", "a", "c"]) writeText(root, name, name);
    root.createDirectoryAt("d");
    root.renameAt("b", root, "e");
    expect(listNames(root)).toEqual(["a", "c", "d", "e"]);
  });

  test("is listed to an end, however it changes meanwhile", () => {
    const root = makeRoot();
    for (const name of ["a", "b", "c"]) writeText(root, name, name);
    using stream = root.readDirectory();
    const seen: string[] = [];
    for (let entry = stream.readDirectoryEntry(); entry; entry = stream.readDirectoryEntry()) {
      seen.push(entry.name);
      root.renameAt(entry.name, root, `${entry.name}${entry.name}`);
      if (seen.length === 1) root.unlinkFileAt("c");
    }
    expect(seen).toEqual(["a", "b"]);
    expect(listNames(root)).toEqual(["aa", "bb"]);
  });

  test("that was removed while open is empty, and nothing can be made in it", () => {
    const root = makeRoot();
    root.createDirectoryAt("d");
    using directory = root.openAt({}, "d", { directory: true }, { read: true });
    root.removeDirectoryAt("d");
    expect(directory.stat().linkCount).toBe(0n);
    expect(listNames(directory)).toEqual([]);
    expect(errorOf(() => openFile(directory, "x"))).toBe("no-entry");
    expect(errorOf(() => directory.createDirectoryAt("x"))).toBe("no-entry");
    writeText(root, "f", "");
    expect(errorOf(() => root.renameAt("f", directory, "f"))).toBe("no-entry");
    expect(errorOf(() => root.linkAt({}, "f", directory, "f"))).toBe("no-entry");
  });

  test("can't be moved into itself", () => {
    const root = makeRoot();
    root.createDirectoryAt("a");
    root.createDirectoryAt("a/b");
    expect(errorOf(() => root.renameAt("a", root, "a/b/c"))).toBe("invalid");
    using inner = root.openAt({}, "a/b", {}, {});
    expect(errorOf(() => root.renameAt("a", inner, "c"))).toBe("invalid");
    root.createDirectoryAt("c");
    root.renameAt("c", inner, "c");
    expect(errorOf(() => root.renameAt("a", root, "a/b/c/d"))).toBe("invalid");
    expect(listNames(root, "a/b")).toEqual(["c"]);
  });

  test("has no bytes to read or write", () => {
    const root = makeRoot();
    const calls = [
      () => root.read(1n, 0n),
      () => root.write(new Uint8Array(1), 0n),
      () => root.readViaStream(0n),
      () => root.writeViaStream(0n),
      () => root.appendViaStream(),
      () => root.setSize(0n),
      () => open(root, ".", { write: true }),
    ];
    expect(calls.map(errorOf)).toEqual(calls.map(() => "is-directory"));
    expect(errorOf(() => root.advise(0n, 0n, "normal"))).toBe("bad-descriptor");
  });
});

describe("paths", () => {
  test.each([
    ["/etc/passwd", "not-permitted"],
    ["../../etc/passwd", "not-permitted"],
    ["d/../../x", "not-permitted"],
    ["out", "not-permitted"],
    ["out/x", "not-permitted"],
    ["", "no-entry"],
    ["a\0b", "invalid"],
    ["x".repeat(256), "name-too-long"],
    ["é".repeat(128), "name-too-long"],
    ["d/".repeat(2_048) + "x", "name-too-long"],
    ["f/x", "not-directory"],
    ["f/", "not-directory"],
    ["f/..", "not-directory"],
    ["missing/x", "no-entry"],
    ["round", "loop"],
    ["round/x", "loop"],
  ])("%s leads nowhere", (path, code) => {
    const root = makeRoot();
    root.createDirectoryAt("d");
    writeText(root, "f", "");
    root.symlinkAt("d/../../up", "out");
    root.symlinkAt("round", "round");
    const calls = [
      () => root.statAt({ symlinkFollow: true }, path),
      () => open(root, path, { read: true }),
      () => root.metadataHashAt({ symlinkFollow: true }, path),
      () => root.setTimesAt({ symlinkFollow: true }, path, { tag: "now" }, { tag: "now" }),
    ];
    expect(calls.map(errorOf)).toEqual(calls.map(() => code));
  });

  test("stay within the directory that they begin at, though it lies in another", () => {
    const root = makeRoot();
    root.createDirectoryAt("d");
    writeText(root, "secret", "s");
    root.symlinkAt("../secret", "d/out");
    using directory = root.openAt({}, "d", { directory: true }, {});
    expect(readText(root, "d/out")).toBe("s");
    expect(errorOf(() => readText(directory, "out"))).toBe("not-permitted");
    expect(errorOf(() => readText(directory, "../secret"))).toBe("not-permitted");
  });

  test("may be as long as a name can be", () => {
    const root = makeRoot();
    const name = "x".repeat(255);
    writeText(root, name, "1");
    expect(readText(root, name)).toBe("1");
  });

  test("follow forty links, and no more", () => {
    const root = makeRoot();
    writeText(root, "l0", "end");
    for (let count = 1; count <= 41; count++) root.symlinkAt(`l${count - 1}`, `l${count}`);
    expect(readText(root, "l40")).toBe("end");
    expect(errorOf(() => readText(root, "l41"))).toBe("loop");
  });

  test("of links are not followed where that was not asked for", () => {
    const root = makeRoot();
    writeText(root, "f", "");
    root.symlinkAt("f", "l");
    expect(root.statAt({}, "l")).toMatchObject({ type: "symbolic-link", size: 1n });
    expect(errorOf(() => root.openAt({}, "l", {}, {}))).toBe("loop");
    expect(errorOf(() => root.openAt({}, "l", { directory: true }, {}))).toBe("not-directory");
    expect(errorOf(() => root.readlinkAt("f"))).toBe("invalid");
    expect(root.readlinkAt("l")).toBe("f");
  });

  test("of links can't be absolute, empty or too long", () => {
    const root = makeRoot();
    const targets = ["/etc", "", "x".repeat(4_097)];
    expect(targets.map((target) => errorOf(() => root.symlinkAt(target, "l")))).toEqual([
      "not-permitted",
      "no-entry",
      "name-too-long",
    ]);
  });
});

describe("a file", () => {
  test("is read and written at any place, with zeros where nothing was", () => {
    const root = makeRoot();
    using file = openFile(root, "f");
    expect(file.write(Buffer.from("end"), 5n)).toBe(3n);
    expect(file.read(100n, 0n)).toEqual([new Uint8Array([0, 0, 0, 0, 0, 101, 110, 100]), true]);
    expect(file.read(2n, 5n)).toEqual([new Uint8Array([101, 110]), false]);
    expect(file.read(1n, 2n ** 64n - 1n)).toEqual([new Uint8Array(), true]);
    file.setSize(6n);
    file.setSize(8n);
    expect(Buffer.from(file.read(2n ** 64n - 1n, 4n)[0])).toEqual(Buffer.from([0, 101, 0, 0]));
    expect(file.stat()).toMatchObject({ type: "regular-file", size: 8n, linkCount: 1n });
  });

  test("is a copy for whoever reads it", () => {
    const root = makeRoot();
    using file = openFile(root, "f");
    file.write(Buffer.from("abc"), 0n);
    const [bytes] = file.read(3n, 0n);
    file.write(Buffer.from("xyz"), 0n);
    expect(Buffer.from(bytes).toString()).toBe("abc");
  });

  test("can't be written by who opened it to read, nor read by who opened it to write", () => {
    const root = makeRoot();
    writeText(root, "f", "abc");
    using reader = open(root, "f", { read: true });
    using writer = open(root, "f", { write: true });
    using neither = open(root, "f", {});
    expect(errorOf(() => reader.write(new Uint8Array(1), 0n))).toBe("bad-descriptor");
    expect(errorOf(() => reader.writeViaStream(0n))).toBe("bad-descriptor");
    expect(errorOf(() => reader.appendViaStream())).toBe("bad-descriptor");
    expect(errorOf(() => reader.setSize(0n))).toBe("invalid");
    expect(errorOf(() => writer.read(1n, 0n))).toBe("bad-descriptor");
    expect(errorOf(() => writer.readViaStream(0n))).toBe("bad-descriptor");
    expect(neither.getFlags().read).toBe(true);
    expect(errorOf(() => neither.write(new Uint8Array(1), 0n))).toBe("bad-descriptor");
    expect(reader.advise(0n, 1n, "will-need")).toBeUndefined();
    expect([reader.sync(), writer.syncData()]).toEqual([undefined, undefined]);
  });

  test("may be opened by a guest that asks to change directories, too, as C libraries do", () => {
    const root = makeRoot();
    using file = root.openAt({}, "f", { create: true }, { write: true, mutateDirectory: true });
    expect(file.getFlags()).toMatchObject({ read: false, write: true, mutateDirectory: false });
  });

  test("is no directory", () => {
    const root = makeRoot();
    using file = openFile(root, "f");
    const calls = [
      () => file.readDirectory(),
      () => file.statAt({}, "x"),
      () => file.statAt({}, "."),
      () => openFile(file, "x"),
      () => file.createDirectoryAt("x"),
      () => file.readlinkAt("x"),
      () => root.openAt({}, "f", { directory: true }, {}),
    ];
    expect(calls.map(errorOf)).toEqual(calls.map(() => "not-directory"));
    expect(errorOf(() => root.openAt({}, "x", { directory: true, create: true }, {}))).toBe("invalid");
  });

  test("lives on without a name until nothing refers to it", () => {
    const root = makeRoot(10_000);
    const file = openFile(root, "f");
    file.write(new Uint8Array(8_000), 0n);
    const stream = file.readViaStream(7_999n);
    root.unlinkFileAt("f");
    expect(errorOf(() => open(root, "f", {}))).toBe("no-entry");
    expect(file.stat()).toMatchObject({ size: 8_000n, linkCount: 0n });
    using other = openFile(root, "g");
    expect(errorOf(() => other.setSize(8_000n))).toBe("insufficient-space");
    file[Symbol.dispose]();
    expect(stream.read(10n)).toEqual(new Uint8Array(1));
    expect(errorOf(() => other.setSize(8_000n))).toBe("insufficient-space");
    stream[Symbol.dispose]();
    other.setSize(8_000n);
    expect(other.stat().size).toBe(8_000n);
  });

  test("has the names that it was given, and is the same under each", () => {
    const root = makeRoot();
    writeText(root, "f", "1");
    root.linkAt({}, "f", root, "g");
    using one = open(root, "f", { read: true });
    using other = open(root, "g", { write: true });
    expect(one.isSameObject(other)).toBe(true);
    expect(one.isSameObject(root)).toBe(false);
    other.write(Buffer.from("2"), 0n);
    expect(Buffer.from(one.read(9n, 0n)[0]).toString()).toBe("2");
    expect(one.stat().linkCount).toBe(2n);
    root.createDirectoryAt("d");
    expect(errorOf(() => root.linkAt({}, "d", root, "e"))).toBe("not-permitted");
    root.symlinkAt("f", "l");
    root.linkAt({ symlinkFollow: true }, "l", root, "h");
    expect(root.statAt({}, "h")).toMatchObject({ type: "regular-file", linkCount: 3n });
  });
});

describe("file streams", () => {
  test("read and write from a place on, and append wherever the end is", () => {
    const root = makeRoot();
    using file = openFile(root, "f");
    const [writer, appender] = [file.writeViaStream(2n), file.appendViaStream()];
    writer.write(Buffer.from("ab"));
    appender.write(Buffer.from("cd"));
    writer.write(Buffer.from("xyz"));
    appender.write(Buffer.from("!"));
    const reader = file.readViaStream(2n);
    expect(Buffer.from(reader.read(100n)).toString()).toBe("abxyz!");
    expect(errorOf(() => reader.read(1n))).toEqual({ tag: "closed" });
  });

  test("end when there is no space left, and say why", () => {
    const files = makeFiles({ limitBytes: 2_000 });
    using file = openFile(openRoot(files), "f");
    const writer = file.writeViaStream(0n);
    writer.write(new Uint8Array(1_000));
    const { tag, val } = errorOf(() => writer.write(new Uint8Array(999))) as { tag: string; val: never };
    expect(tag).toBe("last-operation-failed");
    const { filesystemErrorCode } = files.functions["wasi:filesystem/types"];
    expect(filesystemErrorCode(val)).toBe("insufficient-space");
    expect(filesystemErrorCode({ code: "connection-reset" } as never)).toBeUndefined();
    expect(errorOf(() => writer.write(new Uint8Array(1)))).toEqual({ tag: "closed" });
    expect(file.stat().size).toBe(1_000n);
  });
});

describe("the limit", () => {
  test("holds for one file, and for all together", () => {
    const root = makeRoot(10_000);
    using one = openFile(root, "a");
    using other = openFile(root, "b");
    expect(errorOf(() => one.setSize(10_001n))).toBe("file-too-large");
    expect(errorOf(() => one.write(new Uint8Array(1), 2n ** 64n - 1n))).toBe("file-too-large");
    one.setSize(5_000n);
    expect(errorOf(() => other.write(new Uint8Array(1), 4_500n))).toBe("insufficient-space");
    expect(other.stat().size).toBe(0n);
    one.setSize(0n);
    other.write(new Uint8Array(1), 4_500n);
    expect(other.stat().size).toBe(4_501n);
  });

  test("counts names and empty files, too", () => {
    const root = makeRoot(10_000);
    const error = errorOf(() => {
      for (let count = 0; ; count++) root.createDirectoryAt(`d${count}`);
    });
    expect(error).toBe("insufficient-space");
    expect(errorOf(() => openFile(root, "f"))).toBe("insufficient-space");
    const { length } = listNames(root);
    expect(length).toBeGreaterThan(10);
    root.renameAt("d0", root, "e");
    root.removeDirectoryAt("e");
    root.createDirectoryAt("again");
    expect(listNames(root)).toHaveLength(length);
  });
});

describe("times", () => {
  const modifiedAt = (root: Descriptor, path: string) => {
    const { seconds, nanoseconds } = root.statAt({}, path).dataModificationTimestamp!;
    return seconds * 1_000_000_000n + BigInt(nanoseconds);
  };

  test("say when a file was written and a directory changed, and not when they were read", () => {
    const files = makeFiles({ at: 5_000_000_000n });
    const root = openRoot(files);
    root.createDirectoryAt("d");
    const made = modifiedAt(root, "d");
    expect(made).toBe(5_000_000_000n);
    writeText(root, "d/f", "x");
    expect(modifiedAt(root, "d")).toBeGreaterThan(made);
    const [directory, file] = [modifiedAt(root, "d"), modifiedAt(root, "d/f")];
    writeText(root, "d/f", "y");
    readText(root, "d/f");
    expect(modifiedAt(root, "d/f")).toBeGreaterThan(file);
    expect(modifiedAt(root, "d")).toBe(directory);
  });

  test("are set as the guest wants", () => {
    const root = makeRoot();
    using file = openFile(root, "f");
    const before = file.stat();
    const time = { seconds: 2n ** 64n - 1n, nanoseconds: 999_999_999 };
    file.setTimes({ tag: "no-change" }, { tag: "timestamp", val: time });
    expect(file.stat()).toMatchObject({
      dataAccessTimestamp: before.dataAccessTimestamp,
      dataModificationTimestamp: time,
    });
    root.setTimesAt({}, "f", { tag: "timestamp", val: time }, { tag: "now" });
    const after = file.stat();
    expect(after.dataAccessTimestamp).toEqual(time);
    expect(after.dataModificationTimestamp).toEqual(after.statusChangeTimestamp);
    const wrong = { tag: "timestamp", val: { seconds: 1n, nanoseconds: 1_000_000_000 } } as const;
    expect(errorOf(() => file.setTimes(wrong, wrong))).toBe("invalid");
    expect(file.stat()).toEqual(after);
  });

  test("and all else that changes an object change its hash, by half", () => {
    const root = makeRoot();
    using file = openFile(root, "f");
    const before = file.metadataHash();
    expect(root.metadataHashAt({}, "f")).toEqual(before);
    readText(root, "f");
    expect(file.metadataHash()).toEqual(before);
    file.write(new Uint8Array(1), 0n);
    expect(file.metadataHash()).toEqual({ lower: before.lower, upper: expect.any(BigInt) });
    expect(file.metadataHash().upper).not.toBe(before.upper);
    writeText(root, "g", "");
    expect(root.metadataHashAt({}, "g").lower).not.toBe(before.lower);
  });
});
