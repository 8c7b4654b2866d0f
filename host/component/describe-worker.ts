import { parentPort, workerData } from "node:worker_threads";
import { HostError } from "../base/error.ts";
import type { CompiledComponent } from "./compile.ts";
import { makeRefusingImports } from "./guest-imports.ts";
import { instantiate } from "./instance.ts";

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
  const instance = await instantiate(
    workerData as Pick<CompiledComponent, "glueUrl" | "modules">,
    makeRefusingImports(refuse),
  );
  const text = instance.describe();
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
