import { afterAll, expect, test } from "vitest";
import { readGolden } from "../../host/testing/index.ts";
import { openGuestFolder } from "../unit/build/guest-folder.ts";
import { readComponents } from "./folder.ts";
import { recordScenario } from "./record.ts";

const component = [...readComponents().values()].at(-1)!;
const folder = openGuestFolder({});
const file = folder.file("labor.oplog.jsonl");

afterAll(() => folder[Symbol.dispose]());

test("a scenario is recorded on a live host, and replays", async () => {
  expect(await recordScenario("labor", component, file)).toEqual(await readGolden(file));
  await expect(component).toReplay(file);
});

test("a golden that exists is not recorded anew", async () => {
  await expect(recordScenario("labor", component, file)).rejects.toMatchObject({ code: "golden/exists" });
});

test("a scenario that there is not is refused, and those that there are named", async () => {
  const refusal = { code: "golden/no-scenario", message: expect.stringMatching(/laboor.*labor/) };
  await expect(recordScenario("laboor", component, file)).rejects.toMatchObject(refusal);
});
