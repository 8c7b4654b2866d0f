import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileComponent } from "../../host/component/compile.ts";
import { openModule } from "../../host/component/core-module.ts";
import { transpile } from "../../host/component/transpile.ts";
import { buildCoreGuest } from "./core-guest.ts";
import { checkRefusal, damage, expectAlways, patienceMs, someDamage, valueOrRefusal } from "./fuzz.ts";

const options = { cacheFolder: null, memoryCapBytes: 2 ** 24 };
const sound = await buildCoreGuest();

describe("a component", () => {
  test("in which bits were flipped, or that was cut off, runs or is refused", { timeout: patienceMs }, async () => {
    await expectAlways(
      fc.asyncProperty(someDamage, async (some) => {
        const compiled = await compileComponent(damage(sound, some), options).catch(checkRefusal);
        if ("code" in compiled) expect(compiled.code).toMatch(/^component\//);
      }),
      12,
    );
  });

  test("whose core modules are damaged is refused, or opened", { timeout: patienceMs }, async () => {
    const modules = Object.values((await transpile(sound, null, new Set())).modules);
    expectAlways(
      fc.property(fc.constantFrom(...modules), someDamage, (module, some) => {
        valueOrRefusal(() => openModule(damage(module, some), "core", options.memoryCapBytes));
      }),
      2_000,
    );
  });

  test.each([
    ["lies outside of its memory", { at: 0xffff_fff0, length: 64 }],
    ["is longer than its memory", { at: 16, length: 100_000_000 }],
    ["is not JSON", { at: 0, length: 16 }],
    ["is empty", { at: 16, length: 0 }],
    ["traps", "unreachable"],
    ["needs an import", "(drop (call $f9)) (i32.const 0)"],
    [
      "is longer than any description",
      "(drop (memory.grow (i32.const 100))) (i32.store (i32.const 4) (i32.const 2000000)) (i32.const 0)",
    ],
  ])("whose description %s is refused", async (_, said) => {
    const refused = compileComponent(await buildCoreGuest(said), options);
    await expect(refused).rejects.toMatchObject({ code: "component/description" });
  });

  test("that never comes to the end of its description is refused, and nobody is held up", async () => {
    const endless = await buildCoreGuest("(loop $for-ever (br $for-ever)) (i32.const 0)");
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 5);
    const refused = compileComponent(endless, { ...options, describeLimitMs: 500 });
    await expect(refused).rejects.toMatchObject({
      code: "component/description",
      message: expect.stringContaining("had not described itself"),
    });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
  });
});
