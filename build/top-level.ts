import { dirname, join } from "node:path";
import { HostError } from "../host/base/error.ts";
import type { Bundle } from "./bundle.ts";
import { showExcerpt, showPlace } from "./place.ts";
import type { Place } from "./place.ts";
import { findOrigin, isOwnSource, makeSourceMap, mapStack } from "./source-map.ts";
import type { SourceMap } from "./source-map.ts";

/** What the guest's top-level code threw; `stack` is in lines of the bundle. */
interface Thrown {
  what: string;
  stack: string;
}

/**
 * Says why componentize-qjs refused a bundle, in lines of the guest's own files.
 *
 * componentize-qjs tells neither an error's class nor, for a call of the host, where it came from. So the same code is
 * run once more under a `try`, with a host each function of which throws; line numbers stay what they were.
 *
 * Shape:  `compile` gives the error of a second try with other code, undefined if there is none.
 */
export async function explainFailure(
  error: Error,
  bundle: Bundle,
  entry: string,
  compile: (code: string) => Promise<Error | undefined>,
): Promise<HostError> {
  const map = makeSourceMap(bundle.map);
  const folder = dirname(entry);
  // A bare `throw` makes the bundler drop what follows, even the guest itself: that is no fault of the syntax.
  const declared = /Failed to declare JavaScript module: (?:Error: )?(.*)\n([^]*)/.exec(error.message);
  if (declared && !error.message.includes("exported variable 'guest'")) {
    const what = `QuickJS does not understand this: ${declared[1]!}`;
    return refuse("build/syntax", { what, stack: "" }, findPlace(map, declared[2]!, folder), "", error);
  }
  const thrown = readThrown(await compile(watch(bundle.code))) ?? readTrap(error);
  if (thrown === undefined) {
    const message = `The guest could not be compiled: ${error.message.trim()}`;
    return new HostError("build/failed", message, { cause: error });
  }
  const place = findPlace(map, thrown.stack, folder);
  return refuse("build/top-level", thrown, place, mapStack(map, thrown.stack.trimEnd()), error);
}

const hint =
  "Top-level code runs once, while the guest is built, and has no host: no clock, no randomness, no log, no calls.\n" +
  "Move what needs them into an agent or a function.";

function refuse(code: string, thrown: Thrown, place: Place | undefined, stack: string, cause: Error): HostError {
  const what = code === "build/top-level" ? `The guest's top-level code failed: ${thrown.what}` : thrown.what;
  const lines = [
    place ? `${showPlace(place)}: ${what}` : what,
    place ? showExcerpt(place) : "",
    stack,
    // The SDK's own errors say that themselves.
    code === "build/top-level" && !thrown.what.startsWith("PlanariaError:") ? hint : "",
  ];
  return new HostError(code, lines.filter((line) => line !== "").join("\n"), {
    data: { ...place, thrown: thrown.what },
    cause,
  });
}

/** The first frame of a stack that lies in the guest's own code. */
function findPlace(map: SourceMap, stack: string, folder: string): Place | undefined {
  for (const [, line, column] of stack.matchAll(/componentize-qjs:user\.js:(\d+):(\d+)/g)) {
    const origin = findOrigin(map, Number(line), Number(column));
    if (origin !== undefined && !isOwnSource(origin.source)) return { ...origin, file: join(folder, origin.source) };
  }
  return undefined;
}

const mark = "planaria-thrown:";

/** The bundle in a `try` that tells all about an error, and with a host that can't be called. */
function watch(code: string): string {
  const host =
    `const $host = (name) => new Proxy({}, { get: (_, key) => key === "default" ? $host(name) : () => { ` +
    `throw new Error("planaria:host/" + name + " has no " + key + "() while a guest is built"); } });`;
  const report =
    `throw new Error(${JSON.stringify(mark)} + JSON.stringify(` +
    `error instanceof Error ? { what: error.name + ": " + error.message, stack: error.stack ?? "" } : { what: "it threw " + (JSON.stringify(error) ?? String(error)), stack: "" }));`;
  const body = code
    .replace(/^import "planaria:host[^"]*";/gm, "")
    .replace(/^import (.+) from "planaria:host\/([\w-]+)@[^"]*";/gm, (_, names: string, name: string) => {
      const pattern = names.replace(/^\* as /, "").replaceAll(" as ", ": ");
      return `const ${pattern} = $host("${name}");`;
    })
    .replace(/\bexport \{[^}]*\};?\s*$/, "");
  // What comes first stands on the first line, which keeps the numbers of all the others.
  return `${host} try { ${body}\n} catch (error) { ${report} }\nexport const guest = {};`;
}

function readThrown(error: Error | undefined): Thrown | undefined {
  const start = error?.message.indexOf(mark) ?? -1;
  if (error === undefined || start < 0) return undefined;
  return JSON.parse(error.message.slice(start + mark.length).split("\n")[0]!) as Thrown;
}

/** Failures that leave no JavaScript error behind. */
function readTrap({ message }: Error): Thrown | undefined {
  if (message.includes("dead lock")) return { what: "it awaits something that never comes.", stack: "" };
  if (message.includes("call stack exhausted")) return { what: "it calls itself without end.", stack: "" };
  if (message.includes("Failed to evaluate user JavaScript module")) {
    return { what: message.split("module evaluation: ").at(-1)!.trim(), stack: message };
  }
  return undefined;
}
