import { describe, expect, test } from "vitest";
import { describeSource } from "../../../build/description.ts";
import { openGuestFolder } from "./guest-folder.ts";

function describeFiles(files: Record<string, string>) {
  using guest = openGuestFolder(files);
  return describeSource(guest.file("index.ts"), "1.2.3");
}

const describeText = (text: string) =>
  describeFiles({ "index.ts": `import { agent, promise } from "planaria/guest";\n${text}` });

describe("describeSource", () => {
  test("agents and functions are described with the names and types of their parameters", () => {
    const { description, callable } = describeText(`
      export const worker = agent((region: string, options?: { deep: boolean }) => ({
        count: 0,
        async runReport(id: promise.Id, ...tags: string[]) {},
        stop: () => {},
      }));
      export async function enrich(id: string, limit = 3, { a, b }: Pair) {}
      export const twice = (n: number) => 2 * n;
    `);
    expect(callable).toBe(true);
    expect(description).toEqual({
      sdk: "1.2.3",
      agents: [
        {
          name: "worker",
          params: [
            { name: "region", type: "string" },
            { name: "options", type: "{ deep: boolean }", optional: true },
          ],
          methods: [
            {
              name: "runReport",
              params: [
                { name: "id", type: "promise.Id" },
                { name: "...tags", type: "string[]", optional: true },
              ],
            },
            { name: "stop", params: [] },
          ],
        },
      ],
      functions: [
        {
          name: "enrich",
          params: [
            { name: "id", type: "string" },
            { name: "limit", type: null, optional: true },
            { name: "{ a, b }", type: "Pair" },
          ],
        },
        { name: "twice", params: [{ name: "n", type: "number" }] },
      ],
    });
  });

  test("methods are found behind a block body, a named object and functions that it names", () => {
    const { description } = describeText(`
      export const counter = agent(function (start: number) {
        let count = start;
        function add(by: number) { count += by; }
        const methods = { start, add, ["read" as const]: undefined };
        return ({ start, add, read: async () => count }) satisfies object;
      });
    `);
    expect(description.agents[0]!.methods).toEqual([
      { name: "add", params: [{ name: "by", type: "number" }] },
      { name: "read", params: [] },
    ]);
  });

  test("methods that only running the factory can tell are null", () => {
    const { description } = describeText(`
      export const spread = agent(() => ({ ...base, async a() {} }));
      export const computed = agent(() => ({ [name]() {} }));
      export const made = agent(() => make());
      export const early = agent(() => { if (x) return { a() {} }; });
      export const foreign = agent(factoryOfElsewhere);
    `);
    expect(description.agents.map(({ methods }) => methods)).toEqual([null, null, null, null, null]);
    expect(description.agents.find(({ name }) => name === "foreign")!.params).toBe(null);
  });

  test("agent is known under another name and as a member of a namespace, and only if it comes from planaria/guest", () => {
    const { description } = describeFiles({
      "index.ts": `
        import { agent as kind } from "planaria/guest";
        import * as planaria from "planaria/guest";
        import { agent } from "./mine.ts";
        export const a = kind(() => ({}));
        export const b = planaria.agent(() => ({}));
        export const c = agent(() => ({}));
      `,
    });
    expect(description.agents.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("exports of the guest's own other files are followed, and a name of the entry's own wins", () => {
    const { description } = describeFiles({
      "index.ts": `
        export * from "./a.js";
        export { two as second, type Two } from "./b";
        export function both(own: string) {}
        const later = (x: number) => x;
        export { later as renamed };
      `,
      "a.ts": `export * from "./index.ts"; export function one(a: string) {} export function both() {} export default 1;`,
      "b/index.ts": `export const two = (b: string) => b; export type Two = 1;`,
    });
    expect(description.functions).toEqual([
      { name: "second", params: [{ name: "b", type: "string" }] },
      { name: "both", params: [{ name: "own", type: "string" }] },
      { name: "renamed", params: [{ name: "x", type: "number" }] },
      { name: "one", params: [{ name: "a", type: "string" }] },
    ]);
  });

  test("constants, classes, types and a default export are nothing that can be called", () => {
    const { description, callable } = describeText(`
      export const limit = 3;
      export class Store {}
      export enum Color { red }
      export type Id = string;
      export interface Shape { sides: number }
      export type { Other } from "./other.ts";
      export default function () {}
    `);
    expect(callable).toBe(false);
    expect(description).toEqual({ sdk: "1.2.3", agents: [], functions: [] });
  });

  test("what might be callable is left to run time, not refused", () => {
    expect(describeText("export const wrapped = wrap(() => 1);").callable).toBe(true);
    expect(describeText(`export * from "some-package";`).callable).toBe(true);
    expect(describeText("export const loop = loop;").callable).toBe(true);
    expect(describeText("export const {a} = object;").callable).toBe(true);
  });

  test("source that does not parse gives an empty description", () => {
    expect(describeText("export function f( {").description.functions).toEqual([]);
  });
});
