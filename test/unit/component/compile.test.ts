import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compileComponent } from "../../../host/component/compile.ts";
import { instantiate } from "../../../host/component/instance.ts";
import { adderSource, buildGuest, makeCountingImports, memoryCapBytes } from "./test-guest.ts";

const adderBytes = await buildGuest(adderSource);
let cacheFolder: string;

beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "planaria-cache-"));
});

afterEach(async () => {
  await rm(cacheFolder, { recursive: true });
});

const listCached = async () => (await readdir(cacheFolder)).filter((name) => name.endsWith(".component"));

const compile = (bytes: Uint8Array) => compileComponent(bytes, { cacheFolder: null, memoryCapBytes });

/** A component that has the guest's interface by name; `extra` may add imports and core code. */
const guestWat = (extra = "", module = "") => `(component
  ${extra}
  (core module $m ${module} (func (export "run")))
  (core instance $i (instantiate $m))
  (func $run (canon lift (core func $i "run")))
  (instance $guest (export "invoke" (func $run)) (export "deliver" (func $run)))
  (export "planaria:host/guest@0.1.0" (instance $guest)))`;

describe("compileComponent", () => {
  test("gives a component that another thread can run", async () => {
    const compiled = structuredClone(await compile(adderBytes));
    expect(compiled.description.agents.map(({ name }) => name)).toEqual(["adder"]);
    expect(JSON.parse(compiled.descriptionText)).toEqual(compiled.description);
    const instance = await instantiate(compiled, makeCountingImports().imports);
    expect(instance.describe()).toBe(compiled.descriptionText);
  });

  test("leaves no question to the environment in the glue, which would be asked 50 times a step", async () => {
    const { glueUrl } = await compile(adderBytes);
    expect(Buffer.from(glueUrl.split(",")[1]!, "base64").toString()).not.toMatch(/JCO_DEBUG/);
  });

  test("keeps the glue out of the stack of an error, where it has a cache", async () => {
    const { imports } = makeCountingImports();
    imports["planaria:host/rpc"].callFunction = () => {
      throw new Error("refused");
    };
    const instance = await instantiate(await compileComponent(adderBytes, { cacheFolder, memoryCapBytes }), imports);
    const error: Error = await instance.invoke(`{"do":"add"}`).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error.message).toBe("refused");
    expect(error.stack!.length).toBeLessThan(5_000);
  });

  test("reads from its cache what it wrote there", async () => {
    const first = await compileComponent(adderBytes, { cacheFolder, memoryCapBytes });
    expect(first.glueUrl).toMatch(/^file:/);
    const second = await compileComponent(adderBytes, { cacheFolder, memoryCapBytes });
    expect({ ...second, modules: Object.keys(second.modules) }).toEqual({
      ...first,
      modules: Object.keys(first.modules),
    });
    expect((await instantiate(second, makeCountingImports().imports)).memories).toHaveLength(3);
  });

  test("does not take one memory cap's component for another's", async () => {
    await compileComponent(adderBytes, { cacheFolder, memoryCapBytes });
    await compileComponent(adderBytes, { cacheFolder, memoryCapBytes: memoryCapBytes * 2 });
    expect(await listCached()).toHaveLength(2);
  });

  test("mends a cache that was damaged or cut off", async () => {
    await compileComponent(adderBytes, { cacheFolder, memoryCapBytes });
    for (const file of await readdir(cacheFolder)) {
      const path = join(cacheFolder, file);
      const sound = await readFile(path);
      const flipped = Buffer.from(sound);
      flipped[sound.length >> 1]! ^= 1;
      for (const damaged of [flipped, sound.subarray(0, 1000), Buffer.alloc(0)]) {
        await writeFile(path, damaged);
        await compileComponent(adderBytes, { cacheFolder, memoryCapBytes });
        expect((await readFile(path)).equals(sound)).toBe(true);
      }
    }
  });

  test("lets many compile the same component into one cache at once", async () => {
    await Promise.all([1, 2, 3].map(() => compileComponent(adderBytes, { cacheFolder, memoryCapBytes })));
    expect(await listCached()).toHaveLength(1);
    expect((await readdir(cacheFolder)).filter((name) => name.startsWith("draft-"))).toEqual([]);
  });

  test("compiles without a cache where the folder cannot be written", async () => {
    const file = join(cacheFolder, "file");
    await writeFile(file, "");
    expect((await compileComponent(adderBytes, { cacheFolder: file, memoryCapBytes })).description.sdk).toBe("test");
    expect(await readdir(cacheFolder)).toEqual(["file"]);
  });

  test("refuses what is not WebAssembly", async () => {
    await expect(compile(Buffer.from("export const a = 1"))).rejects.toMatchObject({ code: "component/not-wasm" });
    await expect(compile(new Uint8Array())).rejects.toMatchObject({ code: "component/not-wasm" });
  });

  test("refuses a core module", async () => {
    await expect(compile(await parse("(module)"))).rejects.toMatchObject({ code: "component/not-a-component" });
  });

  test("refuses a component that is cut off", async () => {
    await expect(compile(adderBytes.subarray(0, 500_000))).rejects.toMatchObject({ code: "component/unreadable" });
  });

  test("refuses a component whose code is damaged", async () => {
    const damaged = Buffer.from(adderBytes);
    damaged[796_310]! ^= 0xff;
    await expect(compile(damaged)).rejects.toMatchObject({
      code: "component/unreadable",
      message: expect.stringContaining("at offset"),
    });
  });

  test("takes a component without the guest interface as one of world blocking, and describes it by its types", async () => {
    const wat = `(component (core module $m (func (export "run"))) (core instance $i (instantiate $m)) (func (export "run") (canon lift (core func $i "run"))))`;
    const { world, description } = await compile(await parse(wat));
    expect(world?.exports.functions).toEqual([{ name: "run", params: [], result: null }]);
    expect(description).toMatchObject({ sdk: "wit", functions: [{ name: "run" }] });
  });

  test("refuses a component that never comes to the end of its start", async () => {
    const wat = `(component (core module $m (func $loop (loop (br 0))) (start $loop) (func (export "run")))
      (core instance $i (instantiate $m)) (func (export "run") (canon lift (core func $i "run"))))`;
    const compiling = compileComponent(await parse(wat), { cacheFolder: null, describeLimitMs: 500 });
    await expect(compiling).rejects.toMatchObject({
      code: "component/start",
      message: expect.stringContaining("500 ms"),
    });
  });

  test("refuses an adapter for a guest that has no use of it", async () => {
    const compiling = compileComponent(adderBytes, {
      cacheFolder: null,
      adapters: { "a:b/c": "export default () => ({})" },
    });
    await expect(compiling).rejects.toMatchObject({ code: "component/bad-adapter" });
  });

  test("refuses a component that exports no function", async () => {
    await expect(compile(await parse("(component)"))).rejects.toMatchObject({
      code: "component/other-world",
      message: expect.stringContaining("nothing to call") as unknown,
    });
  });

  test("refuses a guest interface that lacks a function", async () => {
    await expect(compile(await parse(guestWat()))).rejects.toMatchObject({
      code: "component/other-world",
      data: { missing: ["describe"] },
    });
  });

  test("refuses imports that nobody provides, each by its name", async () => {
    const wat = guestWat(
      `(import "wasi:clocks/wall-clock@0.2.0" (instance (export "now" (func)))) (import "own" (func))`,
    );
    await expect(compile(await parse(wat))).rejects.toMatchObject({
      code: "component/unknown-import",
      data: { unknown: ["own", "wasi:clocks/wall-clock@0.2.0"] },
    });
  });

  test("refuses a function that an interface of the host does not have", async () => {
    const wat = guestWat(`(import "planaria:host/fork@0.1.0" (instance $f (export "spoon" (func))))
      (core func $spoon (canon lower (func $f "spoon")))
      (core module $n (import "f" "spoon" (func)))
      (core instance (instantiate $n (with "f" (instance (export "spoon" (func $spoon))))))`);
    await expect(compile(await parse(wat))).rejects.toMatchObject({
      code: "component/unknown-import",
      data: { unknown: ["planaria:host/fork@0.1.0#spoon"] },
    });
  });

  test("refuses state that a snapshot cannot hold, deep inside a component", async () => {
    const wat = guestWat("", `(table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func)))`);
    await expect(compile(await parse(wat))).rejects.toMatchObject({ code: "component/uncapturable" });
  });

  test("refuses a component that needs more memory than the cap to begin with", async () => {
    await expect(compileComponent(adderBytes, { cacheFolder, memoryCapBytes: 1_048_576 })).rejects.toMatchObject({
      code: "component/memory-cap",
    });
    expect(await readdir(cacheFolder)).toEqual([]);
  });

  test("refuses a component that traps while it starts", async () => {
    await expect(compile(await parse(guestWat("", `(func $trap unreachable) (start $trap)`)))).rejects.toMatchObject({
      code: "component/start",
    });
  });

  test("refuses a guest that describes itself in nonsense, traps at it, or calls imports for it", async () => {
    const guest = (body: string) =>
      buildGuest(`
      import log from "planaria:host/log@0.1.0";
      export const guest = { describe() { ${body} }, async invoke() {}, async deliver() {} };`);
    const refusals = [
      [`return "nonsense";`, "not JSON"],
      [`throw new Error("no idea");`, "trapped while it described itself"],
      [`log.log("info", "hello"); return "{}";`, "planaria:host/log#log"],
    ] as const;
    for (const [body, message] of refusals) {
      await expect(compile(await guest(body))).rejects.toMatchObject({
        code: "component/description",
        message: expect.stringContaining(message),
      });
    }
  });

  test("compiles a good component after one that jco panicked at", async () => {
    const panic = `(component (import "c" (core module $c (export "f" (func)))) (core instance $i (instantiate $c))
      (core module $m (func (export "run"))) (core instance $j (instantiate $m)) (func $run (canon lift (core func $j "run")))
      (instance $guest (export "invoke" (func $run)) (export "deliver" (func $run)) (export "describe" (func $run)))
      (export "planaria:host/guest@0.1.0" (instance $guest)))`;
    await expect(compile(await parse(panic))).rejects.toMatchObject({
      code: "component/unreadable",
      message: expect.stringContaining("panicked"),
    });
    expect((await compile(adderBytes)).description.sdk).toBe("test");
  });
});
