import type { NewTimestamp } from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { FileContent } from "./file-content.ts";
import { fail } from "./file-error.ts";
import { pickTime } from "./file-time.ts";

interface NodeBase {
  /** Counted over the tree's whole life. */
  readonly id: number;
  /** How many entries name it; 0: it was removed, and lives on until the last handle is dropped. */
  links: number;
  /** How many handles the guest has of it. */
  handles: number;
  /** In nanoseconds since 1970-01-01T00:00:00Z. When it was made, unless the guest sets it: reading changes nothing. */
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

export interface FileNode extends NodeBase {
  readonly type: "regular-file";
  readonly content: FileContent;
}

export interface DirectoryNode extends NodeBase {
  readonly type: "directory";
  /** In the order in which they were made. */
  readonly entries: Map<string, Entry>;
  /** null: it is the root. */
  parent: DirectoryNode | null;
}

export interface LinkNode extends NodeBase {
  readonly type: "symbolic-link";
  readonly target: string;
}

export type TreeNode = FileNode | DirectoryNode | LinkNode;

interface Entry {
  readonly node: TreeNode;
  /** Later ones have a higher one. */
  readonly order: number;
}

export const rootId = 1;

/** What a node and an entry take of the tree's size beside the bytes of a file or of a link's target. */
const overheadBytes = 256;

/**
 * The files of one agent.
 *
 * Nodes are what the guest's handles refer to, and directories give them names. Nothing here knows of paths or of rights.
 *
 * Errors: those of `wasi:filesystem`, `insufficient-space` if the tree would grow beyond `limitBytes` among them.
 */
export class FileTree {
  readonly root: DirectoryNode;
  /** In the order of their ids. */
  readonly nodes = new Map<number, TreeNode>();
  readonly limitBytes: number;
  /** The next id or order that will be given out. */
  next = rootId + 1;
  /** What the tree is saved as; null: it has changed since. */
  saved: Uint8Array | null = new Uint8Array();
  #sizeBytes = 0;
  readonly #now: () => bigint;

  constructor(now: () => bigint, limitBytes: number) {
    this.#now = now;
    this.limitBytes = limitBytes;
    this.root = { ...makeBase(rootId, 0n), type: "directory", entries: new Map(), parent: null, links: 1 };
    this.nodes.set(rootId, this.root);
  }

  makeFile(directory: DirectoryNode, name: string): FileNode {
    return this.#make(directory, name, (base) => ({ ...base, type: "regular-file", content: new FileContent() }));
  }

  makeDirectory(directory: DirectoryNode, name: string): DirectoryNode {
    return this.#make(directory, name, (base) => ({
      ...base,
      type: "directory",
      entries: new Map(),
      parent: directory,
    }));
  }

  makeLink(directory: DirectoryNode, name: string, target: string): LinkNode {
    return this.#make(directory, name, (base) => ({ ...base, type: "symbolic-link", target }));
  }

  /** Gives a file or a link another name. */
  link(directory: DirectoryNode, name: string, node: FileNode | LinkNode): void {
    checkAlive(directory);
    this.#take(overheadBytes);
    const at = this.#change(directory);
    node.changed = at;
    this.#enter(directory, name, node);
  }

  unlink(directory: DirectoryNode, name: string): void {
    this.#leave(directory, name).changed = this.#change(directory);
  }

  /** Gives a node another name, in the place of what had it. */
  move(from: DirectoryNode, name: string, to: DirectoryNode, newName: string): void {
    checkAlive(to);
    const node = from.entries.get(name)!.node;
    const replaced = to.entries.get(newName)?.node;
    if (replaced === node) return;
    if (node.type === "directory") {
      for (let above: DirectoryNode | null = to; above; above = above.parent) if (above === node) fail("invalid");
      if (replaced && replaced.type !== "directory") fail("not-directory");
    }
    if (replaced?.type === "directory") {
      if (node.type !== "directory") fail("is-directory");
      if (replaced.entries.size > 0) fail("not-empty");
    }
    const at = this.#change(from);
    to.modified = to.changed = node.changed = at;
    if (replaced) this.#leave(to, newName).changed = at;
    from.entries.delete(name);
    to.entries.set(newName, { node, order: this.next++ });
    if (node.type === "directory") node.parent = to;
  }

  write(file: FileNode, bytes: Uint8Array, offset: number): void {
    if (bytes.length === 0) return;
    this.#grow(file, Math.max(file.content.sizeBytes, offset + bytes.length));
    file.content.write(bytes, offset);
    this.#change(file);
  }

  resize(file: FileNode, sizeBytes: number): void {
    this.#grow(file, sizeBytes);
    file.content.resize(sizeBytes);
    this.#change(file);
  }

  setTimes(node: TreeNode, accessed: NewTimestamp, modified: NewTimestamp): void {
    const at = this.#now();
    const times = { accessed: pickTime(accessed, node.accessed, at), modified: pickTime(modified, node.modified, at) };
    Object.assign(node, times, { changed: at });
    this.saved = null;
  }

  /** Has it live until as many `release`s. */
  hold(node: TreeNode): void {
    node.handles += 1;
  }

  release(node: TreeNode): void {
    node.handles -= 1;
    this.#forget(node);
  }

  /** Takes over a node that was saved. The limit may be lower by now, and holds for what is written then. */
  restoreNode(node: TreeNode): void {
    this.#sizeBytes += sizeOf(node);
    this.nodes.set(node.id, node);
  }

  restoreEntry(directory: DirectoryNode, name: string, entry: Entry): void {
    this.#sizeBytes += overheadBytes;
    directory.entries.set(name, entry);
    entry.node.links += 1;
    if (entry.node.type === "directory") entry.node.parent = directory;
  }

  #make<Made extends TreeNode>(directory: DirectoryNode, name: string, make: (base: NodeBase) => Made): Made {
    checkAlive(directory);
    const at = this.#now();
    const node = make(makeBase(this.next, at));
    this.#take(sizeOf(node) + overheadBytes);
    this.next += 1;
    this.saved = null;
    directory.modified = directory.changed = at;
    this.nodes.set(node.id, node);
    this.#enter(directory, name, node);
    return node;
  }

  #enter(directory: DirectoryNode, name: string, node: TreeNode): void {
    directory.entries.set(name, { node, order: this.next++ });
    node.links += 1;
  }

  #leave(directory: DirectoryNode, name: string): TreeNode {
    const { node } = directory.entries.get(name)!;
    directory.entries.delete(name);
    this.#sizeBytes -= overheadBytes;
    node.links -= 1;
    this.#forget(node);
    return node;
  }

  #forget(node: TreeNode): void {
    if (node.links > 0 || node.handles > 0) return;
    this.nodes.delete(node.id);
    this.#sizeBytes -= sizeOf(node);
    this.saved = null;
  }

  /** Notes that a file or directory has other content now. */
  #change(node: TreeNode): bigint {
    this.saved = null;
    return (node.modified = node.changed = this.#now());
  }

  #grow(file: FileNode, sizeBytes: number): void {
    if (sizeBytes > this.limitBytes) fail("file-too-large");
    this.#take(sizeBytes - file.content.sizeBytes);
  }

  #take(sizeBytes: number): void {
    if (this.#sizeBytes + sizeBytes > this.limitBytes && sizeBytes > 0) fail("insufficient-space");
    this.#sizeBytes += sizeBytes;
  }
}

export function makeBase(id: number, at: bigint): NodeBase {
  return { id, links: 0, handles: 0, accessed: at, modified: at, changed: at };
}

function sizeOf(node: TreeNode): number {
  if (node.type === "regular-file") return overheadBytes + node.content.sizeBytes;
  return overheadBytes + (node.type === "symbolic-link" ? Buffer.byteLength(node.target) : 0);
}

/** In a directory that was removed nothing can be made. */
function checkAlive(directory: DirectoryNode): void {
  if (directory.links === 0) fail("no-entry");
}
