import { HostError } from "../base/error.ts";
import type { Handles } from "../wit/handle.ts";
import type { WitResource } from "../wit/type.ts";

/** Resources of a guest that its callers hold, by number: how JSON says which one is meant. */
export class HeldResources implements Handles {
  readonly #held = new Map<number, { resource: WitResource; object: object }>();
  readonly #leaving: number[] = [];
  /** The newest number that the agent has had: none is ever given twice. */
  newest = 0;

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  give(resource: WitResource, handle: number, owned: boolean): object {
    const held = this.#held.get(handle);
    if (held?.resource.name !== resource.name || held.resource.owner !== resource.owner) {
      throw new HostError(
        "call/argument",
        `There is no ${resource.name} with the handle ${handle}: handles are those that earlier calls of the same agent returned.`,
        { data: { handle, resource: resource.name } },
      );
    }
    if (owned) this.#leaving.push(handle);
    return held.object;
  }

  /** To be called when arguments were read: what they hand over for good is not held any more, if the call is made. */
  settle({ isMade }: { isMade: boolean }): void {
    if (isMade) for (const handle of this.#leaving) this.#held.delete(handle);
    this.#leaving.length = 0;
  }

  take(resource: WitResource, object: object): number {
    this.#held.set(++this.newest, { resource, object });
    return this.newest;
  }
}
