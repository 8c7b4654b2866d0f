import { parentPort, workerData } from "node:worker_threads";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { componentWit } from "@bytecodealliance/jco-transpile/wasm-tools";

/** What a worker makes of a component; `failure` says where it stopped. */
export interface Transpilation {
  /** The component's world as WIT text. */
  wit: string | null;
  files: Record<string, Uint8Array> | null;
  failure: string | null;
}

const made: Transpilation = { wit: null, files: null, failure: null };
const bytes: Uint8Array = workerData;
try {
  made.wit = await componentWit(bytes);
  const options = {
    name: "component",
    instantiation: "async",
    emitTypescriptDeclarations: false,
    minify: true,
  } as const;
  made.files = (await transpileBytes(bytes, options)).files;
} catch (error) {
  made.failure = error instanceof Error ? error.message : String(error);
}
parentPort!.postMessage(made);
