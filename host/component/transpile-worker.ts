import { parentPort, workerData } from "node:worker_threads";
import { transpileBytes } from "@bytecodealliance/jco-transpile";

/** What a worker is to take apart. */
export interface TranspileOrder {
  bytes: Uint8Array;
  /** Functions that may suspend a guest of world `blocking`, and those that enter it; null: it is of world `agent`. */
  async: { imports: string[]; exports: string[] } | null;
}

/** What a worker makes of a component; `failure` says where it stopped. */
export interface Transpilation {
  files: Record<string, Uint8Array> | null;
  failure: string | null;
}

const made: Transpilation = { files: null, failure: null };
const order = workerData as TranspileOrder;
const options = { name: "component", instantiation: "async", emitTypescriptDeclarations: false } as const;
const { async } = order;
try {
  const { files } = await transpileBytes(
    order.bytes,
    // Names that the host looks for in the glue of a blocking guest would not outlive minifying.
    async
      ? { ...options, multiMemory: true, asyncMode: "jspi", asyncImports: async.imports, asyncExports: async.exports }
      : { ...options, minify: true },
  );
  made.files = files;
} catch (error) {
  made.failure = error instanceof Error ? error.message : String(error);
}
parentPort!.postMessage(made);
