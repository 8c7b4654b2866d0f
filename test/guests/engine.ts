import * as sdk from "planaria/guest";
import { agent } from "planaria/guest";

// A guest for tests of the engine: it does what it is told, so that a test can be read in one place.

const AsyncFunction = async function () {}.constructor as new (
  ...code: string[]
) => (...values: unknown[]) => Promise<unknown>;

/** Runs the body of an async function in which the SDK, this module's exports, `kept` and `args` are at hand. */
function perform(body: string, kept: Record<string, unknown>, args: unknown[]): Promise<unknown> {
  const names = { ...sdk, actor, counter, act, trap, kept, args };
  return new AsyncFunction(...Object.keys(names), body)(...Object.values(names));
}

/** Does what it is told, and remembers what is put into `kept`. */
export const actor = agent((_name: string) => {
  const kept: Record<string, unknown> = {};
  return {
    act: (body: string, ...args: unknown[]) => perform(body, kept, args),
  };
});

/** The same, as a function. */
export function act(body: string, ...args: unknown[]) {
  return perform(body, {}, args);
}

/** Knows how often it was called, and by which calls. */
export const counter = agent((_name: string) => {
  let count = 0;
  const calls: string[] = [];
  return {
    add(by = 1) {
      count += by;
      calls.push(sdk.self.key);
      return count;
    },
    count: () => count,
    calls: () => calls,
  };
});

/** Overflows the native stack, where QuickJS can't see it coming: a trap. */
export function trap() {
  let nested: unknown[] = [];
  for (let i = 0; i < 20_000; i += 1) nested = [nested];
  return JSON.stringify(nested);
}
