import * as restate from "@restatedev/restate-sdk";
import * as clients from "@restatedev/restate-sdk-clients";
import { serveSubject } from "../subject.ts";

/** Those who wait for a promise tell its id here. */
const awakeables = new Map<string, (id: string) => void>();

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
      awakeables.get(name)?.(id);
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
  return {
    steps: async (count) => client.steps(count),
    calls: async (count) => client.calls(count),
    children: async (count) => client.children(count),
    crawl: async (branching, depth) => client.crawl([branching, depth]),
    async openPromise(name) {
      const id = new Promise<string>((resolve) => awakeables.set(name, resolve));
      const result = Promise.resolve(client.promise(name));
      const awakeable = await id;
      return { settle: () => ingress.resolveAwakeable(awakeable, 1), result: () => result };
    },
    trivial: async () => client.trivial(),
    effects: async (name, count, url) => client.effects([count, url], clients.rpc.opts({ idempotencyKey: name })),
  };
});
