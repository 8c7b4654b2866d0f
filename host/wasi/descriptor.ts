import type * as wasi from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { fail } from "./file-error.ts";
import type { Savable, Saved } from "./saved.ts";
import type { InputStream, OutputStream } from "./streams.ts";

/**
 * `descriptor` of `wasi:filesystem/types`: a file or directory that the guest has opened.
 *
 * What changes something fails with `read-only` here.
 */
export abstract class Descriptor implements Pick<wasi.Descriptor, keyof wasi.Descriptor>, Savable, Disposable {
  abstract readViaStream(offset: bigint): InputStream;
  abstract read(length: bigint, offset: bigint): [Uint8Array, boolean];
  abstract readDirectory(): DirectoryEntryStream;
  abstract getFlags(): wasi.DescriptorFlags;
  abstract getType(): wasi.DescriptorType;
  abstract stat(): wasi.DescriptorStat;
  abstract statAt(pathFlags: wasi.PathFlags, path: string): wasi.DescriptorStat;
  abstract openAt(
    pathFlags: wasi.PathFlags,
    path: string,
    openFlags: wasi.OpenFlags,
    flags: wasi.DescriptorFlags,
  ): Descriptor;
  abstract readlinkAt(path: string): string;
  abstract isSameObject(other: wasi.Descriptor): boolean;
  /** `lower` stays the same as long as the object lives (guests take it for the number of the inode), `upper` changes with it. */
  abstract metadataHash(): wasi.MetadataHashValue;
  abstract metadataHashAt(pathFlags: wasi.PathFlags, path: string): wasi.MetadataHashValue;
  abstract save(): Saved;

  advise(_offset: bigint, _length: bigint, _advice: wasi.Advice): void {
    if (this.getType() === "directory") fail("bad-descriptor");
  }

  /** What an agent wrote is as durable as its memory. */
  sync(): void {}

  syncData(): void {}

  writeViaStream(_offset: bigint): OutputStream {
    return fail("read-only");
  }

  appendViaStream(): OutputStream {
    return fail("read-only");
  }

  write(_bytes: Uint8Array, _offset: bigint): bigint {
    return fail("read-only");
  }

  setSize(_size: bigint): void {
    fail("read-only");
  }

  setTimes(_accessed: wasi.NewTimestamp, _modified: wasi.NewTimestamp): void {
    fail("read-only");
  }

  setTimesAt(
    _pathFlags: wasi.PathFlags,
    _path: string,
    _accessed: wasi.NewTimestamp,
    _modified: wasi.NewTimestamp,
  ): void {
    fail("read-only");
  }

  createDirectoryAt(_path: string): void {
    fail("read-only");
  }

  linkAt(_pathFlags: wasi.PathFlags, _path: string, _directory: wasi.Descriptor, _newPath: string): void {
    fail("read-only");
  }

  symlinkAt(_target: string, _path: string): void {
    fail("read-only");
  }

  renameAt(_path: string, _directory: wasi.Descriptor, _newPath: string): void {
    fail("read-only");
  }

  removeDirectoryAt(_path: string): void {
    fail("read-only");
  }

  unlinkFileAt(_path: string): void {
    fail("read-only");
  }

  [Symbol.dispose](): void {}
}

/** `directory-entry-stream` of `wasi:filesystem/types`. */
export abstract class DirectoryEntryStream
  implements Pick<wasi.DirectoryEntryStream, keyof wasi.DirectoryEntryStream>, Savable, Disposable
{
  abstract readDirectoryEntry(): wasi.DirectoryEntry | undefined;
  abstract save(): Saved;

  [Symbol.dispose](): void {}
}

/** As a number, where it may be a little less: beyond all that there can be, it does not matter. */
export function toOffset(value: bigint): number {
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}
