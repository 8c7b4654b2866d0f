import { describe, expect, test } from "vitest";
import { findEntry } from "../../../build/entry.ts";
import { openGuestFolder, refusalOf } from "./guest-folder.ts";

describe("findEntry", () => {
  test("a file is its own entry", () => {
    using guest = openGuestFolder({ "worker.ts": "" });
    expect(findEntry(guest.file("worker.ts"))).toBe(guest.file("worker.ts"));
  });

  test("a folder's entry is the main of its package.json, and otherwise its index.ts", () => {
    using named = openGuestFolder({ "package.json": '{"main":"src/guest.ts"}', "src/guest.ts": "", "index.ts": "" });
    using plain = openGuestFolder({ "package.json": "{}", "index.ts": "", "index.js": "" });
    expect(findEntry(named.path)).toBe(named.file("src/guest.ts"));
    expect(findEntry(plain.path)).toBe(plain.file("index.ts"));
  });

  test("a path with nothing behind it is refused by its name", async () => {
    const error = await refusalOf(() => findEntry("/nowhere/guest.ts"));
    expect(error.code).toBe("build/missing-entry");
    expect(error.message).toContain("There is no guest at /nowhere/guest.ts.");
  });

  test("a folder without an index is refused", async () => {
    using guest = openGuestFolder({ "package.json": '{"main":"gone.ts"}', "readme.md": "" });
    const error = await refusalOf(() => findEntry(guest.path));
    expect(error.code).toBe("build/missing-entry");
    expect(error.message).toContain("holds no guest");
  });

  test("a package.json that is not JSON is refused by its name", async () => {
    using guest = openGuestFolder({ "package.json": "{,}", "index.ts": "" });
    const error = await refusalOf(() => findEntry(guest.path));
    expect(error.code).toBe("build/missing-entry");
    expect(error.message).toContain("package.json is not JSON");
  });
});
