import type { Store } from "../../../host/store/store.ts";

export interface DyingStore {
  wrap: (store: Store) => Store;
  /** Resolves when the process has died. */
  death: Promise<void>;
  /** How many commits there were. */
  count: () => number;
  /** It shall live, if it has not died yet: says whether it does. */
  spare(): boolean;
}

/**
 * Lets a process die at one of its commits, counted from 1: before it, or when it is on disk and before anybody knows.
 *
 * From then on its store never answers.
 */
export function dieAtCommit(fatal: number, when: "before" | "after"): DyingStore {
  const death = Promise.withResolvers<void>();
  let count = 0;
  let isDead = false;
  let isSpared = false;
  const never = () => new Promise<never>(() => {});
  const die = () => {
    isDead = true;
    death.resolve();
    return never();
  };
  const wrap = (store: Store) =>
    intercept(store, async (name, call) => {
      if (isDead) return never();
      if (name !== "commit" || isSpared) return call();
      count += 1;
      if (count === fatal && when === "before") return die();
      const result = await call();
      return count === fatal && !isSpared ? die() : result;
    });
  const spare = () => {
    isSpared = true;
    return !isDead;
  };
  return { wrap, death: death.promise, count: () => count, spare };
}

/** Stands before every method of a store. */
export function intercept(
  store: Store,
  handle: (name: keyof Store, call: () => Promise<unknown>) => Promise<unknown>,
): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const value = target[name];
      if (typeof value !== "function") return value;
      return (...args: never[]) =>
        handle(name, () => (value as (...args: never[]) => Promise<unknown>).apply(target, args));
    },
  });
}

export interface PausableStore {
  wrap: (store: Store) => Store;
  /** Resolves when the store stands still. */
  paused: Promise<void>;
  pause(): void;
  /** It goes on, and stops no more by itself. */
  resume(): void;
}

/** Lets a process be stopped, as a laptop is that is shut: when it is told to, or before a commit, counted from 1. */
export function makePausable(fatal = 0): PausableStore {
  const paused = Promise.withResolvers<void>();
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  let count = 0;
  let isDone = false;
  const pause = () => {
    gate = Promise.withResolvers();
    paused.resolve();
  };
  const wrap = (store: Store) =>
    intercept(store, async (name, call) => {
      if (name === "commit" && (count += 1) === fatal && !isDone) pause();
      await gate.promise;
      return call();
    });
  const resume = () => {
    isDone = true;
    gate.resolve();
  };
  return { wrap, paused: paused.promise, pause, resume };
}

/** Lets commits fail with an error that `fails` gives, counted from 1. */
export function failCommits(fails: (commit: number) => Error | null): (store: Store) => Store {
  let count = 0;
  return (store) =>
    intercept(store, async (name, call) => {
      const error = name === "commit" ? fails((count += 1)) : null;
      if (error) throw error;
      return call();
    });
}
