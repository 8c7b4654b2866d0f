import { readFileSync } from "node:fs";
import { readdir, stat as readStat } from "node:fs/promises";
import { join } from "node:path";
import { readProcess, statFields, treeOf } from "./processes.ts";

/**
 * What has been used so far. Bytes and flushes are counted by the disks, so nothing else that writes may run beside: what
 * a process is said to have written (/proc/PID/io) counts a whole folio, of up to 2 MiB, where a byte of it was written.
 */
export interface Usage {
  cpuMs: number;
  writtenBytes: number;
  flushes: number;
}

/** Linux counts CPU time in ticks of 10 ms on all machines of today. Source: man 7 time. */
const tickMs = 10;

/** What some processes and all their descendants have used, those included that have ended. */
export function takeUsage(roots: readonly number[]): Usage {
  const pids = roots.flatMap(treeOf);
  return {
    cpuMs: sum(pids.map((pid) => cpuMs(readProcess(pid, "stat")))),
    ...readDisks(readFileSync("/proc/diskstats", "utf8")),
  };
}

export function usedBetween(before: Usage, after: Usage): Usage {
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    writtenBytes: after.writtenBytes - before.writtenBytes,
    flushes: after.flushes - before.flushes,
  };
}

/** The memory of some processes and their descendants; pages that several share count once. */
export function takeMemoryBytes(roots: readonly number[]): number {
  const pids = roots.flatMap(treeOf);
  return 1_024 * sum(pids.map((pid) => Number(readProcess(pid, "smaps_rollup")?.match(/^Pss: +(\d+) kB$/m)?.[1] ?? 0)));
}

/** What the files of a folder take up on the disk. Linux counts in blocks of 512 bytes. */
export async function takeFolderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    // One that is gone by now takes up nothing.
    .map(({ parentPath, name }) =>
      readStat(join(parentPath, name)).then(
        ({ blocks }) => 512 * blocks,
        () => 0,
      ),
    );
  return sum(await Promise.all(sizes));
}

/** User and system time, its own and that of children that it has waited for. */
export function cpuMs(stat: string | undefined): number {
  return stat === undefined ? 0 : tickMs * sum(statFields(stat).slice(11, 15).map(Number));
}

/**
 * What all disks have written, and how often they were flushed. Partitions repeat what their disk writes, but count no
 * flushes; a disk that was never flushed is left out with them.
 *
 * Source: Documentation/admin-guide/iostats.rst of Linux: field 7 is sectors written, of 512 bytes, field 16 flushes.
 */
export function readDisks(diskstats: string): Pick<Usage, "writtenBytes" | "flushes"> {
  const lines = diskstats.trim().split("\n");
  const disks = lines.map((line) => line.trim().split(/\s+/).slice(3).map(Number)).filter((fields) => fields[15]);
  return {
    writtenBytes: sum(disks.map((fields) => 512 * fields[6]!)),
    flushes: sum(disks.map((fields) => fields[15]!)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
