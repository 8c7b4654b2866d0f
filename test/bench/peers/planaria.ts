import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallRequest } from "../../../host/scheduler/host.ts";
import { agentId, promiseId } from "../../../host/base/id.ts";
import { buildComponent, Scene } from "../scene.ts";
import { serveSubject } from "./subject.ts";

const driver = 'driver("bench")';

await serveSubject(async ({ folder }) => {
  const file = join(folder, "planaria.db");
  // Started again, it finds its component in the store.
  const component = existsSync(file) ? null : await buildComponent();
  const scene = await Scene.open(file);
  const { host } = scene;
  if (component) await host.addComponent(component, "bench", { allowedHosts: ["*"] });

  const start = (name: string, args: unknown[], key?: string) => {
    const request: CallRequest = { callee: { function: name }, args: JSON.stringify(args), ...(key && { key }) };
    return host.call(request);
  };

  async function call(name: string, args: unknown[], key?: string): Promise<unknown> {
    const outcome = await host.result(await start(name, args, key));
    if ("error" in outcome) throw new Error(outcome.error);
    return JSON.parse(outcome.value);
  }

  return {
    steps: (count) => scene.call(driver, "runs", count),
    calls: (count) => scene.call(driver, "calls", count),
    children: (count) => scene.call(driver, "functionsAtOnce", count),
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
      const at = (await scene.store.agent(agentId(agent)))!.length - 4;
      return async () => host.result({ agent: await host.forkAgent(agentId(agent), at), key });
    },
    async pause(name, count) {
      await start("history", [count, name], name);
      while ((await host.promise(name)) === undefined) await sleep(1);
      await host.settled();
      return "";
    },
    async resume(name, count) {
      await host.settlePromise(promiseId(name), "resolved", "1");
      return call("history", [count, name], name);
    },
    async suspend(name) {
      await start("pledge", [name]);
      while ((await host.promise(name)) === undefined) await sleep(5);
    },
  };
});
