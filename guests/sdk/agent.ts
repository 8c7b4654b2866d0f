import { checkOptions, type Attached, type CallOptions, type Detached } from "./call-options.ts";
import type { Call, Triggered } from "./call.ts";
import { PlanariaError } from "./failure.ts";
import { argsToJson } from "./json.ts";
import { nameOfAgentType } from "./registry.ts";
import { callAgent, deleteAgent, type DeleteOptions } from "./rpc.ts";

type Method = (...args: never[]) => unknown;

/** Names that a client keeps for itself. */
type Word = "id" | "trigger" | "at" | "with" | "delete" | "then" | "toJSON";

/** Methods may not take a client's own words; the type of such a one is the message that the compiler shows. */
type Clear = { readonly [Name in Word]?: `a client has a "${Name}" of its own: give the method another name` };

/** The methods of an agent, each giving a call that can be awaited. */
export type Calls<Agent> = {
  readonly [Name in keyof Agent as Agent[Name] extends Method ? Name & string : never]: Agent[Name] extends (
    ...args: infer Args
  ) => infer R
    ? (...args: Args) => Call<Awaited<R>>
    : never;
};

/** The methods of an agent, each giving a call that nobody waits for. */
export type Triggers<Agent> = {
  readonly [Name in keyof Agent as Agent[Name] extends Method ? Name & string : never]: Agent[Name] extends (
    ...args: infer Args
  ) => unknown
    ? (...args: Args) => Triggered
    : never;
};

/** One agent as others see it. */
export type Client<Agent> = Calls<Agent> & {
  /** The agent's id, such as `counter("c1")`. */
  readonly id: string;
  /** Calls that nobody waits for: they outlive the invocation that made them. */
  readonly trigger: Triggers<Agent>;
  /** Such calls, to be started at a moment; a number counts milliseconds since 1970. */
  at(moment: Date | number): Triggers<Agent>;
  /** Calls with options. */
  with(options: Detached): Triggers<Agent>;
  with(options: Attached): Calls<Agent>;
  /** Deletes the agent, its memory and its journal. Resolves once there is none. */
  delete(options?: DeleteOptions): Call<void>;
};

/** A kind of agent. There is one agent for each list of parameters, from its first call on. */
export interface AgentType<Params extends unknown[], Agent> {
  /** The agent with these parameters. It needs no making: its first call does that. */
  get(...params: Params): Client<Agent>;
}

/**
 * Makes a kind of agent of a function that makes an object with methods.
 *
 * The function runs in the first invocation of each agent, with the agent's parameters. What its closure holds is the
 * agent's state: memory is the database. If it throws, the invocation fails with that, and the next one tries again.
 * Export the result: the export's name is the agent type's name.
 */
export function agent<F extends (...params: never[]) => Made | Promise<Made>>(
  factory: F,
): AgentType<Parameters<F>, Awaited<ReturnType<F>>> {
  return new ExportableType(factory as unknown as Factory);
}

type Made = object & Clear;
type Factory = (...params: unknown[]) => object | Promise<object>;

/** What `agent` gives, as the SDK sees it. */
export class ExportableType implements AgentType<any[], any> {
  readonly factory: Factory;

  constructor(factory: Factory) {
    if (typeof factory !== "function") {
      throw new PlanariaError("guest/bad-argument", "agent() takes a function that makes an object with methods.");
    }
    this.factory = factory;
  }

  get(...params: unknown[]): Client<any> {
    return makeClient(`${nameOfAgentType(this)}(${argsToJson(params).slice(1, -1)})`, {});
  }
}

/**
 * A kind of agent that another component has, by its name; of what it can do, the caller has to know.
 *
 * ```ts
 * const adder = remote<{ add(a: number, b: number): number }>("adder");
 * await adder.get("a").add(1, 2);
 * ```
 *
 * Errors: a call rejects with `rpc/unknown-agent`, `rpc/unknown-method`.
 */
export function remote<Agent extends object, Params extends unknown[] = unknown[]>(
  type: string,
): AgentType<Params, Agent> {
  return { get: (...params) => makeClient(`${type}(${argsToJson(params).slice(1, -1)})`, {}) };
}

interface Target {
  id: string;
  options: CallOptions;
}

function makeClient(id: string, options: CallOptions): Client<any> {
  return new Proxy({ id, options }, handler) as unknown as Client<any>;
}

const handler: ProxyHandler<Target> = {
  get({ id, options }, name) {
    switch (name) {
      case "id":
        return id;
      case "trigger":
        return makeClient(id, { ...options, detached: true });
      case "at":
        return (at: Date | number) => makeClient(id, { ...options, at, detached: true });
      case "with":
        return (more: CallOptions) => {
          checkOptions(more);
          return makeClient(id, { ...options, ...more });
        };
      case "delete":
        return (more?: DeleteOptions) => deleteAgent(id, more);
      case "toString":
        return () => id;
      case "toJSON":
        return refuseJson.bind(undefined, id);
      case "then":
        return undefined;
    }
    if (typeof name === "symbol" || name in Object.prototype) return Reflect.get(Object.prototype, name);
    return (...args: unknown[]) => callAgent(id, name, args, options);
  },
};

function refuseJson(id: string): never {
  throw new PlanariaError(
    "guest/not-json",
    `a client of ${id} cannot be handed on: give its parameters, and get it there`,
  );
}
