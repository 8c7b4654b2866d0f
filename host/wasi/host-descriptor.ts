import { createHash } from "node:crypto";
import type * as wasi from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { Descriptor, DirectoryEntryStream, toOffset } from "./descriptor.ts";
import { fail, toIoError } from "./file-error.ts";
import { toDatetime } from "./file-time.ts";
import type { HostDirectory, SeenFile } from "./host-directory.ts";
import type { Saved } from "./saved.ts";
import { InputStream, type Source } from "./streams.ts";

/** A file or directory in a directory of the host, to read. */
export class HostDescriptor extends Descriptor {
  readonly #directory: HostDirectory;
  /** From that directory on; empty: the directory itself. */
  readonly #path: string;
  readonly #type: wasi.DescriptorType;

  constructor(directory: HostDirectory, path: string, type: wasi.DescriptorType) {
    super();
    this.#directory = directory;
    this.#path = path;
    this.#type = type;
  }

  getFlags(): wasi.DescriptorFlags {
    return { read: true };
  }

  getType(): wasi.DescriptorType {
    return this.#type;
  }

  readViaStream(offset: bigint): InputStream {
    this.#checkFile();
    return new InputStream(new HostSource(this.#directory, this.#path, toOffset(offset)));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    this.#checkFile();
    const bytes = this.#directory.read(this.#path, toOffset(offset), toOffset(length));
    return [bytes, bytes.length === 0 && length > 0n];
  }

  readDirectory(): HostEntryStream {
    this.#checkDirectory();
    return new HostEntryStream(this.#directory.list(this.#path));
  }

  stat(): wasi.DescriptorStat {
    return toStat(this.#look());
  }

  statAt(pathFlags: wasi.PathFlags, path: string): wasi.DescriptorStat {
    return toStat(this.#lookAt(pathFlags, path));
  }

  openAt(
    pathFlags: wasi.PathFlags,
    path: string,
    { create = false, directory = false, truncate = false }: wasi.OpenFlags,
    flags: wasi.DescriptorFlags,
  ): HostDescriptor {
    if (create || truncate || flags.write || flags.mutateDirectory) fail("read-only");
    const seen = this.#lookAt(pathFlags, path);
    if (directory && seen.type !== "directory") fail("not-directory");
    if (seen.type === "symbolic-link") fail("loop");
    if (seen.type !== "directory" && seen.type !== "regular-file") fail("not-permitted");
    return new HostDescriptor(this.#directory, seen.path, seen.type);
  }

  readlinkAt(path: string): string {
    const { target } = this.#lookAt({}, path);
    if (target === undefined) fail("invalid");
    return target.startsWith("/") ? fail("not-permitted") : target;
  }

  isSameObject(other: wasi.Descriptor): boolean {
    return (
      other instanceof HostDescriptor && other.#directory.guest === this.#directory.guest && other.#path === this.#path
    );
  }

  metadataHash(): wasi.MetadataHashValue {
    return this.#hash(this.#look());
  }

  metadataHashAt(pathFlags: wasi.PathFlags, path: string): wasi.MetadataHashValue {
    return this.#hash(this.#lookAt(pathFlags, path));
  }

  save(): Saved {
    return { kind: "host-descriptor", preopen: this.#directory.guest, path: this.#path, type: this.#type };
  }

  #look(): SeenFile {
    return this.#directory.look(this.#path);
  }

  #lookAt({ symlinkFollow = false }: wasi.PathFlags, path: string): SeenFile {
    this.#checkDirectory();
    return this.#directory.find(this.#path, path, symlinkFollow);
  }
  #hash({ path, sizeBytes, modified, changed }: SeenFile): wasi.MetadataHashValue {
    return {
      lower: digest(this.#directory.guest, path),
      upper: digest(this.#directory.guest, path, sizeBytes, modified, changed),
    };
  }

  #checkFile(): void {
    if (this.#type === "directory") fail("is-directory");
  }

  #checkDirectory(): void {
    if (this.#type !== "directory") fail("not-directory");
  }
}

/** Reads a file of the host. */
export class HostSource implements Source {
  readonly #directory: HostDirectory;
  readonly #path: string;
  #offset: number;

  constructor(directory: HostDirectory, path: string, offset: number) {
    this.#directory = directory;
    this.#path = path;
    this.#offset = offset;
  }

  read(most: number): Uint8Array | null {
    try {
      const bytes = this.#directory.read(this.#path, this.#offset, most);
      this.#offset += bytes.length;
      return bytes.length > 0 ? bytes : null;
    } catch (error) {
      throw toIoError(error);
    }
  }

  save(): Saved {
    return { kind: "host-file-source", preopen: this.#directory.guest, path: this.#path, offset: this.#offset };
  }
}

/** Lists a directory of the host as it was when it was opened. */
export class HostEntryStream extends DirectoryEntryStream {
  readonly #left: wasi.DirectoryEntry[];

  constructor(entries: readonly wasi.DirectoryEntry[]) {
    super();
    this.#left = entries.toReversed();
  }

  readDirectoryEntry(): wasi.DirectoryEntry | undefined {
    return this.#left.pop();
  }

  save(): Saved {
    return {
      kind: "host-directory-entry-stream",
      left: this.#left.toReversed().map(({ type, name }) => ({ type, name })),
    };
  }
}

function toStat({ type, links, sizeBytes, accessed, modified, changed }: SeenFile): wasi.DescriptorStat {
  return {
    type,
    linkCount: BigInt(links),
    size: BigInt(sizeBytes),
    dataAccessTimestamp: toDatetime(BigInt(accessed)),
    dataModificationTimestamp: toDatetime(BigInt(modified)),
    statusChangeTimestamp: toDatetime(BigInt(changed)),
  };
}

function digest(...parts: (string | number)[]): bigint {
  return createHash("sha256").update(parts.join("\0")).digest().readBigUInt64LE();
}
