import type { Command } from "commander";
import { HostError } from "../../base/error.ts";
import { shortDigest } from "../../base/id.ts";
import { mergeSettings } from "../../component/settings.ts";
import { checkAdapters } from "../../imports/adapter-check.ts";
import { decodeWorld } from "../../wit/decode.ts";
import { emptyChanges } from "../../store/changes.ts";
import type { Store } from "../../store/store.ts";
import { act, type Context, type Declare } from "../command.ts";
import { addSettingsOptions, formatSettings, readSettings, type SettingsFlags } from "../component-option.ts";
import { findComponent, reportComponent, type ComponentFacts, type ComponentReport } from "../component-report.ts";
import type { Output } from "../output.ts";
import { formatBytes, formatNames, formatSpan, formatTable } from "../table.ts";

const examples = `
Examples:
  planaria components
  planaria components set crawl --allow-host example.com --allow-host '*.example.com'
  planaria components set sha256:9c1e52ab --depth-limit 500
  planaria components set crawl --no-allow-host

A component is named by its digest, by the beginning of it, or by the file or folder that it came from: then the newest of
that name is meant. What is set holds for all its agents, also for those that run in other processes, within a few seconds.
With --json: [{digest, name, createdAt, sizeBytes, agents: [name], functions: [name], settings: {allowedHosts,
fetchTimeoutMs, responseLimitBytes, depthLimit, inFlightLimit, payloadLimitBytes, stepLimitBytes, agentLimit, environment,
arguments, preopens, adapters: {INTERFACE: digest}}}]; of \`set\`, the one that was changed.`;

interface Report extends ComponentReport {
  sizeBytes: number;
}

export const declareComponents: Declare = (program, terminal) => {
  const components = program
    .command("components")
    .description("list the components of the store, or set what their agents may do")
    .addHelpText("after", examples);
  const declare = (name: string, description: string, isDefault = false): Command =>
    components.command(name, { isDefault }).description(description).addHelpText("after", examples);
  declare("list", "list them, the newest first", true).action(act(terminal, listComponents));
  addSettingsOptions(declare("set", "set what the agents of a component may do"))
    .argument("<component>", "its digest, or its name")
    .action(act(terminal, setComponent));
};

async function listComponents({ output, openStore, terminal }: Context): Promise<void> {
  await using store = await openStore("read");
  const reports: Report[] = [];
  for (const row of await store.components()) reports.push(await report(store, row));
  output.result(reports, (components, paint) => formatComponents(components, terminal.now(), paint));
  if (reports.length === 0) output.say(`No components in ${store.url}.`);
}

async function setComponent(
  { output, openStore, terminal }: Context,
  flags: SettingsFlags,
  text: string,
): Promise<void> {
  const said = await readSettings(flags);
  if (Object.keys(said).length === 0) {
    const message = "It is not said what to set\n  `planaria components set --help` shows what there is.";
    throw new HostError("cli/nothing-to-set", message);
  }
  await using store = await openStore("write");
  const { digest } = await findComponent(store, text);
  const row = (await store.component(digest))!;
  if (said.adapters) await checkAdapters(said.adapters, decodeWorld(row.bytes).imports);
  const changed = { ...row, settings: mergeSettings(row.settings, said) };
  await store.commit({ ...emptyChanges(), components: [changed] }, { node: null });
  output.result({ ...reportComponent(changed), sizeBytes: row.bytes.length }, (component, paint) =>
    formatComponents([component], terminal.now(), paint),
  );
}

async function report(store: Store, row: ComponentFacts): Promise<Report> {
  const bytes = (await store.component(row.digest))?.bytes;
  return { ...reportComponent(row), sizeBytes: bytes?.length ?? 0 };
}

function formatComponents(components: Report[], now: number, paint: Output["paint"]): string {
  if (components.length === 0) return "";
  const rows = components.map(({ digest, name, sizeBytes, createdAt, agents, functions, settings }) => [
    shortDigest(digest),
    name,
    formatBytes(sizeBytes),
    `${formatSpan(now - Date.parse(createdAt))} ago`,
    formatNames([...agents, ...functions]),
    formatSettings(settings) || paint("dim", "as by default"),
  ]);
  const head = ["COMPONENT", "NAME", "SIZE", "ADDED", "SERVES", "SETTINGS"].map((name) => paint("dim", name));
  return formatTable(head, rows, { right: [2, 3] });
}
