import { HostError } from "../base/error.ts";
import type { Journal } from "../replay/journal.ts";

/**
 * The journal of a guest that is being instantiated, before it is anybody's.
 *
 * All agents of a component begin as the same image, so time stands still at the beginning, chance is the same bytes for
 * all, what is printed is dropped, and nothing can be started.
 */
export class StartJournal implements Journal {
  readonly at = 0;

  admit(): void {}

  nextOperation(): never {
    throw new HostError(
      "component/start",
      "The component starts an operation while it is instantiated. It has to wait until it is called.",
    );
  }

  note(): void {}

  draw(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, (_, index) => (index * 167 + 13) % 256);
  }

  observe(what: string): never {
    throw new HostError(
      "component/start",
      `The component looks at ${what} while it is instantiated. It has to wait until it is called.`,
    );
  }
}
