import { MemoryState } from "../../host/store/memory-state.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import type { Changes, Fence, Store } from "../../host/store/store.ts";
import { SqliteShelf } from "./sqlite-shelf.ts";

/** Where the agents of a run are kept, and what may befall such a place. */
export interface Shelf extends AsyncDisposable {
  /** A connection of somebody who belongs to no host, and sees all that is committed. */
  readonly observer: Store;
  /** Opens a host's connection. */
  connect(now: () => number): Promise<Store>;
  /** A commit ends in the midst, when so many of its steps were written, or all but the last: nothing of it is there. */
  breakOff(store: Store, changes: Changes, fence: Fence, rows: number): Promise<void>;
  /**
   * The power fails in the midst of a commit, when some part of what it writes, from 0 to 1, is on the disk: all
   * connections end, and new ones see what is left. Nothing of other hosts comes between.
   */
  cutPower(commit: () => Promise<void>, part: number): Promise<void>;
}

export const shelfKinds = ["memory", "sqlite"] as const;

export type ShelfKind = (typeof shelfKinds)[number];

export async function openShelf(kind: ShelfKind, now: () => number): Promise<Shelf> {
  return kind === "memory" ? openMemoryShelf(now) : SqliteShelf.open(now);
}

/** Here a transaction is there or not: nothing of it lies in the midst. */
async function openMemoryShelf(now: () => number): Promise<Shelf> {
  const state = new MemoryState();
  return {
    observer: await openMemoryStore({ now, state }),
    connect: (ofHost) => openMemoryStore({ now: ofHost, state }),
    breakOff: async () => {},
    cutPower: async (commit, part) => {
      if (part === 1) await commit().catch(() => {});
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
