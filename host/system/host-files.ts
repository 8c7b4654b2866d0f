import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
} from "node:fs";
import type { BigIntStats, Dirent } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { HostFile, HostFiles } from "../wasi/host-files.ts";

/** The files of the machine. */
export const systemFiles: HostFiles = {
  join(directory, ...names) {
    return names.reduce((above, name) => {
      const path = join(above, name);
      // On some systems, names are paths that are none elsewhere.
      if (dirname(path) !== above || basename(path) !== name) throw fileError("ENOENT", path, "is no plain name");
      return path;
    }, directory);
  },

  realPath: (path) => realpathSync(path),

  stat(path) {
    const stats = lstatSync(path, { bigint: true });
    return {
      type: typeOf(stats),
      sizeBytes: Number(stats.size),
      links: Number(stats.nlink),
      accessed: stats.atimeNs,
      modified: stats.mtimeNs,
      changed: stats.ctimeNs,
    };
  },

  readLink: (path) => readlinkSync(path),

  list(path) {
    const found = readdirSync(path, { withFileTypes: true });
    return found
      .map((entry) => ({ name: entry.name, type: typeOf(entry) }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  },

  read(path, offset, most) {
    const named = lstatSync(path, { bigint: true });
    if (!named.isFile()) throw fileError("EPERM", path, "is no regular file");
    // Should it have become a FIFO meanwhile, opening it does not wait for a writer. Windows has neither flag.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    try {
      const opened = fstatSync(file, { bigint: true });
      // A directory above may have become a link, too.
      if (realpathSync(path) !== path || opened.ino !== named.ino || opened.dev !== named.dev)
        throw fileError("ELOOP", path, "was replaced while it was opened");
      const bytes = new Uint8Array(most);
      return bytes.subarray(0, readSync(file, bytes, 0, most, offset));
    } finally {
      closeSync(file);
    }
  },
};

function typeOf(found: BigIntStats | Dirent): HostFile["type"] {
  if (found.isFile()) return "regular-file";
  if (found.isDirectory()) return "directory";
  if (found.isSymbolicLink()) return "symbolic-link";
  if (found.isFIFO()) return "fifo";
  if (found.isSocket()) return "socket";
  if (found.isBlockDevice()) return "block-device";
  return found.isCharacterDevice() ? "character-device" : "unknown";
}

function fileError(code: string, path: string, what: string): Error {
  return Object.assign(new Error(`${path} ${what}.`), { code });
}
