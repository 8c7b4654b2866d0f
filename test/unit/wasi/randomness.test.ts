import { beforeEach, expect, test } from "vitest";
import { Scene, thrownBy } from "./scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

const random = <T>(name: string) => scene.functions<T>(`wasi:random/${name}`);

test.each([
  ["random", "getRandomBytes", "getRandomU64"],
  ["insecure", "getInsecureRandomBytes", "getInsecureRandomU64"],
])("%s is drawn from the journal", (name, getBytes, getU64) => {
  const functions = random<Record<string, (length?: bigint) => unknown>>(name);
  const bytes = functions[getBytes]!(5n) as Uint8Array;
  const number = functions[getU64]!() as bigint;
  const little = Buffer.alloc(8);
  little.writeBigUInt64LE(number);
  expect(scene.entries).toEqual([
    { kind: "random-drawn", bytes: Buffer.from(bytes).toString("base64") },
    { kind: "random-drawn", bytes: little.toString("base64") },
  ]);
});

test("a seed is two numbers", () => {
  const seed = random<{ insecureSeed(): [bigint, bigint] }>("insecure-seed").insecureSeed();
  expect(seed.map((each) => typeof each)).toEqual(["bigint", "bigint"]);
  expect(scene.entries).toMatchObject([{ kind: "random-drawn" }]);
});

test("who asks for too many bytes at once traps", () => {
  const { getRandomBytes } = random<{ getRandomBytes(length: bigint): Uint8Array }>("random");
  expect(getRandomBytes(65_536n)).toHaveLength(65_536);
  for (const length of [65_537n, 2n ** 64n - 1n])
    expect(thrownBy(() => getRandomBytes(length))).toMatchObject({ code: "guest/invalid-argument" });
  expect(scene.entries).toHaveLength(1);
});
