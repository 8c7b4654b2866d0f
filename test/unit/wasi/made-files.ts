import { Files } from "../../../host/wasi/files.ts";
import type { HostFiles } from "../../../host/wasi/host-files.ts";
import { Recorder, type Journal } from "../../../host/replay/journal.ts";
import type { Descriptor } from "../../../host/wasi/descriptor.ts";
import { systemFiles } from "../../../host/system/host-files.ts";

interface Making {
  limitBytes?: number;
  preopens?: { host: string; guest: string }[];
  journal?: Journal;
  hostFiles?: HostFiles;
  /** What the clock shows first. */
  at?: bigint;
}

/** Files whose clock goes on by a nanosecond each time. */
export function makeFiles({
  limitBytes,
  preopens = [],
  journal,
  hostFiles = systemFiles,
  at = 1_000n,
}: Making = {}): Files {
  let now = at;
  const recorder =
    journal ?? new Recorder({ at: 0, operations: 0, random: { bytes: (count) => new Uint8Array(count) } });
  return new Files({
    now: () => now++,
    journal: () => recorder,
    environment: () => ({ preopens }),
    hostFiles,
    ...(limitBytes !== undefined && { limitBytes }),
  });
}

/** The directory `/` of an agent's own. */
export function openRoot(files: Files): Descriptor {
  return files.functions["wasi:filesystem/preopens"].getDirectories()[0]![0] as Descriptor;
}

export function openFile(root: Descriptor, path: string): Descriptor {
  return root.openAt({ symlinkFollow: true }, path, { create: true }, { read: true, write: true });
}

export function writeText(root: Descriptor, path: string, text: string): void {
  using file = openFile(root, path);
  file.setSize(0n);
  file.write(Buffer.from(text), 0n);
}

export function readText(root: Pick<Descriptor, "openAt">, path: string): string {
  using file = root.openAt({ symlinkFollow: true }, path, {}, { read: true });
  return Buffer.from(file.read(1_000_000n, 0n)[0]).toString();
}

export function listNames(root: Descriptor, path = "."): string[] {
  using directory = root.openAt({}, path, { directory: true }, { read: true });
  using stream = directory.readDirectory();
  const names: string[] = [];
  for (let entry = stream.readDirectoryEntry(); entry; entry = stream.readDirectoryEntry()) names.push(entry.name);
  return names;
}

/** What a function of WASI throws; null: nothing. */
export function errorOf(action: () => unknown): unknown {
  try {
    action();
    return null;
  } catch (error) {
    return error;
  }
}
