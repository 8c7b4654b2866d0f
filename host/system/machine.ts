import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * What tells this machine, since its last start, from every other: process ids mean the same wherever it is equal.
 *
 * A container has process ids of its own, so its namespace is part of it.
 */
export function machineName(): string {
  return [
    hostname(),
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    attempt(() => readlinkSync("/proc/self/ns/pid")),
  ].join(" ");
}

/** Whether a process of this machine has ended. */
export function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // Anything but "no such process" (it is another user's, say) means that it is there.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Not every system has these files; then the name of the machine has to do. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
