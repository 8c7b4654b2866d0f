import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { HostError } from "../base/error.ts";
import { digestOf, type Digest } from "../base/id.ts";
import { withoutVersion } from "../wit/name.ts";
import type { WitWorld } from "../wit/type.ts";
import { patchGlueVersion } from "./blocking-glue.ts";
import { ComponentCache, type CachedComponent } from "./component-cache.ts";
import { openModule, openModuleVersion } from "./core-module.ts";
import { parseDescription, witSdk, type Description } from "./description.ts";
import type { Describable, Saying } from "./describe-worker.ts";
import { runThread, threadEntry, type ThreadEnd } from "./thread.ts";
import { blockingMemoryCapBytes, defaultMemoryCapBytes } from "./memory-cap.ts";
import { readWorld, transpile, type Transpiled } from "./transpile.ts";

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
  /** Its types if it is of world `blocking`; null: it is of world `agent`. */
  world: WitWorld | null;
  /** The modules that stand for imports, as text, by interface. */
  adapters: Record<string, string>;
  /** What no snapshot can capture, in words: its agents are brought back by replaying all that they did. */
  uncapturable: string[];
}

export interface CompileOptions {
  /** Where components that were taken apart are kept; null: nowhere. */
  cacheFolder: string | null;
  /** Part of a component's behaviour: a guest sees whether its memory can grow. By default, 256 MiB, or 1 GiB if it blocks. */
  memoryCapBytes?: number | undefined;
  /** How long it may take to say what it offers, in milliseconds: 10,000 by default. */
  describeLimitMs?: number;
  /** Modules that stand for imports of a guest of world `blocking`, as text, by interface. */
  adapters?: Record<string, string>;
}

/**
 * Makes a component ready to run: takes it apart, opens its core modules, compiles them, and asks it what it offers.
 *
 * Errors: HostError `component/not-wasm`, `component/not-a-component`, `component/other-world`,
 *         `component/unknown-import`, `component/unreadable`, `component/uncapturable`,
 *         `component/unknown-instruction`, `component/memory-cap`, `component/start`, `component/description`,
 *         `component/bad-adapter`.
 */
export async function compileComponent(
  bytes: Uint8Array,
  { cacheFolder, describeLimitMs = 10_000, adapters = {}, ...options }: CompileOptions,
): Promise<CompiledComponent> {
  const digest = digestOf(bytes);
  const adapted = new Set(Object.keys(adapters).map(withoutVersion));
  const cache = cacheFolder === null ? null : new ComponentCache(cacheFolder);
  const saidCap = options.memoryCapBytes ?? null;
  const whatMatters = [digest, saidCap, openModuleVersion, patchGlueVersion, jcoVersion(), adapters];
  const key = digestOf(Buffer.from(JSON.stringify(whatMatters)));
  const cached = await cache?.read(key);
  // One that described itself by other words than its types is of world `agent`, and was found fit when it was kept.
  const isAgent = cached ? parseDescription(cached.descriptionText).sdk !== witSdk : false;
  const world = isAgent ? null : await readWorld(bytes, adapted);
  if (!world && adapted.size > 0) throw needless([...adapted]);
  const memoryCapBytes = saidCap ?? (world ? blockingMemoryCapBytes : defaultMemoryCapBytes);
  const parts = cached ?? (await open());
  const loaded = await load(parts, cache);
  const descriptionText = cached?.descriptionText ?? (await describe({ ...loaded, world, adapters }, describeLimitMs));
  if (!cached) await cache?.write(key, { ...parts, descriptionText });
  const description = parseDescription(descriptionText);
  const { uncapturable } = parts;
  return { digest, description, descriptionText, ...loaded, memoryCapBytes, world, adapters, uncapturable };

  async function open(): Promise<Omit<CachedComponent, "descriptionText">> {
    const { glue, modules } = await transpile(bytes, world, adapted);
    const found: string[] = [];
    // Agents that no snapshot can hold can still be brought back by replay, which guests of world `agent` have no need of.
    const bear = world ? (name: string) => (what: string) => void found.push(`${name} has ${what}`) : () => undefined;
    const opened = Object.entries(modules).map(([name, module]) => [
      name,
      openModule(module, name, memoryCapBytes, bear(name)),
    ]);
    return { glue, modules: Object.fromEntries(opened), uncapturable: found };
  }
}

type Loaded = Pick<CompiledComponent, "glueUrl" | "modules">;

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
async function describe(loaded: Describable, limitMs: number): Promise<string> {
  const { message, isLate } = await askToDescribe(loaded, limitMs);
  if (message && "text" in message) return message.text;
  if (message) throw new HostError(message.code, message.message, { data: message.data });
  const doing = loaded.world ? "been instantiated" : "described itself";
  throw new HostError(
    loaded.world ? "component/start" : "component/description",
    isLate
      ? `The component had not ${doing} after ${limitMs} ms. That may take no work.`
      : `The component ended its thread before it had ${doing}.`,
  );
}

async function askToDescribe(loaded: Describable, limitMs: number): Promise<ThreadEnd<Saying>> {
  try {
    return await runThread<Saying>(threadEntry("describe-worker"), loaded, limitMs);
  } catch (cause) {
    const message = `The component ended its thread while it described itself: ${(cause as Error).message}`;
    throw new HostError("component/description", message, { cause });
  }
}

function needless(adapted: readonly string[]): HostError {
  return new HostError(
    "component/bad-adapter",
    `The component is a guest of world agent, which imports nothing but planaria:host: there is no place for an adapter of ${adapted.join(", ")}. Leave it out.`,
    { data: { interfaces: adapted } },
  );
}

function jcoVersion(): string {
  const file = findPackageJSON("@bytecodealliance/jco-transpile", import.meta.url)!;
  return JSON.parse(readFileSync(file, "utf8")).version;
}
