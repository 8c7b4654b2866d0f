import { once } from "node:events";
import { cacheFolder } from "../../build/cache-folder.ts";
import { openHost } from "../../host/open-host.ts";
import { openStore } from "./scene.ts";

/** A node of a group, until whoever started it closes the channel. */
async function serve(file: string, name: string, node: string): Promise<void> {
  await using store = await openStore(file);
  await using host = await openHost({ store, group: { name, node, slots: 64 }, cacheFolder: cacheFolder() });
  await host.serve();
  process.send?.("serving");
  await once(process, "disconnect");
}

const [file, group, node] = process.argv.slice(2) as [string, string, string];
await serve(file, group, node);
