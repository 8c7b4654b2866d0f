import { hash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

/**
 * Components by what they were built from, each in a file of its own: SHA-256 of the component, then the component.
 */
export interface Cache {
  /** The component of a key; undefined if there is none, or if the file is damaged. */
  read(key: string): Buffer | undefined;
  /** Keeps a component; returns why it could not, as a full disk or a folder of someone else is no reason not to build. */
  write(key: string, component: Uint8Array): string | undefined;
}

/** Enough for a day's edits: about 100 MB. */
const keptCount = 64;

export function openCache(cacheFolder: string): Cache {
  const folder = join(cacheFolder, "builds");
  const fileOf = (key: string) => join(folder, `${key}.build`);
  return {
    read(key) {
      const bytes = readIfThere(fileOf(key));
      if (bytes === undefined) return undefined;
      const component = bytes.subarray(digestSize);
      return digest(component).equals(bytes.subarray(0, digestSize)) ? component : undefined;
    },
    write(key, component) {
      // Another process may build the same guest now: each writes a file of its own and puts it in place whole.
      const partial = `${fileOf(key)}.${process.pid}-${threadId}`;
      try {
        mkdirSync(folder, { recursive: true });
        writeFileSync(partial, Buffer.concat([digest(component), component]));
        renameSync(partial, fileOf(key));
        // What a process left behind that was killed while it wrote goes this way too.
        dropOldest(folder);
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    },
  };
}

const digestSize = 32;

function digest(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function dropOldest(folder: string) {
  const files = readdirSync(folder).map((name) => join(folder, name));
  // Others may tidy up at the same time: what is gone counts as the oldest.
  const age = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const byAge = files.map((file) => ({ file, builtAt: age(file) })).toSorted((a, b) => b.builtAt - a.builtAt);
  for (const { file } of byAge.slice(keptCount)) rmSync(file, { force: true });
}
