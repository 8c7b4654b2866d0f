import { expect, test } from "vitest";

// Nothing is imported here: `setupFiles` does it, and `imported.spec.ts` tells the compiler.

test("a golden replays", async () => {
  await expect("guests.wasm").toReplay("counter.oplog.jsonl");
});

test("an altered golden does not", async () => {
  await expect("guests.wasm").toReplay("altered.oplog.jsonl");
});
