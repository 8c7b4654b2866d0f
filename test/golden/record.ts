import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildGuest } from "../../build/build.ts";
import { HostError } from "../../host/base/error.ts";
import { recordAgent } from "../../host/testing/record-agent.ts";
import { goldenEnding, goldenFolder, keepComponent, readComponents } from "./folder.ts";
import { Play } from "./play.ts";
import { scenarios } from "./scenarios.ts";

/**
 * Records the scenarios that have no golden yet, or those that are named, with the component that is kept:
 *
 *   node --conditions planaria-source test/golden/record.ts [--build] [SCENARIO…]
 *
 * `--build` builds guests.ts as it is now, and keeps that component beside those before it: some 700 kB for good.
 */

if (import.meta.main) {
  const { values, positionals } = parseArgs({ options: { build: { type: "boolean" } }, allowPositionals: true });
  const component = values.build ? await build() : newest();
  const names =
    positionals.length > 0 ? positionals : Object.keys(scenarios).filter((name) => !existsSync(fileOf(name)));
  for (const name of names) {
    const { header } = await recordScenario(name, component, fileOf(name));
    console.log(`${name}: ${header.entries} entries of ${header.agent}`);
  }
}

/** Errors: HostError `golden/exists` rather than record anew. */
export async function recordScenario(name: string, component: Uint8Array, file: string) {
  const scenario = scenarios[name];
  if (!scenario) {
    throw new HostError(
      "golden/no-scenario",
      `There is no scenario ${name}; there are ${Object.keys(scenarios).join(", ")}.`,
    );
  }
  await using play = await Play.open(component);
  const agent = await scenario(play);
  return await recordAgent(play.host, agent, file);
}

function fileOf(name: string): string {
  return join(goldenFolder, `${name}${goldenEnding}`);
}

async function build(): Promise<Uint8Array> {
  const { component, digest } = await buildGuest({ entry: join(import.meta.dirname, "guests.ts") });
  if (!readComponents().has(digest)) keepComponent(component);
  return component;
}

function newest(): Uint8Array {
  const component = [...readComponents().values()].at(-1);
  if (component) return component;
  throw new HostError("golden/no-component", "No component is kept yet. --build makes one.");
}
