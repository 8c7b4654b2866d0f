import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentWit } from "@bytecodealliance/jco";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { buildCGuest, explainMissingClang } from "../../../build/c-guest.ts";
import { buildRustGuest, explainMissingRust } from "../../../build/rust-guest.ts";
import { buildStarlingMonkeyGuest } from "../../../build/starlingmonkey-guest.ts";
import { buildWat } from "../../components/wat.ts";

// Compilers take seconds, and longer where others work, too.
vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "planaria-blocking-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => vi.unstubAllEnvs());

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const world = write("world.wit", "package test:lone;\nworld lone { export add: func(a: u32) -> u32; }\n");

test("a world can import whatever the contract has, without a folder of dependencies", async () => {
  const wit = "package test:all;\nworld all { include planaria:host/blocking@0.1.0; export go: func(); }";
  const wat = `(module
    (import "planaria:host/time@0.1.0" "now" (func (result i64)))
    (memory (export "memory") 1)
    (func (export "go")))`;
  expect(await componentWit(await buildWat(wat, wit))).toContain("import planaria:host/time@0.1.0;");
});

describe("a guest in C", () => {
  test.skipIf(explainMissingClang() !== null)("that is wrong is refused with the compiler's words", async () => {
    const source = write("wrong.c", "int add(void) { return nothing; }\n");
    await expect(buildCGuest({ source, world })).rejects.toMatchObject({
      code: "build/failed",
      message: expect.stringMatching(/wrong\.c[^]*undeclared identifier 'nothing'/) as string,
    });
  });

  test("is refused where there is no compiler, and told what to install", async () => {
    vi.stubEnv("PATH", folder);
    expect(explainMissingClang()).toContain("apt-get install clang lld wasi-libc");
    const source = write("right.c", "int main(void) { return 0; }\n");
    await expect(buildCGuest({ source, world: null })).rejects.toMatchObject({ code: "build/no-compiler" });
  });
});

test("a guest in Rust is refused where there is no compiler, and told what to install", async () => {
  const rustc = join(folder, "rustc");
  expect(explainMissingRust(rustc)).toContain("rustup target add wasm32-wasip1");
  const source = write("lib.rs", "");
  await expect(buildRustGuest({ source, world, rustc })).rejects.toMatchObject({ code: "build/no-compiler" });
});

test("a guest in JavaScript that lacks an export of its world is refused with the compiler's words", async () => {
  const source = write("lacking.js", "export function subtract() {}\n");
  await expect(buildStarlingMonkeyGuest({ source, world, cacheFolder: null })).rejects.toMatchObject({
    code: "build/failed",
    message: expect.stringMatching(/lacking\.js[^]*add/) as string,
  });
});
