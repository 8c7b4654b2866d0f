import { DatabaseSync } from "node:sqlite";
import { functionAgentId, invocationKey } from "../../host/base/id.ts";
import type { CompiledComponent } from "../../host/component/compile.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type { Store } from "../../host/store/store.ts";
import { checkMemories } from "../../host/testing/review.ts";
import type { Server } from "./server.ts";

export interface CheckOptions {
  file: string;
  component: CompiledComponent;
  server: Server;
  /** The errands that were run, each by its key. */
  errands: readonly string[];
  /** What the tallies say, of each kind all together. */
  tallies: Record<"begun" | "carried" | "done", readonly string[]>;
}

export interface Checked {
  agents: number;
  entries: number;
  /** What is not as it must be. */
  violations: string[];
}

/** What a run of errands has left, with all processes gone: each was run once, whatever was killed. */
export async function check({ file, component, server, errands, tallies }: CheckOptions): Promise<Checked> {
  await using store = await openSqliteStore({ file, readOnly: true, now: Date.now });
  const agents = await store.agents();
  const replayed = await checkMemories(store, component).then(
    () => [],
    (error: unknown) => [String(error)],
  );
  const wanted = errands.toSorted();
  const paths = [...server.paths.values()].map((each) => [...each].join(" and ").slice(1));
  return {
    agents: agents.length,
    entries: agents.reduce((sum, { length }) => sum + length, 0),
    violations: [
      ...(await checkOutcomes(store, wanted)),
      ...Object.entries(tallies).flatMap(([name, found]) => compare(`the errands ${name}`, found, wanted)),
      ...compare("the requests, by their keys", paths, wanted),
      ...(await checkLeft(store)),
      ...replayed,
      ...checkFile(file),
    ],
  };
}

/** What an errand brings. */
export const outcomeOf = (errand: string) => ({
  errand,
  carried: `${errand} carried`,
  answer: `${errand} answered`,
  fetched: `${errand} fetched`,
  doubled: 2 * errand.length,
});

async function checkOutcomes(store: Store, errands: readonly string[]): Promise<string[]> {
  const wrong = errands.map(async (errand) => {
    const key = invocationKey(errand);
    const row = await store.invocation(functionAgentId("go", key), key);
    const wanted = JSON.stringify({ value: JSON.stringify(outcomeOf(errand)) });
    const found = JSON.stringify(row?.outcome);
    return found === wanted ? [] : [`${errand} came to ${found}`];
  });
  return (await Promise.all(wrong)).flat();
}

/** What somebody has to do yet, and what belongs to processes that are gone. */
async function checkLeft(store: Store): Promise<string[]> {
  const left: string[] = [];
  for (const { id, state, node } of await store.agents()) {
    if (state !== "idle" && state !== "ended") left.push(`${id} is ${state}`);
    if (node !== null) left.push(`${id} belongs to a node`);
    for (const { key } of await store.queue(id)) left.push(`${id} has ${key} to do`);
    for (const { operation } of await store.operations(id)) left.push(`${id} waits for ${operation}`);
  }
  for (const { name } of await store.nodes()) left.push(`the node ${name} has left its lease`);
  for (const { id } of await store.promises({ state: "pending" })) left.push(`the promise ${id} is pending`);
  return left;
}

function checkFile(file: string): string[] {
  using database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare("PRAGMA integrity_check").all();
  return rows.flatMap(({ integrity_check: said }) => (said === "ok" ? [] : [`the file: ${String(said)}`]));
}

/** Lists of the same things, in any order: shows what there is too much of, and what is missing. */
function compare(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const rest = [...wanted];
  const surplus = found.filter((each) => {
    const at = rest.indexOf(each);
    if (at !== -1) rest.splice(at, 1);
    return at === -1;
  });
  return [
    ...(surplus.length > 0 ? [`of ${what}, too many: ${surplus.slice(0, 9).join(", ")}`] : []),
    ...(rest.length > 0 ? [`of ${what}, missing: ${rest.slice(0, 9).join(", ")}`] : []),
  ];
}
