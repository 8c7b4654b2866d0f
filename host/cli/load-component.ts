import { cacheFolder } from "../../build/cache-folder.ts";
import { placed } from "../agent/placed.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { parseSettings } from "../component/settings.ts";
import { HostError } from "../base/error.ts";
import { shortDigest } from "../base/id.ts";
import type { AgentRow, ComponentRow, Store } from "../store/store.ts";

/** A component, and the modules that stand for what it imports, as text. */
export interface ComponentSource {
  bytes: Uint8Array;
  adapters: Record<string, string>;
}

/** Makes a component ready to be replayed. */
export async function loadComponent(
  { bytes, adapters }: ComponentSource,
  memoryCapBytes?: number,
): Promise<CompiledComponent> {
  const { compileComponent } = await import("../component/compile.ts"); // heavy
  return compileComponent(bytes, { cacheFolder: cacheFolder(), memoryCapBytes, adapters });
}

/** A component as a store has it. */
export const toSource = ({ bytes, settings }: ComponentRow): ComponentSource => ({
  bytes,
  adapters: parseSettings(settings).adapters,
});

/** The component that an agent runs, from the store. */
export async function readComponentOf(agent: AgentRow, store: Store): Promise<ComponentSource> {
  const { component } = placed(agent);
  const row = await store.component(component);
  if (row) return toSource(row);
  const name = shortDigest(component);
  throw new HostError("store/corrupt", `${store.url} has lost the component ${name} of ${agent.id}`, {
    data: { agent: agent.id },
  });
}
