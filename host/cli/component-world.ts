import { HostError } from "../base/error.ts";
import { parseDescription, witSdk } from "../component/description.ts";
import { isAgentWorld } from "../imports/guest-imports.ts";
import type { Store } from "../store/store.ts";
import { decodeWorld, refuseUnsupported } from "../wit/decode.ts";
import { canonicalNames, matchNames } from "../wit/name.ts";
import type { WitWorld } from "../wit/type.ts";
import { formatNames } from "./table.ts";

/**
 * The types of a component; null for a guest of the SDK, which has none.
 *
 * Errors: those of `decodeWorld` and `refuseUnsupported`.
 */
export function readTypes(bytes: Uint8Array): WitWorld | null {
  const world = decodeWorld(bytes);
  if (isAgentWorld(world)) return null;
  refuseUnsupported(world);
  return world;
}

/**
 * The call that a component is for which none is said: that of a command's `run`.
 *
 * Errors: HostError `call/missing`, which lists what there is to call.
 */
export function findCommand(world: WitWorld | null): string {
  const names = world ? canonicalNames(world) : [];
  const command = names.find((name) => /^wasi:cli\/run@0\.2\.\d+#run$/.test(name));
  if (command !== undefined) return `${command}()`;
  const offered = names.length > 0 ? `\n  There is ${formatNames(names)}.` : "";
  throw new HostError(
    "call/missing",
    `Say what to call: the component is no command, which exports wasi:cli/run.${offered}`,
  );
}

/** Whom a call of the command line is for, as far as the store knows. */
export interface StoredCallee {
  /** Whether its component has types, so that its arguments are read by these. */
  typed: boolean;
  /** The function of such a component by its whole name; null: it is an agent, or a guest of the SDK. */
  function: string | null;
}

/** Looks for the newest component that has an agent type or function of a name: by all of it, else as people shorten it. */
export async function findStoredCallee(store: Store, name: string): Promise<StoredCallee> {
  const rows = (await store.components()).map(({ description }) => parseDescription(description));
  const exact = rows.find(({ agents, functions }) => [...agents, ...functions].some((each) => each.name === name));
  if (exact) {
    const isFunction = isTyped(exact) && exact.functions.some((each) => each.name === name);
    return { typed: isTyped(exact), function: isFunction ? name : null };
  }
  for (const { functions } of rows.filter(isTyped)) {
    const found = matchNames(
      functions.map((each) => each.name),
      name,
    );
    if (found.length > 0) return { typed: true, function: found.length === 1 ? found[0]! : name };
  }
  return { typed: false, function: null };
}

/** A component says what it offers by its types, or in the words of the SDK that it was written with. */
const isTyped = ({ sdk }: { sdk: string }) => sdk === witSdk;
