import { PlanariaError } from "./failure.ts";

const names = new Map<object, string>();

/** Gives an agent type or function the name under which it is exported: its first one, if there are several. */
export function nameExport(value: object, name: string): void {
  if (!names.has(value)) names.set(value, name);
}

/** The name under which a function can be called. Throws PlanariaError `rpc/unknown-function`. */
export function nameOfFunction(fn: (...args: never[]) => unknown): string {
  const name = names.get(fn);
  if (name !== undefined) return name;
  throw new PlanariaError(
    "rpc/unknown-function",
    `rpc() was given a function (${typeof fn === "function" ? fn.name || "anonymous" : typeof fn}) that this component does not export: export it from the entry module, or use run() to call it here.`,
  );
}

/** The name under which an agent type can be called. Throws PlanariaError `rpc/unknown-agent`. */
export function nameOfAgentType(type: object): string {
  const name = names.get(type);
  if (name !== undefined) return name;
  throw new PlanariaError(
    "rpc/unknown-agent",
    "This agent type is not exported by this component: export it from the entry module, so that it has a name.",
  );
}
