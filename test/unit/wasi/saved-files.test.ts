import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HostError } from "../../../host/base/error.ts";
import type { Files } from "../../../host/wasi/files.ts";
import type { Saved } from "../../../host/wasi/saved.ts";
import type { TreeDescriptor } from "../../../host/wasi/tree-descriptor.ts";
import { errorOf, listNames, makeFiles, openFile, openRoot, readText, writeText } from "./made-files.ts";

/** The same files elsewhere. */
function copy(files: Files): Files {
  const other = makeFiles({ at: 1_000_000n });
  other.load(new Uint8Array(files.save()));
  return other;
}

/** A bit of everything. */
function makeUsed(): Files {
  const files = makeFiles();
  const root = openRoot(files);
  root.createDirectoryAt("d");
  root.createDirectoryAt("d/empty");
  writeText(root, "d/short", "short");
  writeText(root, "d/é 🪱", "x".repeat(10_000));
  root.linkAt({}, "d/short", root, "linked");
  root.symlinkAt("d/short", "symbolic");
  writeText(root, "gone", "");
  root.unlinkFileAt("gone");
  return files;
}

const digits = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("files that were saved", () => {
  test("are nothing if there never were any", () => {
    const files = makeFiles();
    expect(files.save()).toHaveLength(0);
    const used = makeUsed();
    used.load(files.save());
    expect(listNames(openRoot(used))).toEqual([]);
  });

  test("are what they were, with times and names, in the same order", () => {
    const files = makeUsed();
    const [root, other] = [openRoot(files), openRoot(copy(files))];
    expect(listNames(other)).toEqual(["d", "linked", "symbolic"]);
    expect(listNames(other, "d")).toEqual(["empty", "short", "é 🪱"]);
    for (const path of [".", "d", "d/empty", "d/short", "d/é 🪱", "linked", "symbolic"]) {
      expect(other.statAt({}, path)).toEqual(root.statAt({}, path));
      expect(other.metadataHashAt({}, path)).toEqual(root.metadataHashAt({}, path));
    }
    expect(readText(other, "d/é 🪱")).toBe("x".repeat(10_000));
    writeText(other, "linked", "changed");
    expect([readText(other, "symbolic"), readText(root, "symbolic")]).toEqual(["changed", "short"]);
  });

  test("are the same bytes for the same files, and again after they were loaded", () => {
    const [one, other] = [makeUsed(), makeUsed()];
    expect(digits(one.save())).toBe(digits(other.save()));
    const loaded = copy(one);
    expect(digits(loaded.save())).toBe(digits(one.save()));
    // Not the bytes that were kept, but written anew.
    const again = copy(one);
    const time = { tag: "timestamp", val: { seconds: 1n, nanoseconds: 1 } } as const;
    for (const files of [again, loaded]) openRoot(files).setTimes(time, time);
    expect(digits(again.save())).toBe(digits(loaded.save()));
    expect(again.save()).toHaveLength(one.save().length);
  });

  test("do not change with the files", () => {
    const files = makeUsed();
    const saved = files.save();
    const before = digits(saved);
    using file = openFile(openRoot(files), "d/é 🪱");
    file.write(Buffer.from("y"), 0n);
    file.write(Buffer.from("y"), 20_000n);
    expect(digits(saved)).toBe(before);
    const loaded = makeFiles();
    loaded.load(saved);
    writeText(openRoot(loaded), "d/é 🪱", "z");
    writeText(openRoot(loaded), "d/short", "z");
    expect(digits(saved)).toBe(before);
    expect(readText(openRoot(files), "d/é 🪱")).toMatch(/^yxx/);
  });

  test("are written once, until something changes", () => {
    const files = makeUsed();
    const saved = files.save();
    readText(openRoot(files), "linked");
    listNames(openRoot(files));
    expect(files.save()).toBe(saved);
    writeText(openRoot(files), "linked", "2");
    expect(files.save()).not.toBe(saved);
  });

  test("have in common all pages of files that stayed as they were", () => {
    const files = makeFiles();
    const root = openRoot(files);
    using large = openFile(root, "large");
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
    large.write(bytes, 0n);
    const listPages = () => {
      const saved = files.save();
      return Array.from({ length: Math.ceil(saved.length / 4_096) }, (_, page) =>
        digits(saved.subarray(page * 4_096, (page + 1) * 4_096)),
      );
    };
    const before = new Set(listPages());
    for (let count = 0; count < 100; count++) writeText(root, `small ${count}`, `${count}`.repeat(500));
    large.write(new Uint8Array(10), 50_000n);
    const fresh = listPages().filter((page) => !before.has(page));
    // The heads with a hundred small files, and one page of the large one.
    expect(before.size).toBe(26);
    expect(fresh.length).toBeLessThan(45);
    expect(listPages().filter((page) => before.has(page))).toHaveLength(24);
  });
});

describe("what a guest has open", () => {
  test("goes on where it was, a file without a name too", () => {
    const files = makeUsed();
    const root = openRoot(files);
    const file = openFile(root, "temporary");
    file.write(Buffer.from("0123456789"), 0n);
    const [reader, writer, appender] = [file.readViaStream(0n), file.writeViaStream(2n), file.appendViaStream()];
    reader.read(3n);
    writer.write(Buffer.from("ab"));
    root.unlinkFileAt("temporary");
    const list = root.readDirectory();
    list.readDirectoryEntry();

    const other = copy(files);
    const load = <T>(saved: Saved | null): T => JSON.parse(JSON.stringify(saved)) as T;
    const loadedFile = other.loadObject(load(file.save())) as TreeDescriptor;
    const source = other.loadSource(load<{ source: Saved }>(reader.save()).source)!;
    const sink = other.loadSink(load<{ sink: Saved }>(writer.save()).sink)!;
    const end = other.loadSink(load<{ sink: Saved }>(appender.save()).sink)!;
    const loadedList = other.loadObject(load(list.save())) as typeof list;
    expect(Buffer.from(source.read(3)!).toString()).toBe("b45");
    sink.write(Buffer.from("cd"));
    end.write(Buffer.from("!"));
    expect(Buffer.from(loadedFile.read(99n, 0n)[0]).toString()).toBe("01abcd6789!");
    expect(loadedFile.getFlags()).toEqual(file.getFlags());
    expect(loadedFile.stat().linkCount).toBe(0n);
    expect(loadedList.readDirectoryEntry()).toEqual({ type: "regular-file", name: "linked" });
    expect(digits(copy(files).save())).toBe(digits(files.save()));
  });

  test("is gone from what is saved as soon as it is dropped", () => {
    const files = makeUsed();
    const root = openRoot(files);
    const file = openFile(root, "temporary");
    file.write(new Uint8Array(100_000), 0n);
    root.unlinkFileAt("temporary");
    expect(files.save().length).toBeGreaterThan(100_000);
    file[Symbol.dispose]();
    expect(files.save().length).toBeLessThan(20_000);
  });

  test.each<[string, Saved]>([
    ["a node that is missing", { kind: "descriptor", node: 99, flags: { read: true } }],
    ["a node that is no number", { kind: "descriptor", node: "1", flags: {} }],
    ["rights that there are not", { kind: "descriptor", node: 1, flags: { execute: true } }],
    ["a list of a file", { kind: "directory-entry-stream", node: 6, last: 0, end: 9 }],
    [
      "a directory of the host that was not given",
      { kind: "host-descriptor", preopen: "/x", path: "", type: "directory" },
    ],
    ["a file of no type", { kind: "host-descriptor", preopen: "/x", path: "", type: "fifo" }],
  ])("is refused if it is %s", (_, saved) => {
    expect(() => makeUsed().loadObject(saved)).toThrow(expect.objectContaining({ code: "snapshot/corrupt" }));
  });

  test("is refused if a stream is of a directory, or at no place", () => {
    const files = makeUsed();
    const refusal = expect.objectContaining({ code: "snapshot/corrupt" });
    expect(() => files.loadSource({ kind: "file-source", node: 1, offset: 0 })).toThrow(refusal);
    expect(() => files.loadSink({ kind: "file-sink", node: 1, offset: 0 })).toThrow(refusal);
    expect(() => files.loadSink({ kind: "file-sink", node: 6, offset: -1 })).toThrow(refusal);
    expect([
      files.loadObject({ kind: "error" }),
      files.loadSource({ kind: "stdin" }),
      files.loadSink({ kind: "stdout" }),
    ]).toEqual([null, null, null]);
  });
});

describe("damaged bytes", () => {
  /** Either it is refused, or it is a tree that can be walked, used and saved. */
  function tryBytes(bytes: Uint8Array): void {
    const files = makeFiles();
    const error = errorOf(() => files.load(bytes));
    if (error !== null) {
      expect(error).toBeInstanceOf(HostError);
      expect((error as HostError).code).toBe("snapshot/corrupt");
      return;
    }
    const root = openRoot(files);
    writeText(root, "another", "x");
    expect(copy(files).save()).toEqual(files.save());
    for (const name of listNames(root)) root.statAt({}, name);
  }

  test("are refused, or are other files: cut, changed and made up", () => {
    const saved = new Uint8Array(makeUsed().save());
    fc.assert(fc.property(fc.nat(saved.length - 1), (sizeBytes) => tryBytes(saved.slice(0, sizeBytes))));
    fc.assert(
      fc.property(fc.nat(600), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const changed = saved.slice();
        changed[at]! ^= difference;
        tryBytes(changed);
      }),
      { numRuns: 1_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), tryBytes));
  });

  test.each([
    ["another beginning", "PFIX"],
    ["nothing behind the beginning", "PFIL"],
  ])("are refused: %s", (_, text) => {
    expect(() => makeFiles().load(Buffer.from(text))).toThrow(expect.objectContaining({ code: "snapshot/corrupt" }));
  });

  test("are refused if they go on behind their end", () => {
    const saved = makeUsed().save();
    expect(() => makeFiles().load(Buffer.concat([saved, Buffer.alloc(1)]))).toThrow(/1 bytes behind their end/);
  });

  test("are refused if a name leads elsewhere", () => {
    const files = makeFiles();
    writeText(openRoot(files), "xxx", "");
    for (const name of ["../", "a/b", "a\0b"]) {
      const saved = Buffer.from(files.save());
      saved.write(name, saved.indexOf("xxx"));
      expect(() => makeFiles().load(saved)).toThrow(/is no name/);
    }
  });

  test("are refused if a directory lies in itself, in two others or in none", () => {
    const files = makeFiles();
    const root = openRoot(files);
    root.createDirectoryAt("aaaa");
    root.createDirectoryAt("aaaa/bbbb");
    root.createDirectoryAt("aaaa/bbbb/cccc");
    writeText(root, "ffff", "");
    const saved = Buffer.from(files.save());
    const placeOf = (name: string) => saved.indexOf(name) + name.length + 6;
    const idOf = (name: string) => saved.readUIntLE(placeOf(name), 6);
    const change = (...changes: [name: string, id: number][]) => {
      const changed = Buffer.from(saved);
      for (const [name, id] of changes) changed.writeUIntLE(id, placeOf(name), 6);
      return () => makeFiles().load(changed);
    };
    expect(change(["bbbb", 1])).toThrow(/that has a name elsewhere/);
    expect(change(["bbbb", idOf("cccc")])).toThrow(/that has a name elsewhere/);
    expect(change(["aaaa", idOf("cccc")], ["cccc", idOf("aaaa")])).toThrow(/cut off from the root/);
    expect(change(["aaaa", idOf("ffff")])).toThrow(/cut off from the root/);
    expect(change(["aaaa", 99])).toThrow(/is missing/);
    expect(change(["aaaa", idOf("aaaa")])).not.toThrow();
  });
});
