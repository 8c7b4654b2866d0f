import type * as wasi from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import type { Descriptor } from "./descriptor.ts";
import { fail } from "./file-error.ts";
import type { DirectoryNode, FileTree } from "./file-tree.ts";
import { TreeDescriptor } from "./tree-descriptor.ts";

/** A directory of the host at an absolute path, and how it is opened. */
export interface Mount {
  guest: string;
  open(): Descriptor;
}

/**
 * `/`: the agent's own tree, in which the directories of the host stand under their paths.
 *
 * Many a libc asks for directories once and for all while it is instantiated, when nobody knows yet whose guest it will be,
 * and knows no other than this one.
 */
export class RootDescriptor extends TreeDescriptor {
  readonly #mounts: () => readonly Mount[];

  constructor(tree: FileTree, root: DirectoryNode, flags: wasi.DescriptorFlags, mounts: () => readonly Mount[]) {
    super(tree, root, flags);
    this.#mounts = mounts;
  }

  override statAt(pathFlags: wasi.PathFlags, path: string): wasi.DescriptorStat {
    const found = this.#find(path);
    return found ? found.directory.statAt(pathFlags, found.path) : super.statAt(pathFlags, path);
  }

  override openAt(
    pathFlags: wasi.PathFlags,
    path: string,
    openFlags: wasi.OpenFlags,
    flags: wasi.DescriptorFlags,
  ): Descriptor {
    const found = this.#find(path);
    return found
      ? found.directory.openAt(pathFlags, found.path, openFlags, flags)
      : super.openAt(pathFlags, path, openFlags, flags);
  }

  override readlinkAt(path: string): string {
    const found = this.#find(path);
    return found ? found.directory.readlinkAt(found.path) : super.readlinkAt(path);
  }

  override metadataHashAt(pathFlags: wasi.PathFlags, path: string): wasi.MetadataHashValue {
    const found = this.#find(path);
    return found ? found.directory.metadataHashAt(pathFlags, found.path) : super.metadataHashAt(pathFlags, path);
  }

  override setTimesAt(
    pathFlags: wasi.PathFlags,
    path: string,
    accessed: wasi.NewTimestamp,
    modified: wasi.NewTimestamp,
  ): void {
    this.#checkOwn(path);
    super.setTimesAt(pathFlags, path, accessed, modified);
  }

  override createDirectoryAt(path: string): void {
    this.#checkOwn(path);
    super.createDirectoryAt(path);
  }

  override linkAt(pathFlags: wasi.PathFlags, path: string, directory: wasi.Descriptor, newPath: string): void {
    this.#checkOwn(path);
    super.linkAt(pathFlags, path, directory, newPath);
  }

  override symlinkAt(target: string, path: string): void {
    this.#checkOwn(path);
    super.symlinkAt(target, path);
  }

  override renameAt(path: string, directory: wasi.Descriptor, newPath: string): void {
    this.#checkOwn(path);
    super.renameAt(path, directory, newPath);
  }

  override removeDirectoryAt(path: string): void {
    this.#checkOwn(path);
    super.removeDirectoryAt(path);
  }

  override unlinkFileAt(path: string): void {
    this.#checkOwn(path);
    super.unlinkFileAt(path);
  }

  #checkOwn(path: string): void {
    if (this.#find(path)) fail("read-only");
  }

  /** The directory of the host in which a path lies, and the rest of it. A path that goes up stays in the tree. */
  #find(path: string): { directory: Descriptor; path: string } | null {
    const parts = namesOf(path);
    if (parts.includes("..")) return null;
    for (const { guest, open } of this.#mounts()) {
      const names = namesOf(guest);
      if (names.length > 0 && names.every((name, index) => name === parts[index]))
        return { directory: open(), path: parts.slice(names.length).join("/") || "." };
    }
    return null;
  }
}

const namesOf = (path: string) => path.split("/").filter((name) => name !== "" && name !== ".");
