import { HostError } from "../base/error.ts";
import type { Target } from "../store/store.ts";

const name = "[\\w.-]{1,64}";
const nameShape = new RegExp(`^${name}$`);
const shape = new RegExp(`^poll://(?:(?<any>any)|uni)@(?<group>${name})(?:/(?<node>${name}))?$`);

/**
 * Reads where a call says that a new agent is to live.
 *
 * Errors: HostError `rpc/bad-target`.
 */
export function parseTarget(text: string): Target {
  const { any, group, node = null } = shape.exec(text)?.groups ?? {};
  const only = any === undefined;
  if (group !== undefined && (!only || node !== null)) return { group, node, only };
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  throw new HostError(
    "rpc/bad-target",
    `${JSON.stringify(shown)} is no target. A target is poll://any@GROUP for any node of a group, poll://any@GROUP/NODE with a preference, or poll://uni@GROUP/NODE for that node only; names have up to 64 letters, digits, ".", "_" and "-".`,
    { data: { target: text } },
  );
}

/** The inverse of `parseTarget`. */
export function formatTarget({ group, node, only }: Target): string {
  return `poll://${only ? "uni" : "any"}@${group}${node === null ? "" : `/${node}`}`;
}

/** Whether it can be the name of a group, or of a node in one. */
export function isTargetName(text: string): boolean {
  return nameShape.test(text);
}
