import { describe, expect, test } from "vitest";
import { chaos } from "../chaos/chaos.ts";

describe("processes that are killed for ten seconds", () => {
  test("lose no call, and make none twice", async () => {
    const seed = Number(process.env["PLANARIA_SEED"] ?? Date.now() % 2 ** 31);
    const { violations, calls, kills, agents } = await chaos({ spanMs: 10_000, seed });
    expect(violations, `PLANARIA_SEED=${seed}`).toEqual([]);
    expect(calls).toBeGreaterThan(0);
    expect(kills.nodes).toBeGreaterThan(0);
    expect(agents).toBeGreaterThan(calls);
  });
});
