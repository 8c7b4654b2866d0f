import { cacheFolder } from "../../build/cache-folder.ts";
import type { CompiledComponent } from "../component/compile.ts";
import { HostError } from "../base/error.ts";
import { shortDigest } from "../base/id.ts";
import type { AgentRow, Store } from "../store/store.ts";

/** As of a host that is opened without a cap of its own: what a guest sees of its memory must not differ in a replay. */
const memoryCapBytes = 268_435_456;

/** Makes a component ready to be replayed. */
export async function loadComponent(bytes: Uint8Array): Promise<CompiledComponent> {
  const { compileComponent } = await import("../component/compile.ts");
  return compileComponent(bytes, { cacheFolder: cacheFolder(), memoryCapBytes });
}

/** The component that an agent runs, from the store. */
export async function loadComponentOf(agent: AgentRow, store: Store): Promise<CompiledComponent> {
  const row = await store.component(agent.component);
  if (row) return loadComponent(row.bytes);
  const name = shortDigest(agent.component);
  throw new HostError("store/corrupt", `${store.url} has lost the component ${name} of ${agent.id}`, {
    data: { agent: agent.id },
  });
}
