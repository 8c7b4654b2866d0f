import { describe, expect, test } from "vitest";
import { bundleGuest } from "../../../build/bundle.ts";
import { findToolchain } from "../../../build/toolchain.ts";
import { openGuestFolder, refusalOf } from "./guest-folder.ts";

const nothing = { sdk: "0", agents: [], functions: [] };

async function bundle(files: Record<string, string>) {
  using guest = openGuestFolder(files);
  return await bundleGuest(guest.file("index.ts"), nothing, findToolchain());
}

function refuse(files: Record<string, string>) {
  return refusalOf(() => bundle(files));
}

describe("bundleGuest", () => {
  test("one module comes out, which imports the host's interfaces and nothing else", async () => {
    const { code, warnings } = await bundle({
      "index.ts": `
        import { agent } from "planaria/guest";
        import time from "planaria:host/time@0.1.0";
        import type { Stats } from "node:fs";
        import { greet } from "./greet.js";
        import table from "./table.json";
        export const a = agent((x: string) => ({ async m(y: Stats) { return greet(x) + table.one + time.now(); } }));
        export const lazy = async () => (await import("./greet.ts")).greet("you");
      `,
      "greet.ts":
        "export enum Tone { warm = 'hello' }\nexport const greet = (name: string): string => `${Tone.warm} ${name}`;",
      "table.json": '{"one":1}',
    });
    const imports = Array.from(code.matchAll(/^import .*?"(.*)";$/gm), ([, name]) => name);
    expect(imports).toContain("planaria:host/time@0.1.0");
    expect(imports.filter((name) => !name!.startsWith("planaria:host/"))).toEqual([]);
    expect(code).toMatch(/export \{ guest \};\s*$/);
    expect(warnings).toEqual([]);
  });

  test("a package's browser entry and its CommonJS modules are bundled", async () => {
    const { code } = await bundle({
      "index.ts": `import { pick } from "shapes"; export const f = () => pick();`,
      "node_modules/shapes/package.json": `{"name":"shapes","exports":{".":{"browser":"./browser.cjs","node":"./node.js"}}}`,
      "node_modules/shapes/browser.cjs": `const inner = require("./inner.cjs"); exports.pick = () => inner + process.env.NODE_ENV;`,
      "node_modules/shapes/inner.cjs": `module.exports = "round";`,
    });
    expect(code).toContain(`"round"`);
    expect(code).toContain(`"production"`);
  });

  test("neither the code nor the map names the folder that the guest lies in", async () => {
    const { code, map } = await bundle({
      "index.ts": `import { URL2 } from "./lib/url.ts"; import p from "plain"; export const f = () => [URL2, p];`,
      "lib/url.ts": "export const URL2 = 2;\nconsole.log(URL2);",
      "node_modules/plain/index.js": "exports.x = 1; exports.y = () => 2;",
    });
    expect(code + map).not.toMatch(/planaria-guest-|\/work|\/home/);
    const { sources } = JSON.parse(map) as { sources: string[] };
    expect(sources).toContain("index.ts");
    expect(sources).toContain("lib/url.ts");
    expect(sources).toContain("node_modules/plain/index.js");
    expect(sources).toContain("planaria:guest/register.ts");
  });

  test("a syntax error is shown in the guest's own line, tabs kept", async () => {
    const error = await refuse({ "index.ts": "export function f(x: number) {\n\tconst y = x +* 2;\n}" });
    expect(error.code).toBe("build/syntax");
    expect(error.message).toMatch(
      /index\.ts:2:15: Unexpected token\n {2}2 \| \tconst y = x \+\* 2;\n {4}\| \t {13}\^$/,
    );
    expect(error.data).toMatchObject({ line: 2, column: 15 });
  });

  test("an assignment to a constant is refused at its place", async () => {
    const error = await refuse({ "index.ts": "export const f = () => 1;\nf = 2;" });
    expect(error.code).toBe("build/syntax");
    expect(error.message).toContain("index.ts:2:1");
  });

  test("an import of a file that is not there is refused at its place", async () => {
    const error = await refuse({
      "index.ts": `export * from "./a.ts";`,
      "a.ts": `\nimport { b } from "./b.ts";\nexport const f = () => b;`,
    });
    expect(error.code).toBe("build/unresolved");
    expect(error.message).toMatch(/a\.ts:2:19: ".\/b\.ts" can't be found\./);
  });

  test("an import of a package that is not installed says how to install it", async () => {
    const error = await refuse({ "index.ts": `import { x } from "@scope/pack/deep"; export const f = () => x;` });
    expect(error.code).toBe("build/unresolved");
    expect(error.message).toContain("npm install @scope/pack");
    expect(error.message).not.toContain("pack/deep\n  npm");
  });

  test("an interface that the host does not offer is refused", async () => {
    const error = await refuse({
      "index.ts": `import disk from "planaria:host/disk@0.1.0"; export const f = () => disk.read();`,
    });
    expect(error.code).toBe("build/unresolved");
    expect(error.message).toContain("planaria:host/disk@0.1.0");
  });

  test.each([
    [
      "an import with the prefix",
      `import { readFileSync } from "node:fs";\nexport const f = () => readFileSync("x");`,
      "node:fs",
      1,
    ],
    [
      "an import without it",
      `export const g = 1;\nimport { join } from "path";\nexport const f = () => join("x");`,
      "path",
      2,
    ],
    ["a dynamic import", `export const f = () => import("node:os");`, "node:os", 1],
    ["a require", `export const f = () =>\n  require("crypto");`, "crypto", 2],
  ])("a module of Node is refused: %s", async (_, source, name, line) => {
    const error = await refuse({ "index.ts": source });
    expect(error.code).toBe("build/node-builtin");
    expect(error.message).toContain(`"${name}" is part of Node`);
    expect(error.data).toMatchObject({ line, specifier: name });
  });

  test("a module of Node that a package imports is refused with the package's file", async () => {
    const error = await refuse({
      "index.ts": `import "heavy"; export const f = () => 1;`,
      "node_modules/heavy/index.js": `import net from "net"; net.connect();`,
    });
    expect(error.code).toBe("build/node-builtin");
    expect(error.message).toContain("node_modules/heavy/index.js:1:17");
  });

  test("a name that a file does not export is refused, one of the SDK by the name of the SDK", async () => {
    const own = await refuse({
      "index.ts": `import { b } from "./a.ts"; export const f = () => b;`,
      "a.ts": "export const a = 1;",
    });
    const sdk = await refuse({ "index.ts": `import { agnt } from "planaria/guest"; export const f = () => agnt;` });
    expect(own.code).toBe("build/missing-export");
    expect(own.message).toContain("index.ts:1:10");
    expect(sdk.message).toContain(`planaria/guest has no "agnt".`);
  });
});
