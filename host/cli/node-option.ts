import { hostname } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { isTargetName } from "../agent/target.ts";
import { HostError, isHostError } from "../base/error.ts";
import type { Membership } from "../scheduler/group.ts";
import type { NodeRow, Store } from "../store/store.ts";
import { machineName } from "../system/machine.ts";
import { isAlive, nameMachine } from "./node-report.ts";
import { parsePositiveCount } from "./option.ts";

export interface MembershipFlags {
  group?: string;
  name?: string;
  slots?: number;
}

const defaultSlots = 64;

/** How often a node looks whether it bears its name alone, in milliseconds. */
const watchEveryMs = 2_000;

/** Adds the options that say whose calls a node takes. */
export function addMembershipOptions(command: Command): Command {
  return command
    .addOption(new Option("--group <name>", "take the calls of this group (default: of none)").argParser(readName))
    .addOption(
      new Option(
        "--name <name>",
        "what the node is called in its group (default: the machine's name and the process)",
      ).argParser(readName),
    )
    .option(
      "--slots <count>",
      `run so many agents of the group at once, those that wait not counted (default: ${defaultSlots})`,
      parsePositiveCount,
    );
}

/** Errors: HostError `cli/options` for a name or slots without a group. */
export function readMembership({ group, name, slots }: MembershipFlags): Membership | null {
  if (group !== undefined) return { name: group, node: name ?? defaultName(), slots: slots ?? defaultSlots };
  const lonely = name === undefined ? (slots === undefined ? undefined : "--slots") : "--name";
  if (lonely === undefined) return null;
  throw new HostError("cli/options", `${lonely} goes with --group: only the nodes of a group have names and slots.`);
}

/**
 * Sees to it that no other living node bears the name: a call that is for one node alone must not have two.
 *
 * Once it has joined, a node says which it is: then the one that started first keeps the name.
 * Errors: HostError `node/name-taken`.
 */
export async function requireOwnName(
  store: Store,
  { name, node }: Membership,
  { now, self }: { now: number; self: Pick<NodeRow, "pid" | "machine"> | null },
): Promise<void> {
  const rows = (await store.nodes()).filter((row) => row.group === name && row.name === node && isAlive(row, now));
  const isSelf = (row: NodeRow) => row.pid === self?.pid && row.machine === self.machine;
  const [first] = rows.toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  if (!first || isSelf(first)) return;
  throw new HostError(
    "node/name-taken",
    `${name} has a node ${node} already: process ${first.pid} on ${nameMachine(first)}. Give this one another --name, or end that one.`,
    { data: { group: name, name: node, pid: first.pid } },
  );
}

/** Who this process is among nodes. */
export const thisProcess = () => ({ pid: process.pid, machine: machineName() });

/**
 * Looks now and then whether a node that has joined bears its name alone, until it is disposed: one that was silent for
 * longer than its lease may come back when another has its name. The one that started first keeps it; the other's `lost`
 * rejects with HostError `node/name-taken`.
 */
export function watchName(
  store: Store,
  membership: Membership,
  now: () => number,
): Disposable & { lost: Promise<never> } {
  const lost = Promise.withResolvers<never>();
  const look = () =>
    requireOwnName(store, membership, { now: now(), self: thisProcess() }).catch((error: unknown) => {
      // That the store is lost is told by the host.
      if (isHostError(error, "node/name-taken")) lost.reject(error);
    });
  const timer = setInterval(look, watchEveryMs);
  return { lost: lost.promise, [Symbol.dispose]: () => clearInterval(timer) };
}

/** As others know it: unlike any other, as long as it lives. */
function defaultName(): string {
  const pid = String(process.pid);
  return `${hostname()
    .replace(/[^\w.-]/g, "-")
    .slice(0, 63 - pid.length)}-${pid}`;
}

function readName(text: string): string {
  if (isTargetName(text)) return text;
  throw new InvalidArgumentError('A name has up to 64 letters, digits, ".", "_" and "-".');
}
