import { join } from "node:path";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { openTemporaryFolder } from "../../store/temporary-folder.ts";
import { Scene } from "./scene.ts";

/** Lets a test run on a store of each kind. Dispose of what it gets at its end. */
export const stores: [name: string, open: () => Promise<{ scene: Scene } & AsyncDisposable>][] = [
  ["in memory", async () => ({ scene: new Scene(), async [Symbol.asyncDispose]() {} })],
  [
    "in a file",
    async () => {
      const folder = await openTemporaryFolder();
      const file = join(folder.path, "store.db");
      const scene = new Scene((clock) => openSqliteStore({ file, now: () => clock.now() }));
      return { scene, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
    },
  ],
];
