import type { DescriptorType } from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";

/** What the host has under a path. */
export interface HostFile {
  type: DescriptorType;
  sizeBytes: number;
  links: number;
  /** In nanoseconds since 1970-01-01T00:00:00Z. */
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

/**
 * The only way to files of the host, to look at them. Paths are the host's.
 *
 * Errors: those of the system, known by their `code`: `ENOENT`, `EACCES` and so on.
 */
export interface HostFiles {
  /** `names` behind `directory`, in the host's way of writing paths. */
  join(directory: string, ...names: string[]): string;
  /** The same without symbolic links. */
  realPath(path: string): string;
  /** A symbolic link is not followed. */
  stat(path: string): HostFile;
  readLink(path: string): string;
  /** In the order of their names. */
  list(path: string): { name: string; type: DescriptorType }[];
  /**
   * At most `most` bytes from `offset` on; fewer at the end only. A symbolic link is not followed, and what is no regular
   * file is not opened.
   *
   * Errors: `ELOOP` too, if the file that was opened is not the one at the path.
   */
  read(path: string, offset: number, most: number): Uint8Array;
}
