import { expect, test, vi } from "vitest";
import { openHost } from "../../host/open-host.ts";
import { openMemoryStore } from "../../host/store/memory-store.ts";
import { Stage } from "../unit/executor/stage.ts";
import { samples } from "./index.ts";
import { Failure, type Sample } from "./sample.ts";
import { openWat } from "./wat.ts";

// Compilers take seconds, and longer where others work, too.
vi.setConfig({ testTimeout: 60_000 });

const agent = 'guest("a")';

for (const sample of samples) {
  // A tool that is missing is said in the test's name, which is all that is seen of one that is skipped.
  const lead = sample.missing === null ? sample.name : `${sample.name} (${sample.missing.replaceAll("\n", " ")})`;

  test.skipIf(sample.missing !== null)(`${lead} does what it says, under one host after the other`, async () => {
    await using stage = await Stage.open(await sample.open(), { memoryCapBytes: 2 ** 30 });
    for (const [index] of sample.calls.entries()) {
      if (index === Math.ceil(sample.calls.length / 2)) await stage.reopen();
      await expectCall(stage, sample, index);
    }
    await stage.checkReplays();
  });
}

test("a component that imports what nobody has is refused, and the import is named", async () => {
  await using host = await openHost({ store: await openMemoryStore({ now: Date.now }), executor: "in-process" });
  const adding = host.addComponent(await openWat("orphan"), "orphan.wasm");
  await expect(adding).rejects.toMatchObject({
    code: "component/unknown-import",
    data: { unknown: ["acme:missing/things@1.2.3#get"] },
  });
});

async function expectCall(stage: Stage, { calls }: Sample, index: number): Promise<void> {
  const [call, args, expected] = calls[index]!;
  const said = `${call}(${JSON.stringify(args).slice(1, -1)})`;
  const got = await stage.call(agent, call, ...args).catch((error: { code: string }) => new Failure(error.code));
  expect(got, said).toEqual(expected);
}
