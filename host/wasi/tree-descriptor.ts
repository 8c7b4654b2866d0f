import type * as wasi from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { Descriptor, toOffset } from "./descriptor.ts";
import { fail } from "./file-error.ts";
import { checkPath, findNode, stripSlashes, type Found } from "./file-path.ts";
import { TreeSink, TreeSource } from "./tree-stream.ts";
import { toDatetime } from "./file-time.ts";
import type { DirectoryNode, FileNode, FileTree, TreeNode } from "./file-tree.ts";
import type { Saved } from "./saved.ts";
import { InputStream, OutputStream } from "./streams.ts";
import { TreeEntryStream } from "./tree-entry-stream.ts";

/** A file or directory of the agent's own tree. */
export class TreeDescriptor extends Descriptor {
  readonly #tree: FileTree;
  readonly #node: TreeNode;
  readonly #flags: wasi.DescriptorFlags;

  constructor(tree: FileTree, node: TreeNode, flags: wasi.DescriptorFlags) {
    super();
    this.#tree = tree;
    this.#node = node;
    this.#flags = flags;
    tree.hold(node);
  }

  getFlags(): wasi.DescriptorFlags {
    return this.#flags;
  }

  getType(): wasi.DescriptorType {
    return this.#node.type;
  }

  readViaStream(offset: bigint): InputStream {
    return new InputStream(new TreeSource(this.#tree, this.#readable(), toOffset(offset)));
  }

  override writeViaStream(offset: bigint): OutputStream {
    return new OutputStream(new TreeSink(this.#tree, this.#writable(), toOffset(offset)));
  }

  override appendViaStream(): OutputStream {
    return new OutputStream(new TreeSink(this.#tree, this.#writable(), null));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const { content } = this.#readable();
    const at = toOffset(offset);
    const bytes = content.read(at, toOffset(length));
    return [bytes, at + bytes.length >= content.sizeBytes];
  }

  override write(bytes: Uint8Array, offset: bigint): bigint {
    this.#tree.write(this.#writable(), bytes, toOffset(offset));
    return BigInt(bytes.length);
  }

  override setSize(size: bigint): void {
    const file = this.#file();
    if (!this.#flags.write) fail("invalid");
    this.#tree.resize(file, toOffset(size));
  }

  stat(): wasi.DescriptorStat {
    return toStat(this.#node);
  }

  statAt(pathFlags: wasi.PathFlags, path: string): wasi.DescriptorStat {
    return toStat(this.#look(pathFlags, path));
  }

  override setTimes(accessed: wasi.NewTimestamp, modified: wasi.NewTimestamp): void {
    this.#tree.setTimes(this.#node, accessed, modified);
  }

  override setTimesAt(
    pathFlags: wasi.PathFlags,
    path: string,
    accessed: wasi.NewTimestamp,
    modified: wasi.NewTimestamp,
  ): void {
    this.#tree.setTimes(this.#look(pathFlags, path), accessed, modified);
  }

  readDirectory(): TreeEntryStream {
    if (this.#node.type !== "directory") fail("not-directory");
    return new TreeEntryStream(this.#tree, this.#node);
  }

  openAt(
    { symlinkFollow = false }: wasi.PathFlags,
    path: string,
    { create = false, directory = false, exclusive = false, truncate = false }: wasi.OpenFlags,
    flags: wasi.DescriptorFlags,
  ): Descriptor {
    if (directory && (create || exclusive || truncate)) fail("invalid");
    const isNew = create && exclusive;
    if (create && path.endsWith("/")) {
      this.#find(stripSlashes(path), false);
      fail("is-directory");
    }
    const found = this.#find(path, symlinkFollow && !isNew);
    if (found.node && isNew) fail("exist");
    const node = found.node ?? (create ? this.#tree.makeFile(found.directory, found.name!) : fail("no-entry"));
    if (directory && node.type !== "directory") fail("not-directory");
    if (node.type === "symbolic-link") fail("loop");
    if (node.type === "directory") {
      if (create || truncate || flags.write) fail("is-directory");
      // As of any directory of the agent's own, whether it was asked for or not: guests of preview 1 don't ask.
      return new TreeDescriptor(this.#tree, node, { read: true, mutateDirectory: true });
    }
    if (truncate && found.node) this.#tree.resize(node, 0);
    // What can't be written can be read, whether that was asked for or not. Guests ask for `mutateDirectory` whenever they write.
    const { read = false, write = false } = flags;
    return new TreeDescriptor(this.#tree, node, { ...flags, read: read || !write, mutateDirectory: false });
  }

  override createDirectoryAt(path: string): void {
    const { directory, name } = this.#findFree(path);
    this.#tree.makeDirectory(directory, name);
  }

  override symlinkAt(target: string, path: string): void {
    checkPath(target);
    const { directory, name } = this.#findFree(path);
    if (path.endsWith("/")) fail("no-entry");
    this.#tree.makeLink(directory, name, target);
  }

  override linkAt(pathFlags: wasi.PathFlags, path: string, other: wasi.Descriptor, newPath: string): void {
    if (!(other instanceof TreeDescriptor)) fail("cross-device");
    const node = this.#look(pathFlags, path);
    const { directory, name } = other.#findFree(newPath);
    if (newPath.endsWith("/")) fail("no-entry");
    if (node.type === "directory") fail("not-permitted");
    this.#tree.link(directory, name, node);
  }

  readlinkAt(path: string): string {
    const node = this.#look({}, path);
    return node.type === "symbolic-link" ? node.target : fail("invalid");
  }

  override renameAt(path: string, other: wasi.Descriptor, newPath: string): void {
    if (!(other instanceof TreeDescriptor)) fail("cross-device");
    const from = this.#find(stripSlashes(path), false);
    const to = other.#find(stripSlashes(newPath), false);
    if (from.name === null || to.name === null) fail("busy");
    if (!from.node) fail("no-entry");
    const saysDirectory = path.endsWith("/") || newPath.endsWith("/");
    if (saysDirectory && from.node.type !== "directory") fail("not-directory");
    this.#tree.move(from.directory, from.name, to.directory, to.name);
  }

  override removeDirectoryAt(path: string): void {
    const { directory, name, node } = this.#findNamed(path, "invalid");
    if (node.type !== "directory") fail("not-directory");
    if (node.entries.size > 0) fail("not-empty");
    this.#tree.unlink(directory, name);
  }

  override unlinkFileAt(path: string): void {
    const { directory, name, node } = this.#findNamed(path, "is-directory");
    if (node.type === "directory") fail("is-directory");
    this.#tree.unlink(directory, name);
  }

  isSameObject(other: wasi.Descriptor): boolean {
    return other instanceof TreeDescriptor && other.#node === this.#node;
  }

  metadataHash(): wasi.MetadataHashValue {
    return toHash(this.#node);
  }

  metadataHashAt(pathFlags: wasi.PathFlags, path: string): wasi.MetadataHashValue {
    return toHash(this.#look(pathFlags, path));
  }

  save(): Saved {
    return { kind: "descriptor", node: this.#node.id, flags: { ...this.#flags } };
  }

  override [Symbol.dispose](): void {
    this.#tree.release(this.#node);
  }

  #file(): FileNode {
    if (this.#node.type === "directory") fail("is-directory");
    return this.#node as FileNode;
  }

  #readable(): FileNode {
    const file = this.#file();
    if (!this.#flags.read) fail("bad-descriptor");
    return file;
  }

  #writable(): FileNode {
    const file = this.#file();
    if (!this.#flags.write) fail("bad-descriptor");
    return file;
  }

  #find(path: string, follow: boolean): Found<TreeNode> & { directory: DirectoryNode } {
    return findNode(this.#node, path, follow, child) as Found<TreeNode> & { directory: DirectoryNode };
  }

  /** What is there. */
  #look({ symlinkFollow = false }: wasi.PathFlags, path: string): TreeNode {
    return this.#find(path, symlinkFollow).node ?? fail("no-entry");
  }

  /** What is there under a name, which is to lose it; `.` and `..` are none. */
  #findNamed(path: string, ofDirectory: wasi.ErrorCode): { directory: DirectoryNode; name: string; node: TreeNode } {
    const { directory, name, node } = this.#find(stripSlashes(path), false);
    if (name === null) fail(ofDirectory);
    if (!node) fail("no-entry");
    if (path.endsWith("/") && node.type !== "directory") fail("not-directory");
    return { directory, name, node };
  }

  /** A name that nothing has yet. */
  #findFree(path: string): { directory: DirectoryNode; name: string } {
    const { directory, name, node } = this.#find(stripSlashes(path), false);
    if (node || name === null) fail("exist");
    return { directory, name };
  }
}

function child(directory: TreeNode, name: string): TreeNode | null {
  return (directory as DirectoryNode).entries.get(name)?.node ?? null;
}

function toStat(node: TreeNode): wasi.DescriptorStat {
  return {
    type: node.type,
    linkCount: BigInt(node.links),
    size: BigInt(sizeOf(node)),
    dataAccessTimestamp: toDatetime(node.accessed),
    dataModificationTimestamp: toDatetime(node.modified),
    statusChangeTimestamp: toDatetime(node.changed),
  };
}

function sizeOf(node: TreeNode): number {
  if (node.type === "regular-file") return node.content.sizeBytes;
  return node.type === "symbolic-link" ? Buffer.byteLength(node.target) : 0;
}

function toHash(node: TreeNode): wasi.MetadataHashValue {
  return { lower: BigInt(node.id), upper: BigInt.asUintN(64, node.changed) };
}
