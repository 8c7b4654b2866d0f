import { Resonate, type Context } from "@resonatehq/sdk/async";
import { serveSubject } from "../subject.ts";

const promises = new Map<string, (id: string) => void>();

async function trivial(_ctx: Context): Promise<null> {
  return null;
}

async function steps(ctx: Context, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await ctx.run(() => i);
}

async function calls(ctx: Context, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await ctx.rpc(trivial);
}

async function children(ctx: Context, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => ctx.rpc(trivial)));
}

async function crawl(ctx: Context, branching: number, depth: number): Promise<number> {
  if (depth === 0) return 1;
  const below = Array.from({ length: branching }, () => ctx.rpc(crawl, branching, depth - 1));
  return (await Promise.all(below)).reduce((sum, count) => sum + count, 1);
}

async function wait(ctx: Context, name: string): Promise<unknown> {
  const promise = ctx.promise<number>();
  promises.get(name)?.(promise.id);
  return promise;
}

const keepsNothing = () => Promise.reject(new Error("It keeps nothing when its process ends."));

await serveSubject(async () => {
  const resonate = new Resonate();
  for (const fn of [trivial, steps, calls, children, crawl, wait]) resonate.register(fn);
  let ids = 0;
  const run = async <Args extends unknown[], R>(fn: (ctx: Context, ...args: Args) => Promise<R>, ...args: Args) =>
    (await resonate.run<R>(`bench-${(ids += 1)}`, fn.name, ...args)).result();
  return {
    steps: (count) => run(steps, count),
    calls: (count) => run(calls, count),
    children: (count) => run(children, count),
    crawl: (branching, depth) => run(crawl, branching, depth),
    async openPromise(name) {
      const opened = new Promise<string>((resolve) => promises.set(name, resolve));
      const result = run(wait, name);
      const promise = await opened;
      return { settle: () => resonate.promises.resolve(promise), result: () => result };
    },
    trivial: () => run(trivial),
    effects: keepsNothing,
    pause: keepsNothing,
    resume: keepsNothing,
    async suspend(name) {
      const opened = new Promise<string>((resolve) => promises.set(name, resolve));
      run(wait, name).catch(() => {});
      await opened;
    },
  };
});
