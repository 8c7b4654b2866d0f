import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { agentId, openHost, openSqliteStore, promiseId, type CallRequest } from "planaria";
import { cacheFolder } from "../../build/cache-folder.ts";
import { serveSubject } from "./peers/subject.ts";

const driver = 'driver("bench")';

/** Planaria as one of the peers; the package as it is installed: `npm run build` has made it. */
await serveSubject(async ({ folder }) => {
  const file = join(folder, "planaria.db");
  // Started again, it finds its component in the store.
  const isNew = !existsSync(file);
  const store = await openSqliteStore({ file, now: Date.now });
  const host = await openHost({ store, cacheFolder: cacheFolder() });
  if (isNew) {
    const { buildComponent } = await import("./scene.ts");
    await host.addComponent(await buildComponent(), "bench", { allowedHosts: ["*"] });
  }

  async function execute(request: CallRequest): Promise<unknown> {
    const outcome = await host.execute(request);
    if ("error" in outcome) throw new Error(outcome.error);
    return JSON.parse(outcome.value);
  }

  const drive = (method: string, count: number) => execute({ callee: { agent: driver, method }, args: `[${count}]` });
  const request = (name: string, args: unknown[], key?: string): CallRequest => ({
    callee: { function: name },
    args: JSON.stringify(args),
    ...(key && { key }),
  });

  const call = (name: string, args: unknown[], key?: string) => execute(request(name, args, key));

  return {
    steps: (count) => drive("runs", count),
    calls: (count) => drive("calls", count),
    children: (count) => drive("functionsAtOnce", count),
    crawl: async (branching, depth) => Number(await call("visit", [branching, depth])),
    async openPromise(name) {
      const result = call("pledge", [name]);
      while ((await host.promise(name)) === undefined) await sleep(1);
      return { settle: () => host.settlePromise(promiseId(name), "resolved", "1"), result: () => result };
    },
    trivial: () => call("nothing", []),
    effects: (name, count, url) => call("fetches", [count, url], name),
    async openFork(name, count) {
      const agent = `cell("${name}")`;
      const { key } = await host.call({ callee: { agent, method: "work" }, args: `[${count}]` });
      await host.result({ agent: agentId(agent), key });
      // The last step is of three entries: it began, it was given the outcome of the last run, it was through.
      const at = (await store.agent(agentId(agent)))!.length - 4;
      return async () => host.result({ agent: await host.forkAgent(agentId(agent), at), key });
    },
    async pause(name, count) {
      await host.call(request("history", [count, name], name));
      while ((await host.promise(name)) === undefined) await sleep(1);
      await host.settled();
      return "";
    },
    async resume(name, count) {
      await host.settlePromise(promiseId(name), "resolved", "1");
      return call("history", [count, name], name);
    },
    async suspend(name) {
      await host.call(request("pledge", [name]));
      while ((await host.promise(name)) === undefined) await sleep(5);
    },
  };
});
