import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { version } from "../../host/system/version.ts";

/** Under what conditions figures were taken. */
export interface Environment {
  date: string;
  processor: string;
  cores: number;
  memoryBytes: number;
  /** Processes that wanted to run, on average of the minute before: others on the machine spoil figures. */
  load: number;
  versions: Record<string, string>;
  durability: string;
  /** Where data lay: in memory, no flush costs anything. */
  temporaryFolder: "disk" | "memory";
}

/** Linux: a file system in memory, where a flush costs nothing. Source: man 2 statfs. */
const tmpfs = 0x01021994;

export async function describeEnvironment(now: Date): Promise<Environment> {
  const [processor, ...others] = cpus();
  const temporaryFolder = (await statfs(tmpdir())).type === tmpfs ? "memory" : "disk";
  const packages = ["@bytecodealliance/jco", "componentize-qjs"];
  return {
    date: now.toISOString().slice(0, 16).replace("T", " "),
    processor: processor?.model.trim() ?? "unknown processor",
    cores: others.length + 1,
    memoryBytes: totalmem(),
    load: loadavg()[0]!,
    versions: {
      planaria: version,
      node: process.version.slice(1),
      sqlite: process.versions["sqlite"] ?? "none",
      ...Object.fromEntries(packages.map((name) => [name, packageVersion(name)])),
    },
    durability:
      temporaryFolder === "memory"
        ? "SQLite FULL, but the temporary folder is in memory: flushes cost nothing"
        : "SQLite FULL, fsync at each commit",
    temporaryFolder,
  };
}

function packageVersion(name: string): string {
  return JSON.parse(readFileSync(findPackageJSON(name, import.meta.url)!, "utf8")).version;
}
