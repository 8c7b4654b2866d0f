import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { blockingWasi, wasiInterfaces } from "../../../host/wasi/wasi.ts";
import { Scene, thrownBy } from "./scene.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "node_modules/@bytecodealliance/preview2-shim/types/interfaces");

/** What a component exports, and never imports. */
const exported = new Set(["wasi:cli/run", "wasi:http/incoming-handler"]);

/** The interfaces of WASI 0.2, by their declarations: `export function now()`, `export class Pollable {`. */
const declared = readdirSync(folder)
  .filter((file) => file.endsWith(".d.ts"))
  .map((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const name = file.replace(/^wasi-([a-z]+)-(.*)\.d\.ts$/, "wasi:$1/$2");
    return { name, names: [...text.matchAll(/^export (?:function|class) (\w+)/gm)].map((found) => found[1]!) };
  })
  .filter(({ name }) => !exported.has(name));

test("the declarations of WASI are found", () => {
  expect(declared).toHaveLength(29);
  expect(declared).toContainEqual({ name: "wasi:io/poll", names: ["poll", "Pollable"] });
});

test.each(declared)("all of $name is there", ({ name, names }) => {
  expect(wasiInterfaces.get(name)).toEqual(expect.arrayContaining(names));
});

test("what may suspend a guest is there", () => {
  expect(blockingWasi.every((name) => wasiInterfaces.has(name.split("#")[0]!))).toBe(true);
});

describe("sockets", () => {
  test.each([
    ["wasi:sockets/tcp-create-socket", "createTcpSocket"],
    ["wasi:sockets/udp-create-socket", "createUdpSocket"],
    ["wasi:sockets/ip-name-lookup", "resolveAddresses"],
  ])("are denied by %s", (name, create) => {
    expect(thrownBy(() => new Scene().functions<Record<string, () => never>>(name)[create]!())).toBe("access-denied");
  });

  test("have a network, which outlives a snapshot", () => {
    const { wasi } = new Scene();
    const network = (
      wasi.functions["wasi:sockets/instance-network"] as { instanceNetwork(): object }
    ).instanceNetwork();
    expect(wasi.loadObject(wasi.saveObject(network)!)).toBeInstanceOf(network.constructor);
  });
});
