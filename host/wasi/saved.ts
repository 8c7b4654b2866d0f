import { HostError } from "../base/error.ts";

/** What an object that a guest holds a handle of is, as JSON: so that it can be made again behind a snapshot. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** `kind` says who can make it again. */
export type Saved = { kind: string } & { [name: string]: Json };

/** What can say what it is. */
export interface Savable {
  /** null: it can't be made again, and a snapshot waits until the guest drops it. */
  save(): Saved | null;
}

/** What says of what kind it is. Errors: HostError `snapshot/corrupt`. */
export function checkSaved(saved: Json | undefined): Saved {
  if (typeof saved === "object" && saved !== null && "kind" in saved) return saved as Saved;
  return refuseSaved(saved);
}

export function refuseSaved(saved: Json | undefined): never {
  throw corruptWasi(`it holds an unknown object, ${JSON.stringify(saved)}`);
}

export function corruptWasi(what: string): HostError {
  return new HostError("snapshot/corrupt", `The snapshot cannot be read: ${what}.`);
}
