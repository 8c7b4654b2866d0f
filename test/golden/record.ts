import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildGuest } from "../../build/build.ts";
import { HostError } from "../../host/base/error.ts";
import { recordAgent } from "../../host/testing/record-agent.ts";
import { foreigners, foreignScenarios } from "./foreign-scenarios.ts";
import { goldenEnding, goldenFolder, keepComponent, keepForeign, readComponents, readForeign } from "./folder.ts";
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
  const all = [...Object.keys(scenarios), ...Object.keys(foreignScenarios)];
  const names = positionals.length > 0 ? positionals : all.filter((name) => !existsSync(fileOf(name)));
  for (const name of names) {
    const { header } = await recordScenario(name, component, fileOf(name));
    console.log(`${name}: ${header.entries} entries of ${header.agent}`);
  }
}

/** Errors: HostError `golden/exists` rather than record anew. */
export async function recordScenario(name: string, component: Uint8Array, file: string) {
  const foreign = foreignScenarios[name];
  const scenario = foreign?.scenario ?? scenarios[name];
  if (!scenario) {
    const names = [...Object.keys(scenarios), ...Object.keys(foreignScenarios)].join(", ");
    throw new HostError("golden/no-scenario", `There is no scenario ${name}; there are ${names}.`);
  }
  await using play = await Play.open(foreign ? await takeForeign(foreign.component) : component, {}, foreign?.settings);
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

/** A component of another make, as it is kept; it is built and kept if there is none yet. */
async function takeForeign(name: keyof typeof foreigners): Promise<Uint8Array> {
  return readForeign(name) ?? keepForeign(name, await foreigners[name]!());
}

function newest(): Uint8Array {
  const component = [...readComponents().values()].at(-1);
  if (component) return component;
  throw new HostError("golden/no-component", "No component is kept yet. --build makes one.");
}
