import type { AgentId } from "../base/id.ts";
import type { WasiContext } from "../wasi/wasi-context.ts";
import { withoutVersion } from "../wit/name.ts";
import type { AdapterHost } from "./adapter-host.ts";
import { loadAdapter } from "./adapter-module.ts";
import { toCall, toJson, toRequest, toSpan } from "./adapter-value.ts";
import { AdapterWait } from "./adapter-wait.ts";
import { makeFork } from "./fork.ts";
import { makeHttp } from "./http.ts";
import { admitting } from "./imports.ts";
import { makeLog } from "./log.ts";
import { makePromise } from "./promise.ts";
import { makeRandom } from "./random.ts";
import { makeRpc } from "./rpc.ts";
import { makeTime } from "./time.ts";

/** What adapters of one guest instance work with: the object that they are given, and how their calls wait. */
export interface AdapterSeat {
  host: AdapterHost;
  wait: AdapterWait;
}

/** An adapter that was loaded: the functions and classes that jco's glue takes, for each guest instance its own. */
export type Adapter = (seat: AdapterSeat) => Record<string, unknown>;

type AdapterContext = Pick<WasiContext, "journal" | "wait" | "takeOutcome"> & { agent(): AgentId };

/** Makes what the adapters of one guest instance work with, out of the functions that guests import. */
export function makeAdapterHost(context: AdapterContext): AdapterSeat {
  const { journal, agent } = context;
  const wait = new AdapterWait(context);
  const outcome = <T>(operation: number) => wait.outcome<T>(operation);
  const rpc = admitting(journal, makeRpc(journal));
  const promise = admitting(journal, makePromise(journal, agent));
  const time = admitting(journal, makeTime(journal));
  const fork = admitting(journal, makeFork(journal));
  const http = admitting(journal, makeHttp(journal));
  const { bytes } = admitting(journal, makeRandom(journal));
  const { log } = admitting(journal, makeLog(journal));
  const host: AdapterHost = {
    get agent() {
      return agent();
    },
    rpc: {
      call: (callee, method, args, options) =>
        outcome(rpc.callAgent(callee, method, toJson(args), toCall("attached", options))),
      trigger: (callee, method, args, options) =>
        void rpc.callAgent(callee, method, toJson(args), toCall("triggered", options)),
      run: (name, args, options) => outcome(rpc.callFunction(name, toJson(args), toCall("attached", options))),
    },
    promise: {
      create: ({ id, timeoutMs } = {}) => promise.create({ id, timeout: toSpan(timeoutMs) }),
      await: (id) => outcome(promise.await(id)),
      complete: (id, value) => outcome(promise.complete(id, toJson(value))),
      reject: (id, error) => outcome(promise.reject(id, toJson({ name: "Error", ...error }))),
      cancel: (id) => outcome(promise.cancel(id)),
    },
    fork: () => outcome(fork.fork()),
    now: () => Number(time.now()),
    sleep: (spanMs) => outcome(time.sleep(BigInt(Math.ceil(spanMs)))),
    random: bytes,
    log,
    fetch: (request) => outcome(http.fetch(toRequest(request))),
  };
  return { host, wait };
}

/** Loads adapters, by the interface that they stand for, without its version. Errors: those of `loadAdapter`. */
export async function loadAdapters(sources: Record<string, string>): Promise<ReadonlyMap<string, Adapter>> {
  const adapters = new Map<string, Adapter>();
  for (const [name, source] of Object.entries(sources))
    adapters.set(withoutVersion(name), await loadAdapter(name, source));
  return adapters;
}
