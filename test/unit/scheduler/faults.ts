import type { Store } from "../../../host/store/store.ts";
import { intercept } from "../../../host/testing/dying-store.ts";

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
