import { describe, expect, test } from "vitest";
import { bundleAdapter } from "../../../build/adapter.ts";
import { openGuestFolder, refusalOf } from "./guest-folder.ts";

async function bundle(files: Record<string, string>, entry = "adapter.ts") {
  using folder = openGuestFolder(files);
  return await bundleAdapter(folder.file(entry));
}

const load = async (source: string) =>
  (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as { default: (host: unknown) => object };

describe("bundleAdapter", () => {
  test("makes one module of TypeScript, its own files and the packages that it imports", async () => {
    const source = await bundle({
      "adapter.ts": `
        import type { AdapterHost } from "planaria/adapter";
        import { shout } from "./shout.js";
        import { twice } from "twice";
        export default (host: AdapterHost) => ({ name: () => shout(twice(host.agent)) });`,
      "shout.ts": "export const shout = (text: string): string => `${text}!`;",
      "node_modules/twice/package.json": '{"name":"twice","type":"module","exports":"./index.js"}',
      "node_modules/twice/index.js": "export const twice = (text) => text + text;",
    });
    expect(source).not.toMatch(/^import/m);
    const { name } = (await load(source)).default({ agent: "a" }) as { name(): string };
    expect(name()).toBe("aa!");
  });

  test("makes the same text of the same files, in whatever folder", async () => {
    const files = {
      "adapter.ts": 'import { a } from "./a.js"; export default () => ({ a });',
      "a.js": "export const a = 1;",
    };
    expect(await bundle(files)).toBe(await bundle(files));
  });

  test.each([
    [
      'import { readFileSync } from "node:fs"; export default () => ({ readFileSync });',
      "build/node-builtin",
      "node:fs",
    ],
    ['import { a } from "nowhere"; export default () => a;', "build/unresolved", "npm install nowhere"],
    ["export default () => ({", "build/syntax", "adapter.ts:1:"],
    ["export const adapter = () => ({});", "build/no-exports", "has no default export"],
  ])("refuses %s", async (text, code, message) => {
    const refusal = await refusalOf(() => bundle({ "adapter.ts": text }));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(message);
  });

  test("refuses a file that is not there", async () => {
    expect((await refusalOf(() => bundle({}, "adapter.ts"))).code).toBe("build/missing-entry");
  });
});
