import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { describe, expect, test } from "vitest";
import { buildGuest } from "../../../build/build.ts";
import { appendCustomSection, readCustomSection } from "../../../build/custom-section.ts";
import { makeSteadyRuntime } from "../../../build/runtime.ts";
import { mapStack } from "../../../build/source-map.ts";
import { digestOf } from "../../../host/base/id.ts";
import { openGuestFolder, refusalOf } from "./guest-folder.ts";

// Each build that is not cached takes a second, so one test asks several things of it.
const longMs = 60_000;

const files = {
  "index.ts": `import { agent } from "planaria/guest";
    import { rate } from "./rate.ts";
    const drawn = [Math.max(1, 2), new Map([["a", 1]])];
    export const shop = agent((name: string) => ({ async price(cents: number) { return rate(cents) + drawn.length; } }));`,
  "rate.ts":
    "export function rate(cents: number) {\n  if (cents < 0) throw new RangeError(`no ${cents}`);\n  return cents * 2;\n}",
};

describe("buildGuest", { timeout: longMs }, () => {
  test("the same source gives the same component, in another folder and out of the cache, and jco takes it", async () => {
    using first = openGuestFolder(files);
    using second = openGuestFolder(files);
    using cache = openGuestFolder({});

    const output = first.file("out/guest.wasm");
    const built = await buildGuest({ entry: first.path, output, cacheFolder: cache.path });
    expect(built).toMatchObject({ cached: false, entry: first.file("index.ts"), warnings: [] });
    expect(built.digest).toBe(digestOf(built.component));
    expect(digestOf(readFileSync(output))).toBe(built.digest);

    const rebuilt = await buildGuest({ entry: second.file("index.ts"), cacheFolder: null });
    expect(rebuilt).toMatchObject({ cached: false, digest: built.digest });

    const again = await buildGuest({ entry: second.path, cacheFolder: cache.path });
    expect(again).toMatchObject({ cached: true, digest: built.digest });

    const { exports, imports } = await transpileBytes(built.component, { name: "guest", instantiation: "async" });
    expect(exports.map(([name]) => name)).toContain("planaria:host/guest@0.1.0");
    expect(imports.filter((name) => !name.startsWith("planaria:host/"))).toEqual([]);

    const versions = JSON.parse(
      Buffer.from(readCustomSection(built.component, "planaria:build")!).toString(),
    ) as object;
    expect(Object.keys(versions)).toEqual(["planaria", "sdk"]);
    expect(mapStack(built.component, "    at x (componentize-qjs:user.js:1:1)")).toBe("");
  });

  test("an edit is seen, a damaged entry of the cache is built anew, and an output that can't be written is refused", async () => {
    using guest = openGuestFolder({ "index.ts": "export const f = () => 1;", taken: "" });
    using cache = openGuestFolder({});
    const options = { entry: guest.path, cacheFolder: cache.path };
    const before = await buildGuest(options);

    const [name] = readdirSync(cache.file("builds"));
    writeFileSync(cache.file(`builds/${name!}`), "damaged");
    const repaired = await buildGuest(options);
    expect(repaired).toMatchObject({ cached: false, digest: before.digest });

    const error = await refusalOf(() => buildGuest({ ...options, output: guest.file("taken/x.wasm") }));
    expect(error.code).toBe("build/output");
    expect(error.message).toContain("taken/x.wasm");

    writeFileSync(guest.file("index.ts"), "export const f = () => 2;");
    const edited = await buildGuest(options);
    expect(edited.cached).toBe(false);
    expect(edited.digest).not.toBe(before.digest);
  });

  test("a cache that can't be written is a warning", async () => {
    using guest = openGuestFolder({ "index.ts": "export const f = () => 1;", taken: "" });
    const { warnings } = await buildGuest({ entry: guest.path, cacheFolder: guest.file("taken") });
    expect(warnings).toEqual([expect.stringContaining("could not be kept")]);
  });

  test("an entry that exports nothing to call is refused", async () => {
    using guest = openGuestFolder({ "index.ts": "export type A = 1; export const limit = 3;" });
    const error = await refusalOf(() => buildGuest({ entry: guest.path, cacheFolder: null }));
    expect(error.code).toBe("build/no-exports");
  });

  test("top-level code that throws is shown in the guest's own lines, with the error's class", async () => {
    using guest = openGuestFolder({
      ...files,
      "index.ts": `import { rate } from "./rate.ts";\n\nrate(-1);\nexport const f = () => 1;`,
    });
    const error = await refusalOf(() => buildGuest({ entry: guest.path, cacheFolder: null }));
    expect(error.code).toBe("build/top-level");
    expect(error.message).toContain("rate.ts:2:");
    expect(error.message).toContain("RangeError: no -1\n  2 |   if (cents < 0) throw new RangeError");
    expect(error.message).toContain("at rate (rate.ts:2:");
    expect(error.message).toContain("at index.ts:3:");
    expect(error.message).not.toContain("componentize-qjs");
  });

  test("top-level code that calls the host is shown where it does", async () => {
    using guest = openGuestFolder({
      "index.ts": `import random from "planaria:host/random@0.1.0";\nconst salt =\n  random.bytes(8);\nexport const f = () => salt;`,
    });
    const error = await refusalOf(() => buildGuest({ entry: guest.path, cacheFolder: null }));
    expect(error.code).toBe("build/top-level");
    expect(error.message).toContain("index.ts:3:");
    expect(error.message).toContain("planaria:host/random has no bytes()");
  });

  test.each([
    ["an await that never ends", "await new Promise(() => {});", "it awaits something that never comes"],
    [
      "a recursion that never ends",
      "(function again(): number { return again() + 1; })();",
      "it calls itself without end",
    ],
    ["a throw of something else than an error", "throw { code: 7 };", 'it threw {"code":7}'],
  ])("top-level code is refused: %s", async (_, code, why) => {
    using guest = openGuestFolder({ "index.ts": `export const f = () => 1;\n${code}` });
    const error = await refusalOf(() => buildGuest({ entry: guest.path, cacheFolder: null }));
    expect(error.code).toBe("build/top-level");
    expect(error.message).toContain(why);
  });

  test("syntax that QuickJS does not know is shown where it stands", async () => {
    using guest = openGuestFolder({
      "index.ts": "const mark = () => {};\n@mark class A {}\nexport const f = () => A;",
    });
    const error = await refusalOf(() => buildGuest({ entry: guest.path, cacheFolder: null }));
    expect(error.code).toBe("build/syntax");
    expect(error.message).toContain("index.ts:2:1: QuickJS does not understand this");
  });
});

describe("makeSteadyRuntime", () => {
  test("bytes with no QuickJS in them give nothing", () => {
    const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    expect(makeSteadyRuntime(new Uint8Array())).toBe(undefined);
    expect(makeSteadyRuntime(Buffer.concat([Buffer.from("noise"), module, module]))).toBe(undefined);
    expect(makeSteadyRuntime(appendCustomSection(module, "dylink.0", new Uint8Array(3)))).toBe(undefined);
  });
});
