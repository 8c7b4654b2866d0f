import { describe } from "vitest";
import type { OpenPlace } from "./scene.ts";
import { describeCalls } from "./suite/calls.ts";
import { describeCollections } from "./suite/collections.ts";
import { describeCommits } from "./suite/commits.ts";
import { describeFamilies } from "./suite/families.ts";
import { describeLists } from "./suite/lists.ts";
import { describeNodes } from "./suite/nodes.ts";
import { describeOplogs } from "./suite/oplogs.ts";
import { describeRequests } from "./suite/requests.ts";
import { describeSnapshots } from "./suite/snapshots.ts";
import { describeTargets } from "./suite/targets.ts";

/** What every store promises. `open` gives a new, empty place. */
export function describeStore(store: string, open: OpenPlace): void {
  describe(`the store in ${store}:`, () => {
    describeCommits(open);
    describeNodes(open);
    describeOplogs(open);
    describeCalls(open);
    describeLists(open);
    describeSnapshots(open);
    describeCollections(open);
    describeFamilies(open);
    describeTargets(open);
    describeRequests(open);
  });
}
