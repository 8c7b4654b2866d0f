import type { MemoryState } from "../../host/store/memory-state.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import { checkMemories } from "../../host/testing/review.ts";
import { engine } from "../unit/scheduler/scene.ts";
import type { Program } from "./program.ts";
import type { Server } from "./server.ts";

/** What somebody has to do yet, or nobody ever will. */
export function describeUnfinished({ agents }: MemoryState): string[] {
  return [...agents.values()].flatMap(({ row, operations, invocations, givenUp, deletions }) => [
    ...(row.state === "idle" || row.state === "ended" ? [] : [`${row.id} is ${row.state}`]),
    ...[...operations.values()].map(({ row: waits }) => `${row.id} waits for ${waits.operation} (${waits.source})`),
    ...[...invocations.values()].filter(({ state }) => state !== "done").map(({ key }) => `${row.id} has ${key} to do`),
    ...[...givenUp].map((key) => `${row.id} does not know that ${key} was given up`),
    ...(deletions.size > 0 ? [`${row.id} is to be deleted`] : []),
  ]);
}

export interface ReviewOptions {
  state: MemoryState;
  program: Program;
  server: Server;
}

/** What is wrong with what a program has left, when all hosts have gone. */
export async function review({ state, program, server }: ReviewOptions): Promise<string[]> {
  return [
    ...compare(
      "promises",
      [...state.promises.values()].map(({ state: end, payload }) => `${end} ${payload}`),
      program.promises,
    ),
    ...compare(
      "requests",
      [...server.paths.values()].map((paths) => [...paths].join(" and ")),
      program.paths,
    ),
    ...[...state.nodes.keys()].map((id) => `the node ${id} has left its lease`),
    ...[...state.agents.values()].filter(({ row }) => row.node !== null).map(({ row }) => `${row.id} has an owner`),
    ...findStrangeForks(state),
    ...(await findMemories(state)),
  ];
}

/** Lists of the same things, in any order. */
function compare(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const [left, right] = [found, wanted].map((list) => list.toSorted().join(", "));
  return left === right ? [] : [`the ${what} are ${left}, not ${right}`];
}

/** A fork from outside comes to the same end as what it was copied from, if that came to one. */
function findStrangeForks({ agents }: MemoryState): string[] {
  return [...agents.values()].flatMap(({ row, invocations }) => {
    if (row.parent?.operation !== 0) return [];
    const parent = agents.get(row.parent.agent);
    return [...invocations.values()].flatMap(({ key, outcome }) => {
      const wanted = JSON.stringify(parent?.invocations.get(key)?.outcome);
      return JSON.stringify(outcome) === wanted ? [] : [`${row.id} came to ${JSON.stringify(outcome)}, not ${wanted}`];
    });
  });
}

async function findMemories(state: MemoryState): Promise<string[]> {
  const store = await openMemoryStore({ now: () => 0, state });
  const wrong = await checkMemories(store, engine.compiled).then(
    () => null,
    (error: unknown) => String(error),
  );
  return wrong === null ? [] : [wrong];
}
