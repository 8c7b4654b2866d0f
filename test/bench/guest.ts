import { agent, fork, promise, random, rpc, run } from "planaria/guest";

// The guest that benches run. Each method is the body of one question; how often is an argument.

export function nothing() {
  return null;
}

/** An agent with a state of its own. */
export const cell = agent((_name: string) => {
  let count = 0;
  return {
    add() {
      count += 1;
      return count;
    },
    /** Makes a history of four entries a run. */
    async work(runs: number) {
      for (let i = 0; i < runs; i += 1) await run(nothing);
      return count;
    },
    async wait(id: promise.Id) {
      return promise.await(id);
    },
    /**
     * Forks one after the other; the copies end at once. What it draws marks the instants for whoever serves `random`:
     * one byte before a fork, two behind it in the original, three behind it in the copy.
     */
    async fork(times: number) {
      for (let i = 0; i < times; i += 1) {
        random.bytes(1);
        const { kind } = await fork();
        random.bytes(kind === "original" ? 2 : 3);
        if (kind === "forked") return;
      }
    },
  };
});

/** Calls itself `branching` times at once, `depth` times deep, and gives how many there were. */
export async function visit(branching: number, depth: number): Promise<number> {
  if (depth === 0) return 1;
  const below = Array.from({ length: branching }, () => rpc(visit, [branching, depth - 1]));
  return (await Promise.all(below)).reduce((sum, count) => sum + count, 1);
}

/** So many steps, and then a promise of somebody outside. */
export async function history(count: number, id: string) {
  for (let i = 0; i < count; i += 1) await run(nothing);
  return promise.await(promise.create({ id }));
}

export async function pledge(id: string) {
  return promise.await(promise.create({ id }));
}

/** Effects outside, one by one. */
export async function fetches(count: number, url: string) {
  for (let i = 0; i < count; i += 1) await (await fetch(`${url}${i}`)).text();
}

export const driver = agent((_name: string) => ({
  async runs(count: number) {
    for (let i = 0; i < count; i += 1) await run(nothing);
  },
  async runsAtOnce(count: number) {
    await Promise.all(Array.from({ length: count }, () => run(nothing)));
  },
  async calls(count: number) {
    const callee = cell.get("callee");
    for (let i = 0; i < count; i += 1) await callee.add();
  },
  async agentsAtOnce(name: string, count: number) {
    await Promise.all(Array.from({ length: count }, (_, i) => cell.get(`${name} ${i}`).add()));
  },
  async functionsAtOnce(count: number) {
    await Promise.all(Array.from({ length: count }, () => rpc(nothing, [])));
  },
  /** The same, on the nodes of a group. */
  async functionsInGroup(group: string, count: number) {
    const target = `poll://any@${group}`;
    await Promise.all(Array.from({ length: count }, () => rpc(nothing, [], { target })));
  },
  /** As many agents that wait for one promise. */
  suspendMany(name: string, count: number) {
    const id = promise.create({ id: name });
    for (let i = 0; i < count; i += 1) cell.get(`${name} ${i}`).trigger.wait(id);
  },
}));
