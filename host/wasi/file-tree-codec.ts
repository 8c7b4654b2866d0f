import { HostError } from "../base/error.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { FileContent } from "./file-content.ts";
import { nameSizeBytes, pathSizeBytes } from "./file-path.ts";
import { fromDatetime, toDatetime } from "./file-time.ts";
import { FileTree, makeBase, rootId, type DirectoryNode, type TreeNode } from "./file-tree.ts";

/*
 * The saved form of a tree: nothing for one that was never used; else `PFIL`, the next id and all nodes in the order of
 * their ids. Bytes of files that are a page long or longer stand behind the nodes, each file's at the beginning of a page:
 * a file that stayed as it was has the same pages again, wherever they are.
 */

const magic = Buffer.from("PFIL");
const pageSizeBytes = 4_096;
const types = ["directory", "regular-file", "symbolic-link"] as const;

/** What ids, orders, sizes and counts take, in bytes. */
const countSizeBytes = 6;

/** The bytes are the tree's own, and must not be changed. */
export function saveTree(tree: FileTree): Uint8Array {
  if (tree.saved) return tree.saved;
  const writer = new ByteWriter();
  writer.bytes(magic);
  writer.number(tree.next, countSizeBytes);
  writer.number(tree.nodes.size, countSizeBytes);
  for (const node of tree.nodes.values()) saveNode(node, writer);
  const contents = [...tree.nodes.values()].flatMap((node) =>
    node.type === "regular-file" && isPaged(node.content.sizeBytes) ? [node.content] : [],
  );
  writer.reserve(contents.reduce((sum, { sizeBytes }) => sum + sizeBytes + pageSizeBytes, 0));
  const places = contents.map((content) => {
    writer.align(pageSizeBytes);
    writer.bytes(content.view());
    return writer.sizeBytes - content.sizeBytes;
  });
  const saved = writer.end();
  // From now on the bytes are held once.
  contents.forEach((content, index) => content.share(saved.subarray(places[index]).subarray(0, content.sizeBytes)));
  return (tree.saved = saved);
}

/** Whether a file's bytes stand behind the nodes, in pages of their own. */
function isPaged(sizeBytes: number): boolean {
  return sizeBytes >= pageSizeBytes;
}

function saveNode(node: TreeNode, writer: ByteWriter): void {
  writer.number(types.indexOf(node.type), 1);
  writer.number(node.id, countSizeBytes);
  for (const time of [node.accessed, node.modified, node.changed]) {
    const { seconds, nanoseconds } = toDatetime(time);
    writer.long(seconds);
    writer.number(nanoseconds, 4);
  }
  if (node.type === "symbolic-link") writer.text(node.target);
  else if (node.type === "regular-file") {
    writer.number(node.content.sizeBytes, countSizeBytes);
    if (!isPaged(node.content.sizeBytes)) writer.bytes(node.content.view());
  } else {
    writer.number(node.entries.size, countSizeBytes);
    for (const [name, entry] of node.entries) {
      writer.text(name);
      writer.number(entry.order, countSizeBytes);
      writer.number(entry.node.id, countSizeBytes);
    }
  }
}

/**
 * Brings back into a new tree what `saveTree` gave. Files share their bytes with `saved`, which must not change any more.
 *
 * Errors: HostError `snapshot/corrupt`.
 */
export function loadTree(tree: FileTree, saved: Uint8Array): void {
  if (saved.length === 0) return;
  const reader = new ByteReader(saved, corrupt);
  if (!reader.bytes(magic.length).equals(magic)) throw corrupt("they do not begin as files do");
  tree.next = reader.number(countSizeBytes);
  const nodes: SavedNode[] = [];
  for (let left = reader.number(countSizeBytes); left > 0; left--) nodes.push(loadNode(tree, reader));
  for (const { node, pagedBytes } of nodes) {
    if (node.type === "regular-file" && pagedBytes > 0) {
      reader.align(pageSizeBytes);
      node.content.share(reader.bytes(pagedBytes));
    }
  }
  reader.end();
  let last = 0;
  for (const { node } of nodes) {
    if (node.id <= last || node.id >= tree.next) throw corrupt(`node ${node.id} stands behind node ${last}`);
    last = node.id;
    if (node !== tree.root) tree.restoreNode(node);
  }
  if (nodes[0]?.node !== tree.root) throw corrupt("they have no root");
  for (const { node, entries } of nodes) if (node.type === "directory") loadEntries(tree, node, entries);
  checkConnected(tree);
  tree.saved = saved;
}

interface SavedNode {
  node: TreeNode;
  entries: SavedEntry[];
  /** The size of a file whose bytes stand behind the nodes; 0: it is none. */
  pagedBytes: number;
}

interface SavedEntry {
  name: string;
  order: number;
  id: number;
}

function loadNode(tree: FileTree, reader: ByteReader): SavedNode {
  const type = types[reader.number(1)];
  const id = reader.number(countSizeBytes);
  const base = {
    ...makeBase(id, 0n),
    accessed: loadTime(reader),
    modified: loadTime(reader),
    changed: loadTime(reader),
  };
  if (type === "directory") {
    const { accessed, modified, changed } = base;
    const node: DirectoryNode =
      id === rootId
        ? Object.assign(tree.root, { accessed, modified, changed })
        : { ...base, type, entries: new Map(), parent: null };
    const entries: SavedEntry[] = [];
    for (let left = reader.number(countSizeBytes); left > 0; left--)
      entries.push({ name: reader.text(), order: reader.number(countSizeBytes), id: reader.number(countSizeBytes) });
    return { node, entries, pagedBytes: 0 };
  }
  if (type === "symbolic-link") {
    const target = reader.text();
    if (!isPath(target)) throw corrupt(`node ${id} is a link to ${JSON.stringify(target)}`);
    return { node: { ...base, type, target }, entries: [], pagedBytes: 0 };
  }
  if (type !== "regular-file") throw corrupt(`node ${id} is of no known type`);
  const sizeBytes = reader.number(countSizeBytes);
  const content = new FileContent();
  if (!isPaged(sizeBytes)) content.share(reader.bytes(sizeBytes));
  return { node: { ...base, type, content }, entries: [], pagedBytes: isPaged(sizeBytes) ? sizeBytes : 0 };
}

function loadTime(reader: ByteReader): bigint {
  const [seconds, nanoseconds] = [reader.long(), reader.number(4)];
  if (nanoseconds >= 1_000_000_000) throw corrupt(`a time has ${nanoseconds} nanoseconds`);
  return fromDatetime({ seconds, nanoseconds });
}

function loadEntries(tree: FileTree, directory: DirectoryNode, entries: readonly SavedEntry[]): void {
  let last = 0;
  for (const { name, order, id } of entries) {
    const what = `${JSON.stringify(name)} of directory ${directory.id}`;
    const node = tree.nodes.get(id);
    if (!node) throw corrupt(`${what} is node ${id}, which is missing`);
    if (!isName(name) || directory.entries.has(name)) throw corrupt(`${what} is no name, or stands there twice`);
    if (order <= last || order >= tree.next) throw corrupt(`${what} is out of order`);
    if (node.type === "directory" && node.links > 0) throw corrupt(`${what} is a directory that has a name elsewhere`);
    last = order;
    tree.restoreEntry(directory, name, { node, order });
  }
}

/** Directories lie in the root, or were removed and are empty: none in a circle, none with files that nobody can reach. */
function checkConnected(tree: FileTree): void {
  const reached = new Set<TreeNode>([tree.root]);
  for (const node of reached)
    if (node.type === "directory") for (const entry of node.entries.values()) reached.add(entry.node);
  for (const node of tree.nodes.values())
    if (!reached.has(node) && (node.links > 0 || (node.type === "directory" && node.entries.size > 0)))
      throw corrupt(`node ${node.id} is cut off from the root`);
}

function isName(name: string): boolean {
  return (
    isPath(name) && name !== "." && name !== ".." && !name.includes("/") && Buffer.byteLength(name) <= nameSizeBytes
  );
}

function isPath(path: string): boolean {
  return path !== "" && !path.startsWith("/") && !path.includes("\0") && Buffer.byteLength(path) <= pathSizeBytes;
}

function corrupt(what: string): HostError {
  return new HostError("snapshot/corrupt", `The snapshot cannot be read: of its files' bytes, ${what}.`);
}
