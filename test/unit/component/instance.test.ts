import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { HostError } from "../../../host/base/error.ts";
import { instantiate } from "../../../host/component/instance.ts";
import { captureBase, captureImage, restoreImage } from "../../../host/snapshot/image.ts";
import { memoryDigest } from "../../../host/snapshot/memory-digest.ts";
import { compileAdder, makeCountingImports, memoryCapBytes, runSteps } from "./test-guest.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

describe("an instance", () => {
  test("shows every memory and mutable global once, in the same order each time", async () => {
    const compiled = await compileAdder();
    const [one, other] = [
      await instantiate(compiled, makeCountingImports().imports),
      await instantiate(compiled, makeCountingImports().imports),
    ];
    expect(one.memories.map(({ buffer }) => buffer.byteLength)).toEqual(
      other.memories.map(({ buffer }) => buffer.byteLength),
    );
    expect(one.globals.map(({ value }) => value)).toEqual(other.globals.map(({ value }) => value));
    expect(new Set(one.globals).size).toBe(7);
    expect(new Set(one.memories).size).toBe(3);
  });

  test("hands imports plain values: an absent option is undefined, a result is tagged", async () => {
    const { imports, calls } = makeCountingImports();
    const options: unknown[] = [];
    const callFunction = imports["planaria:host/rpc"].callFunction;
    imports["planaria:host/rpc"].callFunction = (name, args, given) => {
      options.push(given);
      return callFunction(name, args, given);
    };
    const instance = await instantiate(await compileAdder(), imports);
    await instance.invoke(`{"do":"add"}`);
    await instance.invoke(`{"do":"finish","invocation":4}`);
    expect(options).toEqual([{ mode: "attached", at: undefined, key: undefined }]);
    expect(calls).toEqual([
      `next{"total":0,"seen":0}`,
      `finish 4 ok "done"`,
      `finish 4 err {"name":"Error","message":"undone"}`,
    ]);
  });

  test("has run all it can when a step resolves", async () => {
    const { imports, calls } = makeCountingImports();
    const instance = await instantiate(await compileAdder(), imports);
    await instance.invoke(`{"do":"add"}`);
    await runSteps(instance, 1, 3);
    expect(calls.at(-1)).toBe(`next{"total":6,"seen":3}`);
  });

  test.each([
    ["throws out of an export", `{"do":"fail"}`],
    ["never returns from an export", `{"do":"hang"}`],
    ["recurses too deep", `{"do":"recurse"}`],
  ])("is dead once the guest %s", async (_, request) => {
    const instance = await instantiate(await compileAdder(), makeCountingImports().imports);
    expect(instance.trapped).toBe(false);
    await expect(instance.invoke(request)).rejects.toThrow(Error);
    expect(instance.trapped).toBe(true);
  });

  test("throws what an import threw, as it is, and is dead", async () => {
    const { imports } = makeCountingImports();
    const refusal = new HostError("guest/not-json", "no");
    imports["planaria:host/rpc"].callFunction = () => {
      throw refusal;
    };
    const instance = await instantiate(await compileAdder(), imports);
    await expect(instance.invoke(`{"do":"add"}`)).rejects.toBe(refusal);
    await expect(instance.deliver("[]")).rejects.toThrow("wasm trap");
  });

  test("cannot grow past the memory cap", async () => {
    const instance = await instantiate(await compileAdder(), makeCountingImports().imports);
    await instance.invoke(`{"do":"keep","sizeBytes":${memoryCapBytes - 8_388_608}}`);
    const sizeBytes = instance.memories[2]!.buffer.byteLength;
    await instance.invoke(`{"do":"keep","sizeBytes":16777216}`).catch(() => {});
    expect(instance.memories[2]!.buffer.byteLength).toBe(sizeBytes);
    expect(sizeBytes).toBeLessThanOrEqual(memoryCapBytes);
  });

  test("serves many agents in turn for thousands of steps, and keeps nothing of them in the glue", async () => {
    const { imports, calls, setOperation } = makeCountingImports();
    const instance = await instantiate(await compileAdder(), imports);
    const base = captureBase(instance);
    await instance.invoke(`{"do":"add"}`);
    const waiting = captureImage(instance, base);
    const serve = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        restoreImage(instance, base, waiting);
        setOperation(1);
        await runSteps(instance, 1, 3);
        calls.length = 0;
      }
      return memoryDigest(instance, base);
    };
    const after = await serve(300);
    collectGarbage();
    const heapBytes = process.memoryUsage().heapUsed;
    expect(await serve(1_500)).toBe(after);
    collectGarbage();
    // Half a kilobyte kept of each step would be more than 2 MB.
    expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(1_000_000);
  });
});
