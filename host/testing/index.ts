import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { readComponent } from "./read-component.ts";
import { decodeGolden } from "../golden/golden.ts";
import { replayGolden } from "../golden/record.ts";

/**
 * Golden-file replay tests for guests, with vitest: import this module in a test file, or name it in `setupFiles`.
 *
 * ```ts
 * import "planaria/testing";
 * test("the order flow does what it did", async () => {
 *   await expect("guests/order").toReplay("order.oplog.jsonl");
 * });
 * ```
 */

declare module "vitest" {
  // The names of the parameters are vitest's.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * Replays a golden file, recorded by `planaria record`, with a component: the path of a .wasm file or of a guest's
     * source, or the bytes of a component.
     */
    toReplay(file: string): Promise<void>;
  }
}

expect.extend({
  async toReplay(received: string | Uint8Array, file: string) {
    const golden = decodeGolden(await readFile(file, "utf8"), file);
    const { failure } = await replayGolden(golden, await readComponent(received));
    return {
      pass: failure === null,
      message: () => failure?.message ?? `${file} replays, entry for entry; it was expected not to.`,
    };
  },
});

export { decodeGolden, encodeGolden, type Golden } from "../golden/golden.ts";
export { replayGolden, type GoldenReplay } from "../golden/record.ts";
export { readComponent } from "./read-component.ts";
