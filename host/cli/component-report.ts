import { HostError } from "../base/error.ts";
import { digestOf, type Digest } from "../base/id.ts";
import { parseDescription } from "../component/description.ts";
import { parseSettings, type ComponentSettings } from "../component/settings.ts";
import type { ComponentRow, Store } from "../store/store.ts";
import { findNearest } from "../base/nearest.ts";
import { formatTime } from "./table.ts";

/** What `planaria components --json` prints of each. */
export interface ComponentReport {
  digest: Digest;
  /** Where it came from. */
  name: string;
  createdAt: string;
  /** The names that its agents and functions are called by. */
  agents: string[];
  functions: string[];
  /** Of an adapter, which is a program, the digest. */
  settings: ComponentSettings;
}

export type ComponentFacts = Omit<ComponentRow, "bytes">;

export function reportComponent({ digest, name, createdAt, description, settings }: ComponentFacts): ComponentReport {
  const { agents, functions } = parseDescription(description);
  const nameOf = (exported: { name: string }) => exported.name;
  return {
    digest,
    name,
    createdAt: formatTime(createdAt),
    agents: agents.map(nameOf),
    functions: functions.map(nameOf),
    settings: reportSettings(parseSettings(settings)),
  };
}

function reportSettings({ adapters, ...settings }: ComponentSettings): ComponentSettings {
  const digests = Object.entries(adapters).map(([name, source]) => [name, digestOf(Buffer.from(source))]);
  return { ...settings, adapters: Object.fromEntries(digests) };
}

/**
 * The component that a word of the command line means: a digest, the beginning of one, or the name of the newest that
 * bears it.
 *
 * Errors: HostError `component/unknown`, `cli/ambiguous`.
 */
export async function findComponent(store: Store, text: string): Promise<ComponentFacts> {
  const rows = await store.components();
  const digits = /^(?:sha256:)?([\da-f]{4,64})$/i.exec(text)?.[1]?.toLowerCase();
  const byDigest = digits === undefined ? [] : rows.filter(({ digest }) => digest.startsWith(digits));
  if (byDigest.length > 1) {
    const message = `${text} could be any of ${byDigest.length} components; say more digits of it.`;
    throw new HostError("cli/ambiguous", message, { data: { digests: byDigest.map(({ digest }) => digest) } });
  }
  const found = byDigest[0] ?? rows.find(({ name }) => name === text);
  if (found) return found;
  const nearest = findNearest(
    text,
    rows.map(({ name }) => name),
  );
  const hint = nearest === undefined ? "`planaria components` lists them." : `Did you mean ${nearest}?`;
  throw new HostError("component/unknown", `There is no component ${JSON.stringify(text)} in ${store.url}\n  ${hint}`, {
    data: { component: text },
  });
}
