import type { NodeId } from "../base/id.ts";
import type { NodeRow, Store } from "../store/store.ts";

/** A store's answers end where its process dies. */
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
 * Lets a process die at one of its commits, counted from 1: before it, or when it is in the store and before anybody
 * knows; 0: never. From then on its store never answers.
 */
export function dieAtCommit(fatal: number, when: "before" | "after" = "after"): DyingStore {
  const death = Promise.withResolvers<void>();
  let [count, isDead, isSpared] = [0, false, false];
  const never = () => new Promise<never>(() => {});
  const die = () => {
    isDead = true;
    death.resolve();
    return never();
  };
  const wrap = (store: Store) =>
    intercept(store, async (name, call) => {
      if (isDead) return never();
      const isCommit = name === "commit" && !isSpared;
      if (isCommit && (count += 1) === fatal && when === "before") return die();
      const result = await call();
      if (isDead) return never();
      return isCommit && count === fatal && !isSpared ? die() : result;
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
  handle: (name: keyof Store, call: () => Promise<unknown>, args: readonly unknown[]) => Promise<unknown>,
): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const value = target[name];
      if (typeof value !== "function") return value;
      return (...args: never[]) =>
        handle(name, () => (value as (...args: never[]) => Promise<unknown>).apply(target, args), args);
    },
  });
}

/** Tells as which node a process joins its store. */
export function watchJoin(store: Store, joins: (id: NodeId) => void): Store {
  return intercept(store, (name, call, [row]) => {
    if (name === "join") joins((row as NodeRow).id);
    return call();
  });
}
