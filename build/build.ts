import { hash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { sdkVersion } from "../guests/sdk/description.ts";
import { HostError } from "../host/base/error.ts";
import { digestOf } from "../host/base/id.ts";
import type { Digest } from "../host/base/id.ts";
import { bundleGuest } from "./bundle.ts";
import type { Bundle } from "./bundle.ts";
import { cacheFolder } from "./cache-folder.ts";
import { openCache } from "./cache.ts";
import { checkComponent } from "./check.ts";
import { componentizeBundle } from "./componentize.ts";
import { appendCustomSection } from "./custom-section.ts";
import { describeSource } from "./description.ts";
import { findEntry } from "./entry.ts";
import { showFile } from "./place.ts";
import { sourceMapSection } from "./source-map.ts";
import { findToolchain, readContract } from "./toolchain.ts";
import type { Toolchain } from "./toolchain.ts";

export interface BuildOptions {
  /** A TypeScript or JavaScript file, or a folder with a package.json's `main` or an index.ts. */
  entry: string;
  /** A file that the component is also written to. */
  output?: string;
  /** Where builds are kept; null: nowhere. */
  cacheFolder?: string | null;
}

export interface Build {
  component: Uint8Array;
  digest: Digest;
  /** Whether the component was taken from the cache. */
  cached: boolean;
  /** The file that the build started from. */
  entry: string;
  /** What the guest's author should look at although the build went well. */
  warnings: string[];
}

/**
 * Compiles a guest, TypeScript or JavaScript, to a component. The passes, each in the file of its name:
 *
 *   entry         finds the file to start from
 *   description   reads agents, functions and parameters from its source, as types are gone at run time
 *   bundle        makes one module of it, the SDK and its packages, with a source map
 *   cache         gives the component that the same bundle had before, which ends the build
 *   runtime       takes clocks and seeds out of QuickJS, so that one source gives one component
 *   componentize  runs the bundle's top-level code in QuickJS and keeps the memory; `top-level` explains its failures
 *   check         sees that the result exports a guest and wants nothing but Planaria
 *
 * Shape:  the same source gives the same bytes, in whatever folder or process. The component carries two custom
 *         sections: `planaria:source-map`, and `planaria:build` with the versions that made it.
 * Errors: HostError `build/missing-entry`, `build/no-exports`, `build/syntax`, `build/unresolved`, `build/missing-export`,
 *         `build/node-builtin`, `build/top-level`, `build/check`, `build/output`, `build/failed`.
 */
export async function buildGuest(options: BuildOptions, toolchain: Toolchain = findToolchain()): Promise<Build> {
  const entry = findEntry(options.entry);
  const { description, callable } = describeSource(entry, sdkVersion);
  const bundle = await bundleGuest(entry, description, toolchain);
  if (!callable) throw noExports(entry);

  const folder = options.cacheFolder === undefined ? cacheFolder() : options.cacheFolder;
  const cache = folder === null ? undefined : openCache(folder);
  const key = makeKey(bundle, toolchain);
  const kept = cache?.read(key);
  const made = kept === undefined ? await compile(bundle, entry, toolchain) : { component: kept, warnings: [] };
  const cacheProblem = kept === undefined ? cache?.write(key, made.component) : undefined;

  if (options.output !== undefined) write(options.output, made.component);
  return {
    component: made.component,
    digest: digestOf(made.component),
    cached: kept !== undefined,
    entry,
    warnings: [
      ...bundle.warnings,
      ...made.warnings,
      ...(cacheProblem === undefined ? [] : [`The build could not be kept for the next time: ${cacheProblem}`]),
    ],
  };
}

async function compile(
  bundle: Bundle,
  entry: string,
  toolchain: Toolchain,
): Promise<{ component: Buffer; warnings: string[] }> {
  const { component, reproducible } = await componentizeBundle(bundle, entry, toolchain);
  checkComponent(component);
  const versions = JSON.stringify({ planaria: toolchain.planariaVersion, sdk: sdkVersion });
  // Neither section is compressed: compressors differ from one platform to the next, and the digest with them.
  const mapped = appendCustomSection(component, sourceMapSection, Buffer.from(bundle.map));
  return {
    component: appendCustomSection(mapped, "planaria:build", Buffer.from(versions)),
    warnings: reproducible
      ? []
      : [
          "componentize-qjs is not the one that Planaria knows, so another build of this source will have another digest.",
        ],
  };
}

function makeKey(bundle: Bundle, toolchain: Toolchain): string {
  const { planariaVersion, componentizeVersion } = toolchain;
  return hash(
    "sha256",
    JSON.stringify([bundle.code, bundle.map, readContract(toolchain), planariaVersion, componentizeVersion]),
  );
}

function noExports(entry: string): HostError {
  const message =
    `${showFile(entry)} exports nothing under a name that can be called.\n` +
    "Export a function, `export async function greet(name: string) { … }`, or an agent, `export const counter = agent(() => ({ … }))`.";
  return new HostError("build/no-exports", message, { data: { entry } });
}

function write(output: string, component: Uint8Array) {
  try {
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, component);
  } catch (cause) {
    const message = `The component can't be written to ${showFile(output)}: ${(cause as Error).message}`;
    throw new HostError("build/output", message, { data: { output }, cause });
  }
}
