import { HostError } from "../base/error.ts";
import type { Journal } from "../replay/journal.ts";
import type { Suspension } from "./suspension.ts";

export function makeOperation(journal: () => Journal) {
  return {
    cancel(operation: number) {
      journal().note({ kind: "operation-canceled", operation });
    },
    await: (_operation: number): unknown => refuse("await"),
    select: (_operations: Uint32Array): unknown => refuse("select"),
  };
}

function refuse(name: string): never {
  throw new HostError(
    "guest/blocking",
    `The guest called operation.${name}, which blocks. In world agent outcomes are delivered as events.`,
  );
}

/** The same for a guest of world `blocking`, which waits here. */
export function makeBlockingOperation(journal: () => Journal, { wait, first, take }: Suspension) {
  return {
    ...makeOperation(journal),
    async await(operation: number): Promise<string> {
      await wait([operation]);
      const outcome = take(operation);
      // jco tells a result's error from a trap by its being no Error.
      if ("error" in outcome) throw outcome.error;
      return outcome.value;
    },
    async select(operations: Uint32Array): Promise<number> {
      if (operations.length === 0)
        throw new HostError("guest/invalid-argument", "operation.select was given no operation to wait for.");
      await wait([...operations]);
      return first([...operations]);
    },
  };
}
