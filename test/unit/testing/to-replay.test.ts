import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildGuest } from "../../../build/build.ts";
import { cacheFolder } from "../../../build/cache-folder.ts";
import { openHost } from "../../../host/open-host.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import { recordAgent } from "../../../host/testing/index.ts";
import { openGuestFolder } from "../build/guest-folder.ts";

const source = `import { agent, log } from "planaria/guest";

export const order = agent((id: string) => {
  let paid = 0;
  return {
    async pay(cents: number) {
      log.info("paying " + cents);
      await receipt.get(id).print(cents);
      paid += cents;
      return { id, paid };
    },
    refuse() {
      const error = new RangeError("refused");
      log.error(error);
      throw error;
    },
  };
});

export const receipt = agent((_id: string) => ({ print: (cents: number) => "paid: " + cents }));
`;

const edited = {
  /** Everything is some lines further down. */
  "moved.ts": `// Moved.\n\n\n${source.replace("let paid", "let unused = [1]; let paid")}`,
  "louder.ts": source.replace('"paying "', '"PAYING "'),
};
const folder = openGuestFolder({ "index.ts": source, ...edited });
const golden = folder.file("goldens/order.oplog.jsonl");

beforeAll(async () => {
  await using store = await openMemoryStore({ now: Date.now });
  await using host = await openHost({ store, executor: "in-process", cacheFolder: cacheFolder() });
  const { component } = await buildGuest({ entry: folder.path });
  writeFileSync(folder.file("order.wasm"), component);
  await host.addComponent(component, "order");
  for (const [method, args] of [
    ["pay", "[1200]"],
    ["refuse", "[]"],
    ["pay", "[5]"],
  ] as const) {
    await host.result(await host.call({ callee: { agent: 'order("o-7")', method }, args }));
  }
  await recordAgent(host, "order( 'o-7' )".replaceAll("'", '"'), golden);
});

afterAll(() => folder[Symbol.dispose]());

describe("a golden replays", () => {
  test("with the guest that it was recorded with, named in any way, or its bytes", async () => {
    const { component } = await buildGuest({ entry: folder.path });
    const files = [folder.path, folder.file("index.ts"), folder.file("order.wasm")];
    for (const named of [...files, pathToFileURL(folder.file("order.wasm")), component]) {
      await expect(named).toReplay(golden);
    }
    await expect(component).toReplay(pathToFileURL(golden));
  });

  test("with an edited guest that does the same, though its memory and the lines of its stacks are others", async () => {
    await expect(folder.file("moved.ts")).toReplay(golden);
  });
});

describe("a golden does not replay with a guest that does something else", () => {
  test("and the message shows what, and where", async () => {
    const error: Error = await expect(folder.file("louder.ts"))
      .toReplay(golden)
      .catch((thrown) => thrown);
    expect(error.message).toContain(`${folder.file("louder.ts")} does not replay ${golden}`);
    expect(error.message).toContain('order("o-7") left its recorded path at entry 3');
    expect(error.message).toMatch(
      / 2 {2}invoked pay\(1200\)\n {2}- 3 {2}log\.info paying 1200\n {2}\+ 3 {2}log\.info PAYING 1200\n/,
    );
    expect(error.message).toMatch(/message:\n +recorded +"paying 1200"\n +attempted +"PAYING 1200"/);
  });

  test("and so not.toReplay passes, which fails for one that does the same", async () => {
    await expect(folder.file("louder.ts")).not.toReplay(golden);
    await expect(expect(folder.path).not.toReplay(golden)).rejects.toThrow(
      /replays .*order\.oplog\.jsonl, all 19 entries of order\("o-7"\); it was expected not to/,
    );
  });
});

describe("neither toReplay nor not.toReplay passes", () => {
  const noGolden = { code: "golden/missing", message: expect.stringContaining("planaria record") };

  test("for a golden that there is not, or a file that is none", async () => {
    const file = folder.file("none.oplog.jsonl");
    await expect(expect(folder.path).toReplay(file)).rejects.toMatchObject(noGolden);
    await expect(expect(folder.path).not.toReplay(file)).rejects.toMatchObject(noGolden);
    const code = "golden/not-golden";
    await expect(expect(folder.path).not.toReplay(folder.file("index.ts"))).rejects.toMatchObject({ code });
  });

  test.each([
    ["a guest that there is not", folder.file("none.ts"), "build/missing-entry"],
    ["a component that there is not", folder.file("none.wasm"), "component/unreadable"],
    ["a component that is none", new TextEncoder().encode("not wasm"), "component/not-wasm"],
    ["what names no component", 42, "component/unreadable"],
  ])("for %s", async (_, named, code) => {
    await expect(expect(named).toReplay(golden)).rejects.toMatchObject({ code });
    await expect(expect(named).not.toReplay(golden)).rejects.toMatchObject({ code });
  });
});
