import * as sdk from "planaria/guest";
import { agent, run } from "planaria/guest";

// A guest for tests of the SDK: it does what it is told, in QuickJS, where it counts.

const AsyncFunction = async function () {}.constructor as new (
  ...code: string[]
) => (...values: unknown[]) => Promise<unknown>;

/** Runs the body of an async function in which the SDK's exports and this module's are at hand. */
export async function evaluate(body: string) {
  const names = { ...sdk, cell, keeper, twice, add, evaluate, kept };
  return new AsyncFunction(...Object.keys(names), body)(...Object.values(names));
}

/** What outlasts an invocation of `keeper`. */
const kept: Record<string, unknown> = {};

/** The same as `evaluate`, in an agent, which keeps what is put into `kept`. */
export const keeper = agent((_name: string) => ({
  evaluate: (body: string) => evaluate(body),
}));

export const cell = agent(async (name: string, first = 0) => {
  let value = await run(add, first, 0);
  return {
    set(next: number) {
      value = next;
      return value;
    },
    async get() {
      return value;
    },
    describe() {
      return { name, id: sdk.self.id, key: sdk.self.key, params: sdk.self.params, type: sdk.self.type };
    },
    fail(message: string) {
      throw new sdk.PlanariaError("cell/failed", message, { data: { value } });
    },
    notAMethod: 1,
  };
});

class Stack {
  #items: string[] = [];
  push(item: string) {
    return this.#items.push(item);
  }
}

/** An agent that is an object of a class. */
export const stack = agent(() => new Stack());

let attempts = 0;
/** Fails to begin at the first attempt. */
export const reluctant = agent(() => {
  attempts += 1;
  if (attempts === 1) throw new TypeError("not yet");
  return { attempts: () => attempts };
});

/** Makes no object. */
export const empty = agent((() => 42) as never);

export function add(a: number, b: number) {
  return a + b;
}

export function twice(value: number, by = 2) {
  return value * by;
}

export function passThrough(value: unknown) {
  return value;
}

/** Neither of these can be called from outside. */
export class Hidden {
  unseen = true;
}
export const constant = 42;
