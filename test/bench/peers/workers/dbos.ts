import { DBOS } from "@dbos-inc/dbos-sdk";
import { setTimeout as sleep } from "node:timers/promises";
import { Arrivals, serveSubject } from "../subject.ts";

const arrivals = new Arrivals();
/** How long it takes, at most, until one that has come to its promise waits for it. */
const settlingMs = 200;

const trivial = DBOS.registerWorkflow(async () => null, { name: "trivial" });

const steps = DBOS.registerWorkflow(
  async (count: number) => {
    for (let i = 0; i < count; i += 1) await DBOS.runStep(async () => i, { name: "step" });
  },
  { name: "steps" },
);

const calls = DBOS.registerWorkflow(
  async (count: number) => {
    for (let i = 0; i < count; i += 1) await trivial();
  },
  { name: "calls" },
);

const children = DBOS.registerWorkflow(
  async (count: number) => {
    const handles = await Promise.all(Array.from({ length: count }, () => DBOS.startWorkflow(trivial)()));
    await Promise.all(handles.map((handle) => handle.getResult()));
  },
  { name: "children" },
);

const crawl: (branching: number, depth: number) => Promise<number> = DBOS.registerWorkflow(
  async (branching: number, depth: number): Promise<number> => {
    if (depth === 0) return 1;
    const below = Array.from({ length: branching }, () => DBOS.startWorkflow(crawl)(branching, depth - 1));
    const counts = await Promise.all((await Promise.all(below)).map((handle) => handle.getResult()));
    return counts.reduce((sum, count) => sum + count, 1);
  },
  { name: "crawl" },
);

/** As long as nobody sends anything it waits: its own patience is a minute. */
const patienceSeconds = 86_400;

const promise = DBOS.registerWorkflow(
  (name: string) => {
    arrivals.arrive(name);
    return DBOS.recv<number>("settled", patienceSeconds);
  },
  { name: "promise" },
);

const history = DBOS.registerWorkflow(
  async (name: string, count: number) => {
    for (let i = 0; i < count; i += 1) await DBOS.runStep(async () => i, { name: "step" });
    arrivals.arrive(name);
    return DBOS.recv<number>("settled", patienceSeconds);
  },
  { name: "history" },
);

const effects = DBOS.registerWorkflow(
  async (count: number, url: string) => {
    for (let i = 0; i < count; i += 1) {
      await DBOS.runStep(async () => (await fetch(`${url}${i}`)).text(), { name: "effect" });
    }
  },
  { name: "effects" },
);

await serveSubject(async ({ ports: [port] }) => {
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: `postgresql://bench@127.0.0.1:${port}/dbos`,
    logLevel: "error",
  });
  await DBOS.launch();
  return {
    // Called by themselves: as methods of this object they would be taken for those of a configured instance.
    steps: (count) => steps(count),
    calls: (count) => calls(count),
    children: (count) => children(count),
    crawl: (branching, depth) => crawl(branching, depth),
    async openPromise(name) {
      const handle = await DBOS.startWorkflow(promise, { workflowID: name })(name);
      return { settle: () => DBOS.send(name, 1, "settled"), result: () => handle.getResult() };
    },
    trivial: () => trivial(),
    async effects(name, count, url) {
      return (await DBOS.startWorkflow(effects, { workflowID: name })(count, url)).getResult();
    },
    async openFork(name, count) {
      await (await DBOS.startWorkflow(steps, { workflowID: name })(count)).getResult();
      return async () => (await DBOS.forkWorkflow(name, count - 1)).getResult();
    },
    async pause(name, count) {
      const arrived = arrivals.expect(name);
      await DBOS.startWorkflow(history, { workflowID: name })(name, count);
      await arrived;
      await sleep(settlingMs);
      return "";
    },
    async resume(name) {
      await DBOS.send(name, 1, "settled");
      return DBOS.retrieveWorkflow(name).getResult();
    },
    async suspend(name) {
      const arrived = arrivals.expect(name);
      await DBOS.startWorkflow(promise, { workflowID: name })(name);
      await arrived;
    },
  };
});
