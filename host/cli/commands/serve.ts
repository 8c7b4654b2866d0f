import { basename, resolve } from "node:path";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { HostError } from "../../base/error.ts";
import type { Digest } from "../../base/id.ts";
import type { SaidSettings } from "../../component/settings.ts";
import type { LogLine } from "../../scheduler/host.ts";
import type { Membership } from "../../scheduler/group.ts";
import { act, type Context, type Declare } from "../command.ts";
import { addSettingsOptions, readSettings, settingsHelp, type SettingsFlags } from "../component-option.ts";
import { reportComponent, type ComponentReport } from "../component-report.ts";
import { addNodeOptions, toHostOptions, type NodeFlags } from "../host-option.ts";
import {
  addMembershipOptions,
  readMembership,
  requireOwnName,
  thisProcess,
  watchName,
  type MembershipFlags,
} from "../node-option.ts";
import { readComponent } from "../read-component.ts";
import { formatNames } from "../table.ts";
import { interruption, showLog, type Open } from "../with-host.ts";

const examples = `
Examples:
  planaria serve
  planaria serve guests/enrichment --group enrichment-workers --name w1
  planaria serve guests/crawl --group crawlers --slots 8 --allow-host '*' --retention 1h

Goes on with what is unfinished in the store, and takes calls, until Ctrl-C or SIGTERM. Then it finishes the steps that are
under way, leaves the rest to others, and exits with 0; a second signal ends it at once, and nothing is lost then, either.
It takes what has no target; with --group, also the calls for that group: with these guests, else with the caller's own.
Several nodes may serve a group, and each name in it is borne by one of them at a time.
With --json: a line for each fact: {event: "ready", group, name, slots, pid, store, components: [as of \`planaria
components\`]}, {event: "ending", signal}, {event: "ended"}.
${settingsHelp}`;

interface Options extends MembershipFlags, SettingsFlags, NodeFlags {}

interface Guest {
  name: string;
  bytes: Uint8Array;
  settings: SaidSettings;
}

export const declareServe: Declare = (program, terminal) => {
  const command = program
    .command("serve")
    .description("run agents of the store until it is told to end, as a node of a group or as a plain one")
    .argument(
      "[guest...]",
      "what to serve: .ts or .js files, folders, .wasm components (default: what the store holds)",
    );
  addNodeOptions(addSettingsOptions(addMembershipOptions(command)))
    .addHelpText("after", examples)
    .action(act(terminal, serve));
};

async function serve(context: Context, flags: Options, names: string[]): Promise<void> {
  const { output, terminal } = context;
  const group = readMembership(flags);
  const guests = await readGuests(context, names, await readSettings(flags));
  const { openHost } = await import("../../open-host.ts"); // heavy
  await using store = await context.openStore(guests.length > 0 ? "make" : "write");
  if (group) await requireOwnName(store, group, { now: terminal.now(), self: null });
  {
    const log = (line: LogLine) => showLog(output, line);
    await using host = await openHost({ ...toHostOptions(flags), store, group, cacheFolder: cacheFolder(), log });
    const interrupted = Promise.withResolvers<NodeJS.Signals>();
    // While the host is closed it is heard no more: a second signal ends the process.
    using _listening = terminal.onInterrupt(interrupted.resolve);
    const tooEarly = interrupted.promise.then((signal) => Promise.reject(interruption(store.url, signal)));
    const ready = await Promise.race([getReady(context, { host, store }, group, guests), tooEarly, host.ended]);
    output.fact(ready, welcome(ready));
    using name = group && watchName(store, group, terminal.now);
    const signal = await Promise.race([interrupted.promise, host.ended, ...(name ? [name.lost] : [])]);
    output.fact({ event: "ending", signal }, "Finishing the steps under way. A second signal ends it at once.");
    await Promise.race([host.drain(), host.ended]);
  }
  output.fact({ event: "ended" }, `Ended. What is unfinished goes on with the next node on ${store.url}.`);
}

async function readGuests(context: Context, names: readonly string[], settings: SaidSettings): Promise<Guest[]> {
  if (names.length === 0 && Object.keys(settings).length > 0) {
    const message = "Settings are those of a guest: name it, or set them with `planaria components set`.";
    throw new HostError("cli/options", message);
  }
  const guests: Guest[] = [];
  for (const name of names)
    guests.push({ name: basename(resolve(name)), bytes: await readComponent(context, name), settings });
  return guests;
}

/** What a node says of itself when it has begun. */
interface Ready {
  event: "ready";
  group: string | null;
  name: string | null;
  slots: number | null;
  pid: number;
  store: string;
  components: ComponentReport[];
}

async function getReady(
  { terminal }: Context,
  { host, store }: Open,
  group: Membership | null,
  guests: readonly Guest[],
): Promise<Ready> {
  if (group) await requireOwnName(store, group, { now: terminal.now(), self: thisProcess() });
  const own = new Set<Digest>();
  for (const { bytes, name, settings } of guests) own.add((await host.addComponent(bytes, name, settings)).digest);
  await host.serve();
  const rows = await store.components();
  return {
    event: "ready",
    group: group?.name ?? null,
    name: group?.node ?? null,
    slots: group?.slots ?? null,
    pid: process.pid,
    store: store.url,
    components: rows.filter(({ digest }) => own.size === 0 || own.has(digest)).map(reportComponent),
  };
}

function welcome({ group, name, store, components }: Ready): string {
  const served = [...new Set(components.flatMap(({ agents, functions }) => [...agents, ...functions]))];
  const what = served.length > 0 ? `: ${formatNames(served)}` : "";
  const who = group === null ? "Serving" : `Serving ${group} as ${name}`;
  return `${who} on ${store}${what}. Ctrl-C ends it; nothing is lost.`;
}
