import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGuest } from "../../build/build.ts";
import { cacheFolder } from "../../build/cache-folder.ts";
import type { Random } from "../../host/base/port.ts";
import { compileComponent } from "../../host/component/compile.ts";
import { defaultMemoryCapBytes } from "../../host/component/memory-cap.ts";
import { InProcessExecutor } from "../../host/executor/in-process.ts";
import { openHost } from "../../host/open-host.ts";
import { Host } from "../../host/scheduler/host.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type { Store } from "../../host/store/store.ts";
import { systemClock } from "../../host/system/clock.ts";
import { systemHttp } from "../../host/system/http.ts";
import { systemRandom } from "../../host/system/random.ts";
import { version } from "../../host/system/version.ts";

/** The component that all benches run. */
export async function buildComponent(): Promise<Uint8Array> {
  return (await buildGuest({ entry: join(import.meta.dirname, "guest.ts") })).component;
}

/** A store's file in a folder of its own. */
export async function makeFile(): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "planaria-bench-"));
  return { file: join(folder, "store.db"), remove: () => rm(folder, { recursive: true, force: true }) };
}

export const openStore = (file: string): Promise<Store> => openSqliteStore({ file, now: systemClock.now });

/** A host on a store's file. Disposing of it closes both. */
export class Scene implements AsyncDisposable {
  readonly host: Host;
  readonly store: Store;

  private constructor(host: Host, store: Store) {
    this.host = host;
    this.store = store;
  }

  /** As users have it: durability FULL, guests in worker threads. */
  static async open(file: string): Promise<Scene> {
    const store = await openStore(file);
    return new Scene(await openHost({ store, cacheFolder: cacheFolder() }), store);
  }

  /** All in this thread; what guests draw comes from `random`. */
  static async openInThread(file: string, random: Random): Promise<Scene> {
    const store = await openStore(file);
    const compile = (bytes: Uint8Array) =>
      compileComponent(bytes, { cacheFolder: cacheFolder(), memoryCapBytes: defaultMemoryCapBytes });
    const executor = new InProcessExecutor({ clock: systemClock, random });
    return new Scene(
      await Host.open({
        store,
        executor,
        clock: systemClock,
        random: systemRandom,
        http: systemHttp,
        compile,
        version,
      }),
      store,
    );
  }

  /** Calls a method of an agent, and waits for its outcome, which is durable then. */
  async call(agent: string, method: string, ...args: unknown[]): Promise<unknown> {
    const outcome = await this.host.execute({ callee: { agent, method }, args: JSON.stringify(args) });
    if ("error" in outcome) throw new Error(`${agent}.${method} failed: ${outcome.error}`);
    return JSON.parse(outcome.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}
