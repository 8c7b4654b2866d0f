import { Fleet } from "../../host/executor/fleet.ts";
import { nodeId } from "../../host/base/id.ts";
import { promiseAt } from "../../host/scheduler/promises.ts";
import type { InvocationRow, Store } from "../../host/store/store.ts";
import { checkMemories } from "../../host/testing/review.ts";
import { engine } from "../unit/scheduler/scene.ts";
import type { Program } from "./program.ts";
import type { Server } from "./server.ts";

/** What somebody has to do yet, or nobody ever will. */
export async function describeUnfinished(store: Store): Promise<string[]> {
  const lines = [];
  for (const { id, state } of await store.agents()) {
    if (state !== "idle" && state !== "ended") lines.push(`${id} is ${state}`);
    for (const { operation, source } of await store.operations(id))
      lines.push(`${id} waits for ${operation} (${source})`);
    for (const { key } of await store.queue(id)) lines.push(`${id} has ${key} to do`);
  }
  // Of each node, and of one that there is not: what nobody owns is any node's.
  const nodes = [...(await store.nodes()).map(({ id }) => id), nodeId("nobody")];
  for (const node of nodes)
    for (const { agent } of await store.deletionRequests(node, 100)) lines.push(`${agent} is to be deleted`);
  return lines;
}

export interface ReviewOptions {
  store: Store;
  /** The moment, by which promises may have timed out. */
  now: number;
  program: Program;
  server: Server;
  /** Whether what is over goes after a while. */
  forgets: boolean;
}

/** What is wrong with what a program has left, when all hosts have gone. */
export async function review({ store, now, program, server, forgets }: ReviewOptions): Promise<string[]> {
  const promises = (await store.promises()).map((row) => `${promiseAt(row, now).state} ${row.payload}`);
  const agents = await store.agents();
  return [
    ...compare("promises", promises, forgets ? common(promises, program.promises) : program.promises),
    ...compare(
      "requests",
      [...server.paths.values()].map((paths) => [...paths].join(" and ")),
      program.paths,
    ),
    ...(await store.nodes()).map(({ id }) => `the node ${id} has left its lease`),
    ...agents.filter(({ node }) => node !== null).map(({ id }) => `${id} has an owner`),
    ...(await findStrangeForks(store)),
    ...(await findMemories(store)),
  ];
}

/** Lists of the same things, in any order. */
function compare(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const [left, right] = [found, wanted].map((list) => list.toSorted().join(", "));
  return left === right ? [] : [`the ${what} are ${left}, not ${right}`];
}

/** Those of the one list that stand in the other, each as often as in both. */
function common(some: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return some.filter((each) => {
    const at = left.indexOf(each);
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  });
}

/** A fork from outside comes to the same end as what it was copied from, if that came to one and is there yet. */
async function findStrangeForks(store: Store): Promise<string[]> {
  const lines = [];
  for (const { id, parent } of await store.agents()) {
    if (parent?.operation !== 0 || !(await store.agent(parent.agent))) continue;
    const outcomes = new Map((await store.invocations(parent.agent)).map((row) => [row.key, outcomeOf(row)]));
    for (const row of await store.invocations(id)) {
      const wanted = outcomes.get(row.key);
      if (outcomeOf(row) !== wanted) lines.push(`${id} came to ${outcomeOf(row)}, not ${wanted}`);
    }
  }
  return lines;
}

const outcomeOf = ({ outcome }: InvocationRow) => JSON.stringify(outcome);

/** Of all rounds. */
const fleet = new Fleet({ instances: 1 });

async function findMemories(store: Store): Promise<string[]> {
  const wrong = await checkMemories(store, engine.compiled, fleet).then(
    () => null,
    (error: unknown) => String(error),
  );
  return wrong === null ? [] : [wrong];
}
