import { toIoError } from "./file-error.ts";
import type { FileNode, FileTree } from "./file-tree.ts";
import type { Saved } from "./saved.ts";
import type { Sink, Source } from "./streams.ts";

/** Reads a file of the agent's own tree. */
export class TreeSource implements Source, Disposable {
  readonly #tree: FileTree;
  readonly #file: FileNode;
  #offset: number;

  constructor(tree: FileTree, file: FileNode, offset: number) {
    this.#tree = tree;
    this.#file = file;
    this.#offset = offset;
    tree.hold(file);
  }

  read(most: number): Uint8Array | null {
    const bytes = this.#file.content.read(this.#offset, most);
    this.#offset += bytes.length;
    return bytes.length > 0 ? bytes : null;
  }

  save(): Saved {
    return { kind: "file-source", node: this.#file.id, offset: this.#offset };
  }

  [Symbol.dispose](): void {
    this.#tree.release(this.#file);
  }
}

/** Writes a file of the agent's own tree. */
export class TreeSink implements Sink, Disposable {
  readonly #tree: FileTree;
  readonly #file: FileNode;
  /** null: always at the file's end. */
  #offset: number | null;

  constructor(tree: FileTree, file: FileNode, offset: number | null) {
    this.#tree = tree;
    this.#file = file;
    this.#offset = offset;
    tree.hold(file);
  }

  write(bytes: Uint8Array): void {
    try {
      this.#tree.write(this.#file, bytes, this.#offset ?? this.#file.content.sizeBytes);
    } catch (error) {
      throw toIoError(error);
    }
    if (this.#offset !== null) this.#offset += bytes.length;
  }

  save(): Saved {
    return { kind: "file-sink", node: this.#file.id, offset: this.#offset };
  }

  [Symbol.dispose](): void {
    this.#tree.release(this.#file);
  }
}
