import { cacheFolder } from "../../build/cache-folder.ts";
import { placed } from "../agent/placed.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { defaultMemoryCapBytes } from "../component/memory-cap.ts";
import { HostError } from "../base/error.ts";
import { shortDigest } from "../base/id.ts";
import type { AgentRow, Store } from "../store/store.ts";

/** Makes a component ready to be replayed. */
export async function loadComponent(
  bytes: Uint8Array,
  memoryCapBytes = defaultMemoryCapBytes,
): Promise<CompiledComponent> {
  const { compileComponent } = await import("../component/compile.ts"); // heavy
  return compileComponent(bytes, { cacheFolder: cacheFolder(), memoryCapBytes });
}

/** The bytes of the component that an agent runs, from the store. */
export async function readComponentOf(agent: AgentRow, store: Store): Promise<Uint8Array> {
  const { component } = placed(agent);
  const row = await store.component(component);
  if (row) return row.bytes;
  const name = shortDigest(component);
  throw new HostError("store/corrupt", `${store.url} has lost the component ${name} of ${agent.id}`, {
    data: { agent: agent.id },
  });
}
