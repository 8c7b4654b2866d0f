import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { digestOf } from "../base/id.ts";
import type { Transpiled } from "./transpile.ts";

/** What is kept of a component that was taken apart once. */
export interface CachedComponent extends Transpiled {
  descriptionText: string;
  /** What no snapshot can capture, in words. */
  uncapturable: string[];
}

interface Header {
  descriptionText: string;
  uncapturable: string[];
  glueSizeBytes: number;
  modules: [name: string, sizeBytes: number][];
}

/**
 * Keeps components that were taken apart, one file each: the SHA-256 of the rest, a line of JSON, and the parts.
 * Beside it lies the glue again, as a file that can be imported.
 *
 * Many processes may share the folder, for a file appears whole or not at all. A cache is never needed: one that is
 * damaged, or can't be read or written, costs time and nothing else.
 */
export class ComponentCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is kept under a key; null if there is nothing, or nothing sound. */
  async read(key: string): Promise<CachedComponent | null> {
    const bytes = await readFile(this.#file(key)).catch(() => null);
    if (!bytes || bytes.toString("latin1", 0, 64) !== digestOf(bytes.subarray(64))) return null;
    const end = bytes.indexOf("\n");
    const header: Header = JSON.parse(bytes.toString("utf8", 64, end));
    let at = end + 1;
    const take = (sizeBytes: number) => bytes.subarray(at, (at += sizeBytes));
    return {
      descriptionText: header.descriptionText,
      uncapturable: header.uncapturable,
      glue: take(header.glueSizeBytes).toString("utf8"),
      modules: Object.fromEntries(header.modules.map(([name, sizeBytes]) => [name, take(sizeBytes)])),
    };
  }

  async write(key: string, { descriptionText, uncapturable, glue, modules }: CachedComponent): Promise<void> {
    const glueBytes = Buffer.from(glue);
    const header: Header = {
      descriptionText,
      uncapturable,
      glueSizeBytes: glueBytes.length,
      modules: Object.entries(modules).map(([name, bytes]) => [name, bytes.length]),
    };
    const rest = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), glueBytes, ...Object.values(modules)]);
    await this.#writeWhole(this.#file(key), Buffer.concat([Buffer.from(digestOf(rest)), rest]));
  }

  /** The URL of a file that holds an ES module; null if there can be none. */
  async placeModule(source: string): Promise<string | null> {
    const bytes = Buffer.from(source);
    const file = join(this.#folder, `${digestOf(bytes)}.mjs`);
    const placed = await readFile(file).catch(() => null);
    return placed?.equals(bytes) || (await this.#writeWhole(file, bytes)) ? pathToFileURL(file).href : null;
  }

  /** Nobody ever sees half a file. False if it could not be written: a folder may be read-only or full. */
  async #writeWhole(file: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await mkdir(this.#folder, { recursive: true });
      const draft = await mkdtemp(join(this.#folder, "draft-"));
      try {
        await writeFile(join(draft, "whole"), bytes);
        await rename(join(draft, "whole"), file);
      } finally {
        await rm(draft, { recursive: true });
      }
      return true;
    } catch {
      return false;
    }
  }

  #file(key: string): string {
    return join(this.#folder, `${key}.component`);
  }
}
