import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { HostError } from "../base/error.ts";
import { digestOf, type Digest } from "../base/id.ts";
import { ComponentCache } from "./component-cache.ts";
import { openModule, openModuleVersion } from "./core-module.ts";
import { parseDescription, type Description } from "./description.ts";
import type { Saying } from "./describe-worker.ts";
import { runThread, threadEntry, type ThreadEnd } from "./thread.ts";
import { transpile, type Transpiled } from "./transpile.ts";

/** A component ready to run. It can be posted to another thread as it is. */
export interface CompiledComponent {
  digest: Digest;
  description: Description;
  /** The guest's own words, of which `description` is what the host understands. */
  descriptionText: string;
  /** The ES module that joins the core modules: a `file:` URL in the cache, or a `data:` URL without one. */
  glueUrl: string;
  /** Core modules by the names that the glue asks for. */
  modules: Record<string, WebAssembly.Module>;
  /** What each memory may grow to. */
  memoryCapBytes: number;
}

export interface CompileOptions {
  /** Where components that were taken apart are kept; null: nowhere. */
  cacheFolder: string | null;
  /** Part of a component's behaviour: a guest sees whether its memory can grow. */
  memoryCapBytes: number;
  /** How long it may take to say what it offers, in milliseconds: 10,000 by default. */
  describeLimitMs?: number;
}

/**
 * Makes a component ready to run: takes it apart, opens its core modules, compiles them, and asks it what it offers.
 *
 * Errors: HostError `component/not-wasm`, `component/not-a-component`, `component/other-world`,
 *         `component/unknown-import`, `component/unreadable`, `component/uncapturable`,
 *         `component/unknown-instruction`, `component/memory-cap`, `component/start`, `component/description`.
 */
export async function compileComponent(
  bytes: Uint8Array,
  { cacheFolder, memoryCapBytes, describeLimitMs = 10_000 }: CompileOptions,
): Promise<CompiledComponent> {
  const digest = digestOf(bytes);
  const cache = cacheFolder === null ? null : new ComponentCache(cacheFolder);
  const key = digestOf(Buffer.from(JSON.stringify([digest, memoryCapBytes, openModuleVersion, jcoVersion()])));
  const cached = await cache?.read(key);
  if (cached) return finish(digest, memoryCapBytes, await load(cached, cache), cached.descriptionText);

  const { glue, modules } = await transpile(bytes);
  const opened = Object.fromEntries(
    Object.entries(modules).map(([name, module]) => [name, openModule(module, name, memoryCapBytes)]),
  );
  const loaded = await load({ glue, modules: opened }, cache);
  const descriptionText = await describe(loaded, describeLimitMs);
  const compiled = finish(digest, memoryCapBytes, loaded, descriptionText);
  await cache?.write(key, { glue, modules: opened, descriptionText });
  return compiled;
}

type Loaded = Pick<CompiledComponent, "glueUrl" | "modules">;

function finish(digest: Digest, memoryCapBytes: number, loaded: Loaded, descriptionText: string): CompiledComponent {
  return { digest, description: parseDescription(descriptionText), descriptionText, ...loaded, memoryCapBytes };
}

async function load({ glue, modules }: Transpiled, cache: ComponentCache | null): Promise<Loaded> {
  const compiled = Object.entries(modules).map(
    async ([name, bytes]) => [name, await compileModule(name, bytes)] as const,
  );
  return {
    // A file is better where there is a choice: each line of a stack trace names the URL, and 200 kB make poor reading.
    glueUrl: (await cache?.placeModule(glue)) ?? `data:text/javascript;base64,${Buffer.from(glue).toString("base64")}`,
    modules: Object.fromEntries(await Promise.all(compiled)),
  };
}

async function compileModule(name: string, bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new HostError(
      "component/unreadable",
      `${name} of the component does not compile: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** In a thread of its own: nobody knows yet whether the component comes to an end, nor how much it has to say. */
async function describe(loaded: Loaded, limitMs: number): Promise<string> {
  const { message, isLate } = await askToDescribe(loaded, limitMs);
  if (message && "text" in message) return message.text;
  if (message) throw new HostError(message.code, message.message, { data: message.data });
  throw new HostError(
    "component/description",
    isLate
      ? `The component had not described itself after ${limitMs} ms. Describing itself may take no work.`
      : "The component ended its thread while it described itself.",
  );
}

async function askToDescribe({ glueUrl, modules }: Loaded, limitMs: number): Promise<ThreadEnd<Saying>> {
  try {
    return await runThread<Saying>(threadEntry("describe-worker"), { glueUrl, modules }, limitMs);
  } catch (cause) {
    const message = `The component ended its thread while it described itself: ${(cause as Error).message}`;
    throw new HostError("component/description", message, { cause });
  }
}

function jcoVersion(): string {
  const file = findPackageJSON("@bytecodealliance/jco-transpile", import.meta.url)!;
  return JSON.parse(readFileSync(file, "utf8")).version;
}
