import { describe, expect, test } from "vitest";
import { instantiate, type Instance } from "../../../host/component/instance.ts";
import { captureBase, captureImage, restoreImage } from "../../../host/snapshot/image.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../host/snapshot/manifest.ts";
import { memoryDigest } from "../../../host/snapshot/memory-digest.ts";
import { compileAdder, makeCountingImports, runSteps } from "../component/test-guest.ts";

async function makeGuest(): Promise<{ instance: Instance } & ReturnType<typeof makeCountingImports>> {
  const counting = makeCountingImports();
  return { instance: await instantiate(await compileAdder(), counting.imports), ...counting };
}

describe("a QuickJS guest", () => {
  test("is bit for bit the same in every fresh instance", async () => {
    const [one, other] = [await makeGuest(), await makeGuest()];
    const base = captureBase(one.instance);
    expect(captureImage(other.instance, base).memories.every(({ pages }) => pages.size === 0)).toBe(true);
    expect(captureBase(other.instance).globals).toEqual(base.globals);
  });

  test("has the same digest as another that was fed the same steps", async () => {
    const [one, other] = [await makeGuest(), await makeGuest()];
    const base = captureBase(one.instance);
    for (const { instance } of [one, other]) {
      await instance.invoke(`{"do":"add"}`);
      await runSteps(instance, 1, 300);
      await instance.invoke(`{"do":"keep","sizeBytes":3000000}`);
    }
    expect(memoryDigest(one.instance, base)).toBe(memoryDigest(other.instance, base));
    expect(one.calls).toEqual(other.calls);
    await runSteps(one.instance, 301, 1);
    expect(memoryDigest(one.instance, base)).not.toBe(memoryDigest(other.instance, base));
  });

  test("goes on in another instance from the middle of an await, as if nothing had happened", async () => {
    const [one, other] = [await makeGuest(), await makeGuest()];
    const base = captureBase(one.instance);
    await one.instance.invoke(`{"do":"add"}`);
    await runSteps(one.instance, 1, 200);
    // The other instance has a past of its own, of which nothing may remain.
    await other.instance.invoke(`{"do":"finish","invocation":1}`);
    restoreImage(other.instance, base, captureImage(one.instance, base));
    one.calls.length = other.calls.length = 0;
    other.setOperation(201);
    for (const { instance } of [one, other]) await runSteps(instance, 201, 200);
    expect(other.calls).toEqual(one.calls);
    expect(memoryDigest(other.instance, base)).toBe(memoryDigest(one.instance, base));
  });

  test("comes back from a snapshot with its grown memory", async () => {
    const [one, other] = [await makeGuest(), await makeGuest()];
    const base = captureBase(one.instance);
    await one.instance.invoke(`{"do":"add"}`);
    await one.instance.invoke(`{"do":"keep","sizeBytes":3000000}`);
    const { id, manifest, pages } = encodeSnapshot(captureImage(one.instance, base), base);
    restoreImage(other.instance, captureBase(other.instance), decodeSnapshot(manifest, pages, base));
    expect(memoryDigest(other.instance, base)).toBe(id);
    other.setOperation(1);
    for (const { instance } of [one, other]) await runSteps(instance, 1, 20);
    expect(memoryDigest(other.instance, base)).toBe(memoryDigest(one.instance, base));
  });

  test("costs a snapshot of some 20 kB after a few hundred steps", async () => {
    const { instance } = await makeGuest();
    const base = captureBase(instance);
    await instance.invoke(`{"do":"add"}`);
    await runSteps(instance, 1, 300);
    const { manifest, pages } = encodeSnapshot(captureImage(instance, base), base);
    const sizeBytes = pages.reduce((sum, { data }) => sum + data.length, manifest.length);
    expect(sizeBytes).toBeLessThan(25_000);
  });
});
