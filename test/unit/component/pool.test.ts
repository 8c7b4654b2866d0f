import { describe, expect, test } from "vitest";
import { instantiate, type Instance } from "../../../host/component/instance.ts";
import { HostError } from "../../../host/base/error.ts";
import { InstancePool } from "../../../host/component/pool.ts";
import { compileAdder, makeCountingImports } from "./test-guest.ts";

const make = async () => instantiate(await compileAdder(), makeCountingImports().imports);

describe("an instance pool", () => {
  test("lends an instance again that was given back, as it is", async () => {
    const pool = new InstancePool<Instance>();
    const { digest } = await compileAdder();
    const first = await pool.acquire(digest, make);
    pool.release(first!);
    const again = await pool.acquire(digest, () => expect.unreachable("none is to be made"));
    expect(again).toBe(first);
  });

  test("makes none for whoever asks for an idle one", async () => {
    const pool = new InstancePool<Instance>();
    const { digest } = await compileAdder();
    expect(pool.acquireIdle(digest)).toBeNull();
    const [first, second] = [await pool.acquire(digest, make), await pool.acquire(digest, make)];
    for (const instance of [first, second]) pool.release(instance!);
    expect(pool.acquireIdle(digest)).toBe(second);
    expect(pool.acquireIdle(digest, [0, 0, 0])).toBeNull();
    expect(pool.acquireIdle(digest)).toBe(first);
    expect(pool.acquireIdle(digest)).toBeNull();
  });

  test("gives nothing beyond its bound, instances in the making included", async () => {
    const pool = new InstancePool<Instance>({ bound: 2 });
    const { digest } = await compileAdder();
    const lent = await Promise.all([1, 2, 3].map(() => pool.acquire(digest, make)));
    expect(lent.map((instance) => instance !== null)).toEqual([true, true, false]);
    pool.discard(lent[0]!);
    expect(await pool.acquire(digest, make)).not.toBeNull();
  });

  test("bounds each component by itself", async () => {
    const pool = new InstancePool<Instance>({ bound: 1 });
    const { digest } = await compileAdder();
    const other = "0".repeat(64) as typeof digest;
    expect(await pool.acquire(digest, make)).not.toBeNull();
    expect(await pool.acquire(other, make)).not.toBeNull();
  });

  test("does not lend an instance that trapped", async () => {
    const pool = new InstancePool<Instance>({ bound: 1 });
    const { digest } = await compileAdder();
    const dead = (await pool.acquire(digest, make))!;
    await dead.invoke(`{"do":"fail"}`).catch(() => {});
    pool.release(dead);
    expect(await pool.acquire(digest, make)).not.toBe(dead);
  });

  test("throws away an instance that has outgrown what is to be restored, if there is no other way", async () => {
    const pool = new InstancePool<Instance>({ bound: 1 });
    const { digest } = await compileAdder();
    const grown = (await pool.acquire(digest, make))!;
    const freshSizes = grown.memories.map(({ buffer }) => buffer.byteLength);
    await grown.invoke(`{"do":"keep","sizeBytes":1000000}`);
    const grownSizes = grown.memories.map(({ buffer }) => buffer.byteLength);
    pool.release(grown);
    expect(await pool.acquire(digest, make, grownSizes)).toBe(grown);
    pool.release(grown);
    const fresh = (await pool.acquire(digest, make, freshSizes))!;
    expect(fresh.memories.map(({ buffer }) => buffer.byteLength)).toEqual(freshSizes);
    expect(await pool.acquire(digest, make)).toBeNull();
  });

  test("does not count an instance that could not be made", async () => {
    const pool = new InstancePool<Instance>({ bound: 1 });
    const { digest } = await compileAdder();
    await expect(
      pool.acquire(digest, () => Promise.reject(new HostError("component/start", "It is broken."))),
    ).rejects.toMatchObject({
      code: "component/start",
    });
    expect(await pool.acquire(digest, make)).not.toBeNull();
  });

  test("refuses an instance that is given back twice", async () => {
    const pool = new InstancePool<Instance>();
    const instance = (await pool.acquire((await compileAdder()).digest, make))!;
    pool.release(instance);
    expect(() => pool.release(instance)).toThrow(expect.objectContaining({ code: "base/invariant" }));
  });
});
