import { existsSync } from "node:fs";
import { HostError } from "../base/error.ts";
import type { Store } from "../store/store.ts";

export type Durability = "full" | "relaxed";

export interface StoreOptions {
  durability: Durability;
  /** read: to look and not to change; write: to change what is there; make: the same, and made if there is none. */
  access: "read" | "write" | "make";
  now(): number;
}

/**
 * Opens the store that a URL names: `sqlite:PATH` or `memory:`.
 *
 * Errors: HostError `cli/store-url`, `store/missing`, and those of the store.
 */
export async function openStore(url: string, { durability, access, now }: StoreOptions): Promise<Store> {
  const [, scheme, path = ""] = /^(\w+):(.*)$/s.exec(url) ?? [];
  if (scheme === "memory" && path === "") {
    const { openMemoryStore } = await import("../store/memory-store.ts");
    return openMemoryStore({ now });
  }
  if (scheme !== "sqlite" || path === "") {
    const hint = existsSync(url) ? `\n  Did you mean --store sqlite:${url}?` : "";
    throw new HostError(
      "cli/store-url",
      `${JSON.stringify(url)} names no store: a store is sqlite:PATH, or memory:${hint}`,
      {
        data: { url },
      },
    );
  }
  if (access !== "make" && !existsSync(path)) {
    const hint = "`planaria run` makes it; --store or PLANARIA_STORE names another.";
    throw new HostError("store/missing", `There is no store ${url} yet\n  ${hint}`, { data: { url } });
  }
  const { openSqliteStore } = await import("../store/sqlite-store.ts");
  return openSqliteStore({ file: path, durability, readOnly: access === "read", now });
}
