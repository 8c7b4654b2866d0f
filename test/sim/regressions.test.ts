import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { play } from "./play.ts";
import type { Scenario } from "./scenario.ts";

const folder = join(import.meta.dirname, "regressions");

/** Scenarios in which a host once did what none may. */
const regressions = readdirSync(folder).map(
  (file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as { name: string; scenario: Scenario },
);

describe("what was found once does not come again:", () => {
  test.each(regressions.map(({ name, scenario }) => [name, scenario] as const))("%s", async (_, scenario) => {
    expect(await play(scenario)).toMatchObject({ violations: [] });
  });
});
