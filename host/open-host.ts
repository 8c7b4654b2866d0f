import { availableParallelism } from "node:os";
import type { Http } from "./base/port.ts";
import { compileComponent } from "./component/compile.ts";
import { InProcessExecutor } from "./executor/in-process.ts";
import { WorkerExecutor } from "./executor/workers.ts";
import { Host, type HostOptions } from "./scheduler/host.ts";
import type { Store } from "./store/store.ts";
import { systemClock } from "./system/clock.ts";
import { systemFiles } from "./system/host-files.ts";
import { systemHttp } from "./system/http.ts";
import { hasEnded, machineName } from "./system/machine.ts";
import { systemRandom } from "./system/random.ts";
import { version } from "./system/version.ts";

export interface OpenHostOptions extends Pick<
  HostOptions,
  "log" | "leaseMs" | "pollMs" | "sessions" | "requests" | "group"
> {
  store: Store;
  /** Where guests run: in worker threads, or in this very thread, where nothing can stop a guest that loops for ever. */
  executor?: "workers" | "in-process";
  /** Worker threads; one per core less one by default, and at least one. */
  threads?: number;
  /** What each memory of a guest may grow to; 256 MiB by default. */
  memoryCapBytes?: number;
  /** A step that takes longer is undone, and its invocation fails with `guest/step-timeout`; 10,000 by default. */
  stepTimeoutMs?: number;
  /** Guest instances alive at once in each thread, for each component; 32 by default. */
  instances?: number;
  /** What sends the requests of `fetch`; the machine's network by default. */
  http?: Http;
  /** Where components that were taken apart are kept; null: nowhere. */
  cacheFolder?: string | null;
}

/**
 * Opens a host on the real machine: its clock, its randomness, its threads.
 *
 * Dispose of it (`await using`) to leave the store; what is unfinished goes on when the next host opens the store.
 */
export function openHost(options: OpenHostOptions): Promise<Host> {
  const {
    store,
    executor = "workers",
    threads = Math.max(1, availableParallelism() - 1),
    cacheFolder = null,
    http = systemHttp,
    ...rest
  } = options;
  const { memoryCapBytes, stepTimeoutMs = 10_000, instances = 32, ...hostOptions } = rest;
  const machine = machineName();
  return Host.open({
    ...hostOptions,
    store,
    executor:
      executor === "workers"
        ? new WorkerExecutor({ clock: systemClock, threads, stepTimeoutMs, instances })
        : new InProcessExecutor({ clock: systemClock, random: systemRandom, hostFiles: systemFiles, instances }),
    clock: systemClock,
    random: systemRandom,
    http,
    compile: (bytes, adapters) => compileComponent(bytes, { cacheFolder, memoryCapBytes, adapters }),
    version,
    process: { pid: process.pid, machine },
    isGone: (node) => node.machine === machine && node.pid !== process.pid && hasEnded(node.pid),
  });
}
