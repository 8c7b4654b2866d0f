import { chmodSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { openCache } from "../../../build/cache.ts";
import { openGuestFolder } from "./guest-folder.ts";

const component = Buffer.from("a component");

describe("openCache", () => {
  test("a component is given back under its key and no other", () => {
    using folder = openGuestFolder({});
    const cache = openCache(folder.file("deep/er"));
    expect(cache.read("k")).toBe(undefined);
    expect(cache.write("k", component)).toBe(undefined);
    expect(cache.read("k")).toEqual(component);
    expect(cache.read("other")).toBe(undefined);
  });

  test.each([
    ["an altered byte", (bytes: Buffer) => bytes.fill(0, bytes.length - 1)],
    ["a file that is cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
    ["a file that is cut off in its digest", (bytes: Buffer) => bytes.subarray(0, 7)],
    ["an empty file", () => Buffer.alloc(0)],
  ])("what is damaged counts as absent and can be written anew: %s", (_, damage) => {
    using folder = openGuestFolder({});
    const cache = openCache(folder.path);
    cache.write("k", component);
    const file = folder.file("builds/k.build");
    writeFileSync(file, damage(readFileSync(file)));
    expect(cache.read("k")).toBe(undefined);
    cache.write("k", component);
    expect(cache.read("k")).toEqual(component);
  });

  test("a folder that can't be made is told, not thrown", () => {
    using folder = openGuestFolder({ taken: "a file" });
    const cache = openCache(folder.file("taken"));
    expect(cache.write("k", component)).toMatch(/ENOTDIR|EEXIST/);
    expect(cache.read("k")).toBe(undefined);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that is read-only is read, and not written", () => {
    using folder = openGuestFolder({});
    const cache = openCache(folder.path);
    cache.write("k", component);
    chmodSync(folder.file("builds"), 0o500);
    expect(cache.write("l", component)).toContain("EACCES");
    expect(cache.read("k")).toEqual(component);
    chmodSync(folder.file("builds"), 0o700);
  });

  test("the oldest builds make room for new ones, and no partial file stays", () => {
    using folder = openGuestFolder({});
    const cache = openCache(folder.path);
    for (let i = 0; i < 70; i++) {
      cache.write(`k${i}`, component);
      utimesSync(folder.file(`builds/k${i}.build`), i, i);
    }
    expect(cache.read("k0")).toBe(undefined);
    expect(cache.read("k69")).toEqual(component);
    const files = readdirSync(join(folder.path, "builds"));
    expect(files).toHaveLength(64);
    expect(files.filter((name) => !name.endsWith(".build"))).toEqual([]);
  });
});

describe("cacheFolder", () => {
  test("it is Planaria's own variable, then the user's cache, then ~/.cache", () => {
    expect(cacheFolder({ PLANARIA_CACHE: "/p", XDG_CACHE_HOME: "/x" })).toBe("/p");
    expect(cacheFolder({ XDG_CACHE_HOME: "/x" })).toBe("/x/planaria");
    expect(cacheFolder({ PLANARIA_CACHE: "", XDG_CACHE_HOME: "" })).toMatch(/\/\.cache\/planaria$/);
  });
});
