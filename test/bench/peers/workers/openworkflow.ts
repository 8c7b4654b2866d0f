import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OpenWorkflow } from "openworkflow";
import { BackendSqlite } from "openworkflow/sqlite";
import { Arrivals, serveSubject } from "../subject.ts";

const arrivals = new Arrivals();

/** Its own handle looks for the result once a second; here it is looked for as often as does no harm. */
const pollMs = 5;
/** How long it takes, at most, until one that has come to its signal waits for it. */
const settlingMs = 200;

await serveSubject(async ({ folder }) => {
  const backend = BackendSqlite.connect(join(folder, "openworkflow.db"));
  const client = new OpenWorkflow({ backend });

  const trivial = client.defineWorkflow({ name: "trivial" }, async () => null);
  const steps = client.defineWorkflow<number, null>({ name: "steps" }, async ({ input, step }) => {
    for (let i = 0; i < input; i += 1) await step.run({ name: `step ${i}` }, () => i);
    return null;
  });
  const calls = client.defineWorkflow<number, null>({ name: "calls" }, async ({ input, step }) => {
    for (let i = 0; i < input; i += 1) await step.runWorkflow(trivial.workflow.spec, undefined, { name: `call ${i}` });
    return null;
  });
  const children = client.defineWorkflow<number, null>({ name: "children" }, async ({ input, step }) => {
    const call = (_: unknown, i: number) => step.runWorkflow(trivial.workflow.spec, undefined, { name: `child ${i}` });
    await Promise.all(Array.from({ length: input }, call));
    return null;
  });
  const crawl = client.defineWorkflow<[number, number], number>(
    { name: "crawl" },
    async ({ input: [branching, depth], step }) => {
      if (depth === 0) return 1;
      const call = (_: unknown, i: number): Promise<number> =>
        step.runWorkflow<[number, number], number>({ name: "crawl" }, [branching, depth - 1], { name: `child ${i}` });
      return (await Promise.all(Array.from({ length: branching }, call))).reduce((sum, count) => sum + count, 1);
    },
  );
  const promise = client.defineWorkflow<string, unknown>({ name: "promise" }, async ({ input, step }) => {
    arrivals.arrive(input);
    return (await step.waitForSignal({ signal: input }))?.data ?? null;
  });
  const history = client.defineWorkflow<[string, number], unknown>({ name: "history" }, async ({ input, step }) => {
    const [name, count] = input;
    for (let i = 0; i < count; i += 1) await step.run({ name: `step ${i}` }, () => i);
    arrivals.arrive(name);
    return (await step.waitForSignal({ signal: name }))?.data ?? null;
  });
  const effects = client.defineWorkflow<[number, string], null>({ name: "effects" }, async ({ input, step }) => {
    const [count, url] = input;
    for (let i = 0; i < count; i += 1)
      await step.run({ name: `effect ${i}` }, async () => (await fetch(`${url}${i}`)).text());
    return null;
  });

  type Handle = Awaited<ReturnType<typeof trivial.run>>;

  async function resultOf<T>(handle: { workflowRun: Handle["workflowRun"] }): Promise<T> {
    for (;;) {
      const run = await backend.getWorkflowRun({ workflowRunId: handle.workflowRun.id });
      if (run?.status === "completed") return run.output as T;
      if (run?.status === "failed" || run?.status === "canceled") throw new Error(JSON.stringify(run.error));
      await sleep(pollMs);
    }
  }

  const send = async (name: string) => {
    // Signals that nobody waits for are dropped.
    while ((await client.sendSignal({ signal: name, data: 1 })).workflowRunIds.length === 0) await sleep(pollMs);
  };

  await client.newWorker({ concurrency: 64 }).start();
  return {
    steps: async (count) => resultOf(await steps.run(count)),
    calls: async (count) => resultOf(await calls.run(count)),
    children: async (count) => resultOf(await children.run(count)),
    crawl: async (branching, depth) => resultOf<number>(await crawl.run([branching, depth])),
    async openPromise(name) {
      const handle = await promise.run(name);
      return { settle: () => send(name), result: () => resultOf(handle) };
    },
    trivial: async () => resultOf(await trivial.run()),
    effects: async (name, count, url) => resultOf(await effects.run([count, url], { idempotencyKey: name })),
    async pause(name, count) {
      const arrived = arrivals.expect(name);
      await history.run([name, count], { idempotencyKey: name });
      await arrived;
      await sleep(settlingMs);
      return "";
    },
    async resume(name, count) {
      await send(name);
      return resultOf(await history.run([name, count], { idempotencyKey: name }));
    },
    async suspend(name) {
      const arrived = arrivals.expect(name);
      await promise.run(name);
      await arrived;
    },
  };
});
