import type { DirectoryEntry } from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { DirectoryEntryStream } from "./descriptor.ts";
import type { DirectoryNode, FileTree } from "./file-tree.ts";
import type { Saved } from "./saved.ts";

/**
 * Lists a directory of the agent's own tree: what was there when it was opened and still is, in the order in which it was
 * made. So one that renames or removes what it is shown comes to an end.
 */
export class TreeEntryStream extends DirectoryEntryStream {
  readonly #tree: FileTree;
  readonly #directory: DirectoryNode;
  readonly #entries: MapIterator<[string, { node: { type: DirectoryEntry["type"] }; order: number }]>;
  /** The order of the last entry that was shown. */
  #last: number;
  /** What has a higher order came later. */
  readonly #end: number;

  constructor(tree: FileTree, directory: DirectoryNode, last = 0, end = tree.next) {
    super();
    this.#tree = tree;
    this.#directory = directory;
    this.#entries = directory.entries.entries();
    this.#last = last;
    this.#end = end;
    tree.hold(directory);
  }

  readDirectoryEntry(): DirectoryEntry | undefined {
    for (let entry = this.#entries.next(); !entry.done; entry = this.#entries.next()) {
      const [name, { node, order }] = entry.value;
      if (order >= this.#end) return undefined;
      if (order <= this.#last) continue;
      this.#last = order;
      return { type: node.type, name };
    }
    return undefined;
  }

  save(): Saved {
    return { kind: "directory-entry-stream", node: this.#directory.id, last: this.#last, end: this.#end };
  }

  override [Symbol.dispose](): void {
    this.#tree.release(this.#directory);
  }
}
