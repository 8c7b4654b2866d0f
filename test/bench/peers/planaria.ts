import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallRequest } from "../../../host/scheduler/host.ts";
import { promiseId } from "../../../host/base/id.ts";
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

  async function call(name: string, args: unknown[], key?: string): Promise<unknown> {
    const request: CallRequest = { callee: { function: name }, args: JSON.stringify(args), ...(key && { key }) };
    const outcome = await host.result(await host.call(request));
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
  };
});
