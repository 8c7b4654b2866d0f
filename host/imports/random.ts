import { HostError } from "../base/error.ts";
import type { Journal } from "../replay/journal.ts";

const limitBytes = 65_536;

export function makeRandom(journal: () => Journal) {
  return {
    bytes(count: number) {
      if (count > limitBytes)
        throw new HostError("guest/invalid-argument", `random.bytes: ${count} is over the limit of ${limitBytes}.`);
      return journal().draw(count);
    },
  };
}
