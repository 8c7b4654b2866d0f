import { describe, expect, test } from "vitest";
import { InstancePool } from "../../../host/component/pool.ts";
import { compileAdder, makeCountingImports } from "./test-guest.ts";

const makeImports = () => makeCountingImports().imports;

describe("an instance pool", () => {
  test("lends an instance again that was given back, with the imports that it had", async () => {
    const pool = new InstancePool();
    const compiled = await compileAdder();
    const first = await pool.acquire(compiled, makeImports);
    pool.release(first!);
    const again = await pool.acquire(compiled, () => expect.unreachable("no imports are needed"));
    expect(again).toBe(first);
  });

  test("gives nothing beyond its bound, instances in the making included", async () => {
    const pool = new InstancePool({ bound: 2 });
    const compiled = await compileAdder();
    const lent = await Promise.all([1, 2, 3].map(() => pool.acquire(compiled, makeImports)));
    expect(lent.map((instance) => instance !== null)).toEqual([true, true, false]);
    pool.discard(lent[0]!);
    expect(await pool.acquire(compiled, makeImports)).not.toBeNull();
  });

  test("bounds each component by itself", async () => {
    const pool = new InstancePool({ bound: 1 });
    const compiled = await compileAdder();
    const other = { ...compiled, digest: "0".repeat(64) as typeof compiled.digest };
    expect(await pool.acquire(compiled, makeImports)).not.toBeNull();
    expect(await pool.acquire(other, makeImports)).not.toBeNull();
  });

  test("does not lend an instance that trapped", async () => {
    const pool = new InstancePool({ bound: 1 });
    const compiled = await compileAdder();
    const dead = (await pool.acquire(compiled, makeImports))!;
    await dead.invoke(`{"do":"fail"}`).catch(() => {});
    pool.release(dead);
    expect(await pool.acquire(compiled, makeImports)).not.toBe(dead);
  });

  test("throws away an instance that has outgrown what is to be restored, if there is no other way", async () => {
    const pool = new InstancePool({ bound: 1 });
    const compiled = await compileAdder();
    const grown = (await pool.acquire(compiled, makeImports))!;
    const freshSizes = grown.memories.map(({ buffer }) => buffer.byteLength);
    await grown.invoke(`{"do":"keep","sizeBytes":1000000}`);
    const grownSizes = grown.memories.map(({ buffer }) => buffer.byteLength);
    pool.release(grown);
    expect(await pool.acquire(compiled, makeImports, grownSizes)).toBe(grown);
    pool.release(grown);
    const fresh = (await pool.acquire(compiled, makeImports, freshSizes))!;
    expect(fresh.memories.map(({ buffer }) => buffer.byteLength)).toEqual(freshSizes);
    expect(await pool.acquire(compiled, makeImports)).toBeNull();
  });

  test("does not count an instance that could not be made", async () => {
    const pool = new InstancePool({ bound: 1 });
    const compiled = await compileAdder();
    await expect(pool.acquire({ ...compiled, modules: {} }, makeImports)).rejects.toMatchObject({
      code: "component/start",
    });
    expect(await pool.acquire(compiled, makeImports)).not.toBeNull();
  });

  test("refuses an instance that is given back twice", async () => {
    const pool = new InstancePool();
    const instance = (await pool.acquire(await compileAdder(), makeImports))!;
    pool.release(instance);
    expect(() => pool.release(instance)).toThrow(expect.objectContaining({ code: "base/invariant" }));
  });
});
