import { parentPort, workerData } from "node:worker_threads";
import { HostError } from "../base/error.ts";
import { checkAdapters } from "../imports/adapter-check.ts";
import { loadAdapters } from "../imports/adapter.ts";
import { instantiateBlocking } from "./blocking-instance.ts";
import { describeWorld } from "./blocking-world.ts";
import type { CompiledComponent } from "./compile.ts";
import { makeRefusingImports } from "../imports/guest-imports.ts";
import { instantiate } from "./instance.ts";

/** What is asked what it offers: one of world `blocking` says so by its types, and has only to show that it starts. */
export type Describable = Pick<CompiledComponent, "glueUrl" | "modules" | "world" | "adapters">;

/** What a component says of itself, or why it does not. */
export type Saying = { text: string } | { code: string; message: string; data: Record<string, unknown> };

/** Far more than the names of all that a component offers. */
const limit = 1_048_576;

const refuse = (name: string): never => {
  throw new HostError(
    "component/description",
    `The component calls ${name} before anybody invoked it. Describing itself must do without imports.`,
  );
};

async function describe(): Promise<Saying> {
  const loaded = workerData as Describable;
  const { world } = loaded;
  if (world) {
    await checkAdapters(loaded.adapters, world.imports);
    await instantiateBlocking({ ...loaded, world }, { adapters: await loadAdapters(loaded.adapters) });
    return { text: describeWorld(world) };
  }
  const text = (await instantiate(loaded, makeRefusingImports(refuse))).describe();
  if (text.length <= limit) return { text };
  const message = `The component describes itself in ${text.length} characters, and ${limit} are the most.`;
  return { code: "component/description", message, data: {} };
}

function toRefusal(error: unknown): Saying {
  if (error instanceof HostError) return { code: error.code, message: error.message, data: error.data };
  const message = `The component trapped while it described itself: ${(error as Error).message}`;
  return { code: "component/description", message, data: {} };
}

parentPort!.postMessage(await describe().catch(toRefusal));
