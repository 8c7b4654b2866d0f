import { HostError } from "../base/error.ts";
import { camelCase, pascalCase } from "../wit/spelling.ts";
import type { WitFunction, WitSide } from "../wit/type.ts";
import { isClass, loadAdapter } from "./adapter-module.ts";
import { splitName, withoutVersion } from "../wit/name.ts";
import { makeAdapterHost } from "./adapter.ts";

/**
 * Sees that adapters have all that a component imports of the interfaces that they stand for, before anybody calls it.
 *
 * Errors: HostError `component/bad-adapter`, which names what is missing.
 */
export async function checkAdapters(sources: Record<string, string>, imports: WitSide): Promise<void> {
  for (const [name, source] of Object.entries(sources)) {
    const functions = findImported(name, imports);
    const adapter = await loadAdapter(name, source);
    const [made, again] = [adapter(makeIdleSeat(name)), adapter(makeIdleSeat(name))];
    const missing = functions.filter((each) => !has(made, each)).map((each) => each.name);
    if (missing.length > 0) throw refuse(name, `lacks what the component imports:\n  ${missing.join("\n  ")}`);
    const shared = Object.keys(made).find((key) => isClass(key) && made[key] === again[key]);
    if (shared !== undefined)
      throw refuse(name, `shares the class ${shared}. Declare it in the function, not beside it`);
  }
}

function findImported(name: string, { functions, interfaces }: WitSide): WitFunction[] {
  if (name === "$root") return functions;
  const bare = withoutVersion(name);
  const found = interfaces.find((each) => each.name === name || (bare === name && withoutVersion(each.name) === name));
  if (found) return found.functions;
  const imported = interfaces.map((each) => each.name).join(", ");
  throw refuse(name, `stands for nothing: the component imports ${imported === "" ? "no interface" : imported}`);
}

/** Whether an adapter has a function that the component imports, `[method]lock.acquire` say. */
function has(made: Record<string, unknown>, { name }: WitFunction): boolean {
  const { kind, resource, local } = splitName(name);
  if (resource === null) return typeof made[camelCase(local)] === "function";
  const resourceClass = made[pascalCase(resource)];
  if (typeof resourceClass !== "function") return false;
  if (kind === "constructor") return true;
  const owner = (kind === "method" ? resourceClass.prototype : resourceClass) as Record<string, unknown>;
  return typeof owner[camelCase(local)] === "function";
}

/** What an adapter is given when nobody calls it. */
function makeIdleSeat(name: string) {
  const early = () => {
    throw refuse(name, "uses the host before anybody calls it");
  };
  return makeAdapterHost({ journal: early, agent: early, wait: early, takeOutcome: early });
}

function refuse(name: string, why: string): HostError {
  return new HostError("component/bad-adapter", `The adapter of ${name} ${why}.`, { data: { interface: name } });
}
