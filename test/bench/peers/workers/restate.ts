import * as restate from "@restatedev/restate-sdk";
import * as clients from "@restatedev/restate-sdk-clients";
import { setTimeout as sleep } from "node:timers/promises";
import { Arrivals, serveSubject } from "../subject.ts";

/** Those who wait for a promise tell its id here. */
const arrivals = new Arrivals();
/** How long it takes, at most, until one that has come to its promise is known to wait for it. */
const settlingMs = 200;

const bench = restate.service({
  name: "bench",
  handlers: {
    trivial: async (_ctx: restate.Context) => null,
    steps: async (ctx: restate.Context, count: number) => {
      for (let i = 0; i < count; i += 1) await ctx.run("step", () => i);
    },
    calls: async (ctx: restate.Context, count: number) => {
      for (let i = 0; i < count; i += 1) await self(ctx).trivial();
    },
    children: async (ctx: restate.Context, count: number) => {
      await restate.RestatePromise.all(Array.from({ length: count }, () => self(ctx).trivial()));
    },
    crawl: async (ctx: restate.Context, [branching, depth]: [number, number]): Promise<number> => {
      if (depth === 0) return 1;
      const below = Array.from({ length: branching }, () => self(ctx).crawl([branching, depth - 1]));
      return (await restate.RestatePromise.all(below)).reduce((sum, count) => sum + count, 1);
    },
    promise: async (ctx: restate.Context, name: string) => {
      const { id, promise } = ctx.awakeable<number>();
      arrivals.arrive(name, id);
      return promise;
    },
    history: async (ctx: restate.Context, [name, count]: [string, number]) => {
      for (let i = 0; i < count; i += 1) await ctx.run("step", () => i);
      const { id, promise } = ctx.awakeable<number>();
      arrivals.arrive(name, id);
      return promise;
    },
    effects: async (ctx: restate.Context, [count, url]: [number, string]) => {
      for (let i = 0; i < count; i += 1) await ctx.run("effect", async () => (await fetch(`${url}${i}`)).text());
    },
  },
});

interface Bench {
  trivial(ctx: restate.Context): Promise<null>;
  crawl(ctx: restate.Context, at: [number, number]): Promise<number>;
}

const self = (ctx: restate.Context) => ctx.serviceClient<Bench>({ name: "bench" });

await serveSubject(async ({ ports: [ingressPort, adminPort, , port = 0] }) => {
  await restate.serve({ services: [bench], port });
  const registered = await fetch(`http://127.0.0.1:${adminPort}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${port}` }),
  });
  if (!registered.ok) throw new Error(`Restate does not take the deployment: ${await registered.text()}`);
  const ingress = clients.connect({ url: `http://127.0.0.1:${ingressPort}` });
  const client = ingress.serviceClient(bench);
  const sender = ingress.serviceSendClient(bench);
  return {
    steps: async (count) => client.steps(count),
    calls: async (count) => client.calls(count),
    children: async (count) => client.children(count),
    crawl: async (branching, depth) => client.crawl([branching, depth]),
    async openPromise(name) {
      const id = arrivals.expect(name);
      const result = Promise.resolve(client.promise(name));
      const awakeable = await id;
      return { settle: () => ingress.resolveAwakeable(awakeable, 1), result: () => result };
    },
    trivial: async () => client.trivial(),
    effects: async (name, count, url) => client.effects([count, url], clients.rpc.opts({ idempotencyKey: name })),
    async openFork(name, count) {
      const sent = await sender.steps(count, clients.rpc.sendOpts({ idempotencyKey: name }));
      await ingress.result(sent);
      const restart = `http://127.0.0.1:${adminPort}/invocations/${sent.invocationId}/restart-as-new?from=${count - 1}`;
      return async () => {
        const restarted = await fetch(restart, { method: "PATCH" });
        if (!restarted.ok) throw new Error(`Restate does not restart it: ${await restarted.text()}`);
        const { new_invocation_id: id } = (await restarted.json()) as { new_invocation_id: string };
        const ended = await fetch(`http://127.0.0.1:${ingressPort}/restate/invocation/${id}/attach`);
        if (!ended.ok) throw new Error(`The restarted one came to no end: ${await ended.text()}`);
      };
    },
    async pause(name, count) {
      const id = arrivals.expect(name);
      await sender.history([name, count], clients.rpc.sendOpts({ idempotencyKey: name }));
      const awakeable = await id;
      await sleep(settlingMs);
      return awakeable;
    },
    async resume(name, count, awakeable) {
      await ingress.resolveAwakeable(awakeable, 1);
      return client.history([name, count], clients.rpc.opts({ idempotencyKey: name }));
    },
    async suspend(name) {
      const id = arrivals.expect(name);
      await sender.promise(name);
      await id;
    },
  };
});
