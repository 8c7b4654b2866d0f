import type * as wasi from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import type { Journal } from "../replay/journal.ts";
import { fail } from "./file-error.ts";
import { checkPath, findNode, type PathNode } from "./file-path.ts";
import type { HostFile, HostFiles } from "./host-files.ts";

/** What was seen of a file, as the journal has it. */
export interface SeenFile {
  /** From the preopened directory on, without symbolic links; empty: that directory itself. */
  path: string;
  type: wasi.DescriptorType;
  sizeBytes: number;
  links: number;
  accessed: string;
  modified: string;
  changed: string;
  /** Where a symbolic link points. */
  target?: string;
}

interface Preopen {
  host: string;
  guest: string;
}

interface HostNode extends PathNode {
  path: string;
  file: HostFile;
}

/** What is read of a file at once. */
const partBytes = 65_536;

const codes: Readonly<Record<string, wasi.ErrorCode>> = {
  EACCES: "access",
  EISDIR: "is-directory",
  ELOOP: "loop",
  ENAMETOOLONG: "name-too-long",
  ENOENT: "no-entry",
  ENOTDIR: "not-directory",
  EPERM: "not-permitted",
};

/**
 * A directory of the host that an agent may read. Each look at it is journaled, with what it saw.
 *
 * Paths are followed here, name by name, and not by the host: they never leave the directory, by whatever links.
 */
export class HostDirectory {
  /** What the guest knows it as. */
  readonly guest: string;
  readonly #host: string;
  readonly #files: HostFiles;
  readonly #journal: () => Journal;

  constructor({ host, guest }: Preopen, files: HostFiles, journal: () => Journal) {
    this.guest = guest;
    this.#host = host;
    this.#files = files;
    this.#journal = journal;
  }

  /** What stands at a path that was found. */
  look(path: string): SeenFile {
    return this.#observe("look at", path, (root) => toSeen(this.#see(root, path)));
  }

  /** What stands at a path of the guest's, which begins at one that was found. */
  find(base: string, path: string, follow: boolean): SeenFile {
    checkPath(path);
    return this.#observe(follow ? "follow" : "find", joinNames(base, path), (root) => {
      const { node } = findNode(this.#see(root, base), path, follow, (directory, name) =>
        this.#seeChild(root, directory.path, name),
      );
      return node ? toSeen(node) : fail("no-entry");
    });
  }

  list(path: string): wasi.DirectoryEntry[] {
    return this.#observe("list", path, (root) => this.#files.list(this.#at(root, path)));
  }

  /** A part of a file; empty at its end. */
  read(path: string, offset: number, most: number): Uint8Array {
    const size = Math.min(most, partBytes);
    const base64 = this.#observe(`read ${size} from ${offset} of`, path, (root) =>
      Buffer.from(this.#files.read(this.#at(root, path), offset, size)).toString("base64"),
    );
    return new Uint8Array(Buffer.from(base64, "base64"));
  }

  #observe<Answer>(action: string, path: string, look: (root: string) => Answer): Answer {
    const answer = this.#journal().observe(`${action} ${joinNames(this.guest, path)}`, () => {
      try {
        return JSON.stringify({ ok: look(this.#files.realPath(this.#host)) });
      } catch (error) {
        return JSON.stringify({ error: toCode(error) });
      }
    });
    const seen = JSON.parse(answer) as { ok: Answer } | { error: wasi.ErrorCode };
    return "error" in seen ? fail(seen.error) : seen.ok;
  }

  /** The host's path, of which no part has become a link since it was looked up. */
  #at(root: string, path: string): string {
    const at = path === "" ? root : this.#files.join(root, ...path.split("/"));
    if (this.#files.realPath(at) !== at) fail("not-permitted");
    return at;
  }

  #see(root: string, path: string): HostNode {
    const file = this.#files.stat(this.#at(root, path));
    return { path, type: file.type, file };
  }

  #seeChild(root: string, parent: string, name: string): HostNode | null {
    const at = this.#files.join(this.#at(root, parent), name);
    try {
      const file = this.#files.stat(at);
      const node = { path: joinNames(parent, name), type: file.type, file };
      return file.type === "symbolic-link" ? { ...node, target: this.#files.readLink(at) } : node;
    } catch (error) {
      if (toCode(error) === "no-entry") return null;
      throw error;
    }
  }
}

function joinNames(directory: string, path: string): string {
  if (directory === "" || path === "") return directory + path;
  return directory.endsWith("/") ? directory + path : `${directory}/${path}`;
}

function toSeen({ path, file, target }: HostNode): SeenFile {
  const { type, sizeBytes, links } = file;
  const [accessed, modified, changed] = [String(file.accessed), String(file.modified), String(file.changed)];
  return { path, type, sizeBytes, links, accessed, modified, changed, ...(target !== undefined && { target }) };
}

function toCode(error: unknown): wasi.ErrorCode {
  if (typeof error === "string") return error as wasi.ErrorCode;
  const { code } = error as { code?: string };
  if (code === undefined) throw error;
  return codes[code] ?? "io";
}
