import type { DescriptorType } from "@bytecodealliance/preview2-shim/interfaces/wasi-filesystem-types";
import { fail } from "./file-error.ts";

/** What a path leads to. */
export interface PathNode {
  readonly type: DescriptorType;
  /** Where a symbolic link points. */
  readonly target?: string;
}

export interface Found<Node> {
  directory: Node;
  /** In the directory; null: the path ends with `.` or `..` and means the directory itself. */
  name: string | null;
  /** null: there is none of that name. */
  node: Node | null;
}

/** As on Linux. */
const mostLinks = 40;
export const pathSizeBytes = 4_096;
export const nameSizeBytes = 255;

/**
 * Goes from a directory where a path leads, and never out of it: symbolic links are followed on the way, and at its end if
 * `follow` says so.
 *
 * Errors: `not-permitted` for a path that is absolute or leads out of `base`, by a link too; `loop`, `name-too-long`,
 *         `not-directory`, `invalid`; `no-entry` if anything but the last name is missing.
 */
export function findNode<Node extends PathNode>(
  base: Node,
  path: string,
  follow: boolean,
  child: (directory: Node, name: string) => Node | null,
): Found<Node> {
  checkPath(path);
  // What is left of the way, last name first.
  const names = path.split("/").toReversed();
  const directories = [base];
  let links = 0;
  for (;;) {
    const name = names.pop()!;
    const isLast = names.length === 0;
    const directory = directories.at(-1)!;
    if (directory.type !== "directory") fail("not-directory");
    if (name === "..") {
      if (directories.length === 1) fail("not-permitted");
      directories.pop();
    } else if (name !== "" && name !== ".") {
      if (Buffer.byteLength(name) > nameSizeBytes) fail("name-too-long");
      const node = child(directory, name);
      const target = isLast && !follow ? undefined : node?.target;
      if (target !== undefined) {
        if (++links > mostLinks) fail("loop");
        checkPath(target);
        names.push(...target.split("/").toReversed());
        continue;
      }
      if (isLast) return { directory, name, node };
      directories.push(node ?? fail("no-entry"));
    }
    const reached = directories.at(-1)!;
    if (isLast) return { directory: reached, name: null, node: reached };
  }
}

/** Without the slashes at its end, which only say that it means a directory. */
export function stripSlashes(path: string): string {
  checkPath(path);
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

/** Errors: `no-entry` for an empty path, `not-permitted` for an absolute one, `name-too-long`, `invalid`. */
export function checkPath(path: string): void {
  if (path === "") fail("no-entry");
  if (path.startsWith("/")) fail("not-permitted");
  if (Buffer.byteLength(path) > pathSizeBytes) fail("name-too-long");
  if (path.includes("\0")) fail("invalid");
}
