import { join } from "node:path";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import { describeStore } from "./suite.ts";
import { openTemporaryFolder } from "./temporary-folder.ts";

describeStore("an SQLite file", async (now) => {
  const folder = await openTemporaryFolder();
  const file = join(folder.path, "new", "planaria.db");
  return {
    connect: () => openSqliteStore({ file, now, durability: "relaxed" }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
