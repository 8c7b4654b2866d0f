import { HostError } from "../base/error.ts";
import type { Json, Wasi } from "../wasi/wasi.ts";
import type { HandleTable } from "./blocking-glue.ts";
import type { HeldResources } from "./held-resources.ts";

interface Saved {
  tables: SavedTable[];
  /** How many resources callers have been given handles of; there is no snapshot while they hold one. */
  handed: number;
}

interface SavedTable {
  handles: number[];
  /** The host's objects by the number that the table has for each; null: of a resource that the guest defines. */
  captured: [rep: number, saved: Json][] | null;
  count: number;
}

/**
 * What the host holds for a blocking guest, and what a snapshot has to hold beside its memory: which handles the guest
 * has, what is behind them, and its files.
 */
export class HostSide {
  readonly #tables: readonly HandleTable[];
  readonly #wasi: Wasi;
  readonly #held: HeldResources;

  constructor(tables: readonly HandleTable[], wasi: Wasi, held: HeldResources) {
    this.#tables = tables;
    this.#wasi = wasi;
    this.#held = held;
  }

  /**
   * Whether everything that the guest and its callers hold can be made again: an adapter's resource, a request in flight,
   * and a resource of the guest itself can't.
   */
  get canSave(): boolean {
    if (!this.#held.isEmpty) return false;
    return this.#tables.every(({ captured }) =>
      [...(captured?.values() ?? [])].every((object) => this.#wasi.saveObject(object) !== null),
    );
  }

  /** Equal states give equal bytes: a line of JSON, and WASI's own. */
  save(): Buffer {
    const tables = this.#tables.map(({ handles, captured, count }): SavedTable => ({
      handles: [...handles],
      captured: captured && [...captured].map(([rep, object]) => [rep, this.#wasi.saveObject(object)!]),
      count,
    }));
    const saved: Saved = { tables, handed: this.#held.newest };
    return Buffer.concat([Buffer.from(`${JSON.stringify(saved)}\n`), this.#wasi.save()]);
  }

  /** Errors: HostError `snapshot/corrupt`. */
  load(saved: Uint8Array): void {
    const bytes = Buffer.from(saved.buffer, saved.byteOffset, saved.byteLength);
    const end = bytes.indexOf("\n");
    const { tables, handed } = JSON.parse(bytes.toString("utf8", 0, end)) as Saved;
    if (tables.length !== this.#tables.length)
      throw new HostError("snapshot/corrupt", "The snapshot holds handles of another component.");
    this.#wasi.load(bytes.subarray(end + 1));
    this.#held.newest = handed;
    for (const [index, { handles, captured, count }] of tables.entries()) {
      const table = this.#tables[index]!;
      table.handles.splice(0, Infinity, ...handles);
      table.captured?.clear();
      for (const [rep, object] of captured ?? []) table.captured!.set(rep, this.#wasi.loadObject(object));
      table.handles._createdReps = new Set(captured?.map(([rep]) => rep) ?? handles.slice(2));
      if (table.captured) table.count = count;
    }
  }
}
