import log from "planaria:host/log@0.1.0";
import { ExportableType } from "./agent.ts";
import { settleOperation, type OutcomeEvent } from "./call.ts";
import { describeExports, type Description } from "./description.ts";
import { failureJson, PlanariaError, toFailure } from "./failure.ts";
import {
  abandonInvocation,
  beginInvocation,
  cancelInvocation,
  endHeldInvocation,
  endInvocation,
  type InvokeEvent,
} from "./invocation.ts";
import { toJson } from "./json.ts";
import { nameExport } from "./registry.ts";
import { suggest } from "./suggestion.ts";

type Work = (...args: unknown[]) => unknown;
type Event = OutcomeEvent | { cancel: number } | { abandon: number };

/** The export `guest` of a component: see wit/guest.wit. Nothing may be thrown out of it: that would be a trap. */
export interface Guest {
  describe(): string;
  invoke(invocation: string): Promise<void>;
  deliver(events: string): Promise<void>;
}

/**
 * Makes a guest of the exports of a module: its agent types and functions can be called under their export names.
 *
 * Classes, constants and whatever else is exported stay inside.
 */
export function register(exports: Readonly<Record<string, unknown>>, source?: Description): Guest {
  const types = new Map<string, ExportableType>();
  const functions = new Map<string, Work>();
  for (const [name, value] of Object.entries(exports)) {
    if (value instanceof ExportableType) types.set(name, value);
    else if (isFunction(value)) functions.set(name, value);
    else continue;
    nameExport(value, name);
  }
  const description = JSON.stringify(describeExports(types.keys(), functions.keys(), source));
  let made: object | undefined;

  async function carryOut(event: InvokeEvent): Promise<string> {
    if ("function" in event) return toJson(await functionOf(functions, event.function)(...event.args), "result");
    made ??= await make(types, event.agent, event.params);
    return toJson(await Reflect.apply(methodOf(made, event.agent, event.method), made, event.args), "result");
  }

  return {
    describe: () => description,
    async invoke(json) {
      try {
        const event = JSON.parse(json) as InvokeEvent;
        const invocation = beginInvocation(event);
        carryOut(event).then(
          (val) => endInvocation(invocation, { tag: "ok", val }),
          (error: unknown) => endInvocation(invocation, { tag: "err", val: failureJson(error) }),
        );
      } catch (error) {
        complain("invoke", error);
      }
    },
    async deliver(json) {
      try {
        for (const event of JSON.parse(json) as Event[]) deliverEvent(event);
        endHeldInvocation();
      } catch (error) {
        complain("deliver", error);
      }
    },
  };
}

function deliverEvent(event: Event): void {
  if ("operation" in event) settleOperation(event);
  else if ("cancel" in event) cancelInvocation(event.cancel);
  else abandonInvocation(event.abandon);
}

/** A class is no function to be called: its `prototype` is fixed. */
function isFunction(value: unknown): value is Work {
  return typeof value === "function" && Object.getOwnPropertyDescriptor(value, "prototype")?.writable !== false;
}

function functionOf(functions: ReadonlyMap<string, Work>, name: string): Work {
  const work = functions.get(name);
  if (work !== undefined) return work;
  throw new PlanariaError(
    "rpc/unknown-function",
    `There is no function ${name}. ${suggest(name, [...functions.keys()], "functions")}`,
  );
}

async function make(types: ReadonlyMap<string, ExportableType>, name: string, params: unknown[]): Promise<object> {
  const type = types.get(name);
  if (type === undefined) {
    throw new PlanariaError(
      "rpc/unknown-agent",
      `There is no agent type ${name}. ${suggest(name, [...types.keys()], "agent types")}`,
    );
  }
  const made: unknown = await type.factory(...params);
  if (typeof made === "object" && made !== null) return made;
  throw new PlanariaError("rpc/unknown-agent", `The function of the agent type ${name} gave no object with methods.`);
}

/** A method of an agent: of its own, or of its class, but none that every object has. */
function methodOf(made: object, type: string, name: string): Work {
  if (name !== "constructor" && name in made && !(name in Object.prototype)) {
    const method = (made as Record<string, unknown>)[name];
    if (typeof method === "function") return method as Work;
  }
  const message = `The agent type ${type} has no method ${name}. ${suggest(name, listMethods(made), "methods")}`;
  throw new PlanariaError("rpc/unknown-method", message);
}

function listMethods(made: object): string[] {
  const names = new Set<string>();
  for (
    let level: object | null = made;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === "function" && !(name in Object.prototype)) names.add(name);
    }
  }
  return [...names];
}

function complain(entrance: string, error: unknown): void {
  const { message, stack = "" } = toFailure(error);
  log.log("error", `The guest failed in ${entrance}, outside of any method: ${message}\n${stack}`);
}
