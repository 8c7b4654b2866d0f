import type { WitResource } from "./type.ts";

/** What JSON says of a resource is a number; this knows which object it stands for. */
export interface Handles {
  /** The object behind a handle; `owned`: it is handed over for good. */
  give(resource: WitResource, handle: number, owned: boolean): object;
  /** A handle for an object that was handed over. */
  take(resource: WitResource, object: object): number;
}

/** How JSON names the resource of a handle: `docs:store/buckets@0.1.0/bucket`. */
export function resourceName({ owner, name }: WitResource): string {
  return owner === "" ? name : `${owner}/${name}`;
}
