import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Files } from "../../../host/wasi/files.ts";
import type { Descriptor } from "../../../host/wasi/descriptor.ts";
import { errorOf, listNames, makeFiles, openRoot } from "./made-files.ts";

const codes: Record<string, string> = {
  EBUSY: "busy",
  EEXIST: "exist",
  EINVAL: "invalid",
  EISDIR: "is-directory",
  ELOOP: "loop",
  ENOENT: "no-entry",
  ENOTDIR: "not-directory",
  ENOTEMPTY: "not-empty",
  EPERM: "not-permitted",
};

const { O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR } = fs.constants;

const name = fc.constantFrom("a", "b", "c", "d");
const path = fc
  .tuple(
    fc.array(fc.constantFrom("a/", "b/", "c/", "./", "a/../", "b//"), { maxLength: 2 }),
    name,
    fc.constantFrom("", "", "", "/", "/."),
  )
  .map(([above, last, end]) => above.join("") + last + end);

const callNames = [
  "mkdir",
  "rmdir",
  "unlink",
  "symlink",
  "rename",
  "link",
  "readlink",
  "stat",
  "open",
  "write",
  "resize",
] as const;

/** What an operation is called with; each takes what it needs. */
const step = fc.record({
  call: fc.constantFrom(...callNames),
  at: path,
  to: path,
  target: fc.tuple(fc.constantFrom("", "a/", "./"), name, fc.constantFrom("", "/.")).map((parts) => parts.join("")),
  follow: fc.boolean(),
  flags: fc
    .record({ create: fc.boolean(), exclusive: fc.boolean(), truncate: fc.boolean(), directory: fc.boolean() })
    .filter(
      ({ create, exclusive, truncate, directory }) => (create || !exclusive) && !(directory && (create || truncate)),
    ),
  offset: fc.nat(9_000),
  bytes: fc.uint8Array({ maxLength: 5_000 }),
  isSaved: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Each operation, of an agent's files and of files of this machine. */
const calls: Record<
  (typeof callNames)[number],
  [(root: Descriptor, step: Step) => unknown, (here: string, step: Step) => unknown]
> = {
  mkdir: [(root, { at }) => root.createDirectoryAt(at), (here, { at }) => fs.mkdirSync(here + at)],
  rmdir: [(root, { at }) => root.removeDirectoryAt(at), (here, { at }) => fs.rmdirSync(here + at)],
  unlink: [(root, { at }) => root.unlinkFileAt(at), (here, { at }) => fs.unlinkSync(here + at)],
  symlink: [
    (root, { at, target }) => root.symlinkAt(target, at),
    (here, { at, target }) => fs.symlinkSync(target, here + at),
  ],
  rename: [
    (root, { at, to }) => root.renameAt(at, root, to),
    (here, { at, to }) => fs.renameSync(here + at, here + to),
  ],
  link: [(root, { at, to }) => root.linkAt({}, at, root, to), (here, { at, to }) => fs.linkSync(here + at, here + to)],
  readlink: [(root, { at }) => root.readlinkAt(at), (here, { at }) => fs.readlinkSync(here + at)],
  stat: [
    (root, { at, follow }) => root.statAt({ symlinkFollow: follow }, at),
    (here, { at, follow }) => (follow ? fs.statSync : fs.lstatSync)(here + at),
  ],
  open: [
    (root, { at, follow, flags }) => {
      using _ = root.openAt({ symlinkFollow: follow }, at, flags, { read: true, write: !flags.directory });
    },
    (here, { at, follow, flags: { create, exclusive, truncate, directory } }) => {
      const access = (directory ? O_RDONLY | O_DIRECTORY : O_RDWR) | (follow ? 0 : O_NOFOLLOW);
      openHere(
        here + at,
        access | (create ? O_CREAT : 0) | (exclusive ? O_EXCL : 0) | (truncate ? O_TRUNC : 0),
        () => {},
      );
    },
  ],
  write: [
    (root, { at, offset, bytes }) => {
      using file = root.openAt({ symlinkFollow: true }, at, { create: true }, { write: true });
      file.write(bytes, BigInt(offset));
    },
    (here, { at, offset, bytes }) =>
      openHere(here + at, O_RDWR | O_CREAT, (file) => fs.writeSync(file, bytes, 0, bytes.length, offset)),
  ],
  resize: [
    (root, { at, offset }) => {
      using file = root.openAt({ symlinkFollow: true }, at, {}, { write: true });
      file.setSize(BigInt(offset));
    },
    (here, { at, offset }) => openHere(here + at, O_RDWR, (file) => fs.ftruncateSync(file, offset)),
  ],
};

function openHere(at: string, flags: number, use: (file: number) => unknown): void {
  const file = fs.openSync(at, flags);
  try {
    use(file);
  } finally {
    fs.closeSync(file);
  }
}

/** All that is there, each thing under its path. */
function describeTree(root: Descriptor, at = "."): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const child of listNames(root, at).toSorted()) {
    const childPath = `${at}/${child}`;
    const { type, linkCount } = root.statAt({}, childPath);
    if (type === "directory") Object.assign(found, { [childPath]: type }, describeTree(root, childPath));
    else if (type === "symbolic-link") found[childPath] = [root.readlinkAt(childPath), linkCount];
    else {
      using file = root.openAt({}, childPath, {}, { read: true });
      found[childPath] = [Buffer.from(file.read(100_000n, 0n)[0]).toString("hex"), linkCount];
    }
  }
  return found;
}

function describeHere(root: string, at = "."): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const child of fs.readdirSync(`${root}/${at}`).toSorted()) {
    const childPath = `${at}/${child}`;
    const stats = fs.lstatSync(`${root}/${childPath}`);
    if (stats.isDirectory()) Object.assign(found, { [childPath]: "directory" }, describeHere(root, childPath));
    else if (stats.isSymbolicLink()) found[childPath] = [fs.readlinkSync(`${root}/${childPath}`), BigInt(stats.nlink)];
    else found[childPath] = [fs.readFileSync(`${root}/${childPath}`).toString("hex"), BigInt(stats.nlink)];
  }
  return found;
}

/** An error of this machine in the words of WASI; null: none. */
function errorHere(action: () => unknown): string | null {
  const error = errorOf(action) as { code: string } | null;
  return error && (codes[error.code] ?? error.code);
}

describe.skipIf(process.platform !== "linux")("an agent's files", () => {
  let directory: string;
  beforeAll(() => void (directory = fs.mkdtempSync(join(tmpdir(), "planaria-posix-"))));
  afterAll(() => fs.rmSync(directory, { recursive: true }));

  test("are what files of Linux are after any operations, errors included, and across any snapshot", () => {
    let run = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const here = `${directory}/${run++}/`;
        fs.mkdirSync(here);
        let files: Files = makeFiles();
        for (const each of steps) {
          const [ours, theirs] = calls[each.call];
          const error = errorOf(() => ours(openRoot(files), each));
          expect([error, each]).toEqual([errorHere(() => theirs(here, each)), each]);
          if (!each.isSaved) continue;
          const saved = files.save();
          files = makeFiles();
          files.load(saved);
        }
        expect(describeTree(openRoot(files))).toEqual(describeHere(here));
      }),
      { numRuns: 500 },
    );
  });
});
