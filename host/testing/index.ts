/**
 * `planaria/testing`: golden-file replay tests for guests, with vitest.
 *
 * Import this module in a test file, or name it in `setupFiles`; either makes `toReplay` known to `expect`, at run time
 * and to the compiler.
 *
 * ```ts
 * import "planaria/testing";
 *
 * test("the order flow does what it did", async () => {
 *   await expect("guests/order").toReplay("test/golden/order.oplog.jsonl");
 * });
 * ```
 *
 * A golden may be replayed with the component that it was recorded with, or with what has become of it: the test fails
 * at the first thing that it does otherwise, and shows it. The memory that it leads to is compared with the recorded
 * component only, since the code of another lies in its memory, too.
 */
import { expect } from "vitest";
import { matchReplay } from "./match-replay.ts";

declare module "vitest" {
  // The names of the parameters are vitest's.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * Replays a golden file with a component: the path of a .wasm file, of a guest's source or of its folder, or the
     * bytes of a component. Paths are relative to the working directory.
     *
     * `planaria record` and `recordAgent` write golden files.
     */
    toReplay(file: string | URL): Promise<void>;
  }
}

expect.extend({ toReplay: matchReplay });

export {
  crashEverywhere,
  type CrashCall,
  type CrashOptions,
  type CrashReport,
  type Scenario,
} from "./crash-everywhere.ts";
export { decodeGolden, encodeGolden, type Golden } from "../golden/golden.ts";
export { recordGolden, replayGolden, type GoldenReplay } from "../golden/record.ts";
export { readGolden, writeGolden } from "./golden-file.ts";
export { readComponent, type ComponentSource } from "./read-component.ts";
export { recordAgent, type RecordOptions } from "./record-agent.ts";
