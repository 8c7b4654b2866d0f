import { HostError } from "../base/error.ts";

/**
 * Stands for the class of a resource that no guest can have, for jco's glue asks for the class nevertheless.
 *
 * Errors: making one is HostError `guest/not-provided`, a trap.
 */
export function absent(resource: string, why: string) {
  return function Absent(): never {
    throw new HostError("guest/not-provided", `There is no ${resource}: ${why}.`);
  };
}
