import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGuest } from "../../build/build.ts";
import { cacheFolder } from "../../build/cache-folder.ts";
import { openHost, type OpenHostOptions } from "../../host/open-host.ts";
import type { Host } from "../../host/scheduler/host.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type { Store } from "../../host/store/store.ts";

/** The component that all benches run. */
export async function buildComponent(): Promise<Uint8Array> {
  return (await buildGuest({ entry: join(import.meta.dirname, "guest.ts") })).component;
}

/** A host as users have it: an SQLite file with durability FULL, and guests in worker threads. */
export class Scene implements AsyncDisposable {
  readonly host: Host;
  readonly store: Store;
  readonly file: string;
  readonly #keeps: boolean;

  private constructor(host: Host, store: Store, file: string, keeps: boolean) {
    this.host = host;
    this.store = store;
    this.file = file;
    this.#keeps = keeps;
  }

  static async open(component: Uint8Array, options: Partial<OpenHostOptions> = {}): Promise<Scene> {
    const file = join(await mkdtemp(join(tmpdir(), "planaria-bench-")), "store.db");
    return Scene.reopen(file, component, options);
  }
}
