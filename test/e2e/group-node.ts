import { once } from "node:events";
import { existsSync } from "node:fs";
import { cacheFolder } from "../../build/cache-folder.ts";
import { openHost } from "../../host/open-host.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";

/** Stands still between two transactions until there is a file: a process that is stopped within one keeps all others waiting. */
function standStill(file: string): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(file)) Atomics.wait(never, 0, 0, 20);
}

/** A node of a group, until whoever started it closes the channel; then it leaves. */
async function serve(file: string, name: string, node: string, slots: number, leaseMs: number): Promise<void> {
  await using store = await openSqliteStore({ file, now: Date.now });
  await using host = await openHost({ store, group: { name, node, slots }, leaseMs, cacheFolder: cacheFolder() });
  await host.serve();
  process.on("message", (until: string) => process.send?.("standing still", () => standStill(until)));
  process.send?.("serving");
  await once(process, "disconnect");
}

const [file, group, node, slots, leaseMs] = process.argv.slice(2) as [string, string, string, string, string];
await serve(file, group, node, Number(slots), Number(leaseMs));
