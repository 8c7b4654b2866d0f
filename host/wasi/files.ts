import type { DescriptorFlags } from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import type { Environment } from "../oplog/entry.ts";
import type { Journal } from "../replay/journal.ts";
import { Descriptor, DirectoryEntryStream } from "./descriptor.ts";
import { filesystemErrorCode } from "./file-error.ts";
import { corruptHandle, readHandle } from "./file-handle.ts";
import { loadTree, saveTree } from "./file-tree-codec.ts";
import { FileTree, type DirectoryNode, type FileNode, type TreeNode } from "./file-tree.ts";
import { HostDescriptor, HostEntryStream, HostSource } from "./host-descriptor.ts";
import { HostDirectory } from "./host-directory.ts";
import type { HostFiles } from "./host-files.ts";
import { RootDescriptor, type Mount } from "./root-descriptor.ts";
import type { Saved } from "./saved.ts";
import type { Sink, Source } from "./streams.ts";
import { TreeDescriptor } from "./tree-descriptor.ts";
import { TreeEntryStream } from "./tree-entry-stream.ts";
import { TreeSink, TreeSource } from "./tree-stream.ts";

export interface FilesContext {
  /** A moment later than all before, in nanoseconds since 1970-01-01T00:00:00Z. */
  now(): bigint;
  journal(): Journal;
  environment(): Pick<Environment, "preopens">;
  hostFiles: HostFiles;
  /** How large all files of an agent may be together. */
  limitBytes?: number;
}

const defaultLimitBytes = 256 * 1_024 * 1_024;

/**
 * `wasi:filesystem`: a tree of files of each agent's own at `/`, which is a part of its snapshot, and directories of the
 * host that it may read.
 */
export class Files {
  readonly #context: FilesContext;
  #tree: FileTree;

  constructor(context: FilesContext) {
    this.#context = context;
    this.#tree = this.#makeTree();
  }

  /** What the glue takes, by interface without version. */
  readonly functions = {
    "wasi:filesystem/types": { Descriptor, DirectoryEntryStream, filesystemErrorCode },
    "wasi:filesystem/preopens": { getDirectories: () => this.#listPreopens() },
  };

  /**
   * The agent's own tree; equal trees give equal bytes, an unused one none. Files of some size begin at multiples of 4,096
   * bytes. The bytes are shared with the tree: nobody may change them.
   */
  save(): Uint8Array {
    return saveTree(this.#tree);
  }

  /** Errors: HostError `snapshot/corrupt`. */
  load(saved: Uint8Array): void {
    const tree = this.#makeTree();
    loadTree(tree, saved);
    this.#tree = tree;
  }

  /** Makes a descriptor or a list of entries again; null: it is neither. Errors: HostError `snapshot/corrupt`. */
  loadObject(saved: Saved): Descriptor | DirectoryEntryStream | null {
    const known = readHandle(saved);
    switch (known?.kind) {
      case "descriptor":
        return this.#open(this.#node(known.node), known.flags);
      case "directory-entry-stream":
        return new TreeEntryStream(this.#tree, this.#directory(known.node), known.last, known.end);
      case "host-descriptor":
        return new HostDescriptor(this.#preopen(known.preopen), known.path, known.type);
      case "host-directory-entry-stream":
        return new HostEntryStream(known.left);
      default:
        return null;
    }
  }

  /** Makes what an input stream reads a file with again; null: it reads something else. Errors: HostError `snapshot/corrupt`. */
  loadSource(saved: Saved): Source | null {
    const known = readHandle(saved);
    if (known?.kind === "file-source") return new TreeSource(this.#tree, this.#file(known.node), known.offset);
    if (known?.kind === "host-file-source")
      return new HostSource(this.#preopen(known.preopen), known.path, known.offset);
    return null;
  }

  /** Makes what an output stream writes a file with again; null: it writes something else. Errors: HostError `snapshot/corrupt`. */
  loadSink(saved: Saved): Sink | null {
    const known = readHandle(saved);
    return known?.kind === "file-sink" ? new TreeSink(this.#tree, this.#file(known.node), known.offset) : null;
  }

  #makeTree(): FileTree {
    return new FileTree(this.#context.now, this.#context.limitBytes ?? defaultLimitBytes);
  }

  #listPreopens(): [Descriptor, string][] {
    const own = this.#open(this.#tree.root, { read: true, mutateDirectory: true });
    return [[own, "/"], ...this.#listMounts().map(({ guest, open }): [Descriptor, string] => [open(), guest])];
  }

  #listMounts(): Mount[] {
    return this.#context.environment().preopens.map(({ guest }) => ({
      guest,
      open: () => new HostDescriptor(this.#preopen(guest), "", "directory"),
    }));
  }

  #open(node: TreeNode, flags: DescriptorFlags): TreeDescriptor {
    return node === this.#tree.root
      ? new RootDescriptor(this.#tree, this.#tree.root, flags, () => this.#listMounts())
      : new TreeDescriptor(this.#tree, node, flags);
  }

  #preopen(guest: string): HostDirectory {
    const { hostFiles, journal, environment } = this.#context;
    const preopen = environment().preopens.find((given) => given.guest === guest);
    if (!preopen) throw corruptHandle(`a directory at ${JSON.stringify(guest)}, which the agent was not given`);
    return new HostDirectory(preopen, hostFiles, journal);
  }

  #node(id: number): TreeNode {
    const node = this.#tree.nodes.get(id);
    if (!node) throw corruptHandle(`node ${id}, which is missing`);
    return node;
  }

  #directory(id: number): DirectoryNode {
    const node = this.#node(id);
    if (node.type !== "directory") throw corruptHandle(`node ${id} as a directory`);
    return node;
  }

  #file(id: number): FileNode {
    const node = this.#node(id);
    if (node.type !== "regular-file") throw corruptHandle(`node ${id} as a file`);
    return node;
  }
}
