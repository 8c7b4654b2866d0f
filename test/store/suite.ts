import { describe } from "vitest";
import type { OpenPlace } from "./scene.ts";
import { describeCalls } from "./suite/calls.ts";
import { describeCommits } from "./suite/commits.ts";
import { describeLists } from "./suite/lists.ts";
import { describeNodes } from "./suite/nodes.ts";
import { describeOplogs } from "./suite/oplogs.ts";
import { describeSnapshots } from "./suite/snapshots.ts";

/** What every store promises. `open` gives a new, empty place. */
export function describeStore(store: string, open: OpenPlace): void {
  describe(`the store in ${store}:`, () => {
    describeCommits(open);
    describeNodes(open);
    describeOplogs(open);
    describeCalls(open);
    describeLists(open);
    describeSnapshots(open);
  });
}
