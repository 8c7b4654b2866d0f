import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const open = async (name: string) => new FakeHost(await compileGuest(`guests/${name}`));

test("every example has a README with commands that name it", () => {
  const names = readdirSync("guests").filter((name) => name !== "sdk");
  expect(names.length).toBeGreaterThan(0);
  for (const name of names)
    expect(readFileSync(`guests/${name}/README.md`, "utf8")).toContain(`npx planaria run guests/${name} '`);
});

describe("fan-out", async () => {
  const host = await open("fan-out");

  test("collects the reports of worker agents", async () => {
    expect(await host.call('coordinator("c1").dispatchAndCollect', ["eu", "us"])).toEqual([
      "Report for eu: OK",
      "Report for us: OK",
    ]);
  });

  test("collects the results of forks", async () => {
    expect(await host.call('coordinator("c2").multiFork', 3)).toEqual([
      "result-from-fork-0",
      "result-from-fork-1",
      "result-from-fork-2",
    ]);
  });

  test("keeps the order of a batch, here or apart", async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `id${i}`);
    expect(await host.call("enrichBatch", ids)).toEqual(ids.map((id) => `enriched-${id}`));
    expect(await host.call("enrichApart", ids)).toEqual(ids.map((id) => `enriched-${id}`));
  });
});

test("counter counts", async () => {
  const host = await open("counter");
  await host.call('counter("a").add', 5);
  expect(await host.call('counter("a").add')).toBe(6);
  expect(await host.call('counter("a").get')).toBe(6);
  expect(await host.call('counter("b").get')).toBe(0);
});

describe("bank", async () => {
  const host = await open("bank");
  const balances = () => Promise.all(["ann", "bob"].map((owner) => host.call(`account("${owner}").balance`)));

  test("moves money", async () => {
    await host.call('account("ann").deposit', 1000);
    await host.call("transfer", "ann", "bob", 300);
    expect(await balances()).toEqual([700, 300]);
  });

  test("refuses more than there is, and what is no amount", async () => {
    await expect(host.call("transfer", "ann", "bob", 701)).rejects.toMatchObject({
      code: "bank/short",
      data: { balance: 700, cents: 701 },
    });
    await expect(host.call("transfer", "ann", "bob", -5)).rejects.toMatchObject({ code: "bank/amount" });
    expect(await balances()).toEqual([700, 300]);
  });

  test("gives back what the other account can't take", async () => {
    await host.call('account("bob").close');
    await expect(host.call("transfer", "ann", "bob", 100)).rejects.toMatchObject({
      code: "bank/transfer-failed",
      cause: { code: "bank/closed" },
    });
    expect(await balances()).toEqual([700, 300]);
  });
});

describe("readme-index", async () => {
  const host = await open("readme-index");
  const filler = ".".repeat(2_000);
  const files = Array.from({ length: 45 }, (_, i) => ({
    path: `${i}.md`,
    text: `# File ${i}\nA worm, a [worm](http://x) and <http://y>.\n${i === 30 ? "Planaria's worm\n" : ""}\`\`\`\n# no [heading](nor link)\n\`\`\`\n${filler}`,
  }));

  test("adds up what the shelves have counted", async () => {
    expect(await host.call('indexer("d").index', files)).toMatchObject({
      files: 45,
      headings: 45,
      codeBlocks: 45,
      links: 90,
      topWords: { a: 90, worm: 91 },
    });
    expect(host.agentIds().filter((id) => id.startsWith("shelf"))).toEqual([
      'shelf("d",0)',
      'shelf("d",1)',
      'shelf("d",2)',
    ]);
  });

  test("finds words on all shelves, most often first", async () => {
    const found = await host.call('indexer("d").search', "WORM");
    expect(found).toHaveLength(45);
    expect(found.slice(0, 2)).toEqual([
      { path: "30.md", times: 3 },
      { path: "0.md", times: 2 },
    ]);
    expect(await host.call('indexer("d").search', "planaria's")).toEqual([{ path: "30.md", times: 1 }]);
    expect(await host.call('indexer("d").search', "constructor")).toEqual([]);
  });

  test("forgets the shelves of a larger index before", async () => {
    await host.call('indexer("d").index', files.slice(0, 1));
    expect(await host.call('indexer("d").search', "worm")).toEqual([{ path: "0.md", times: 2 }]);
    expect(host.agentIds().filter((id) => id.startsWith("shelf"))).toEqual(['shelf("d",0)']);
  });
});

describe("crawl", async () => {
  const host = await open("crawl");
  const web = { home: ["news", "about"], news: ["home", "about"], about: [] };

  test("visits every link once on each way, and comes to an end in a circle", async () => {
    expect(await host.call("measure", web, "home")).toEqual({ visits: 4, pages: 3, deepest: 2 });
    expect(await host.call("measure", web, "home", 0)).toEqual({ visits: 1, pages: 1, deepest: 0 });
  });

  test("fails with a dead link, from however deep", async () => {
    await expect(host.call("crawl", { a: ["b"], b: ["c"] }, "a")).rejects.toMatchObject({
      code: "crawl/dead-link",
      message: "b links to c, which does not exist.",
    });
  });
});

describe("reminder", async () => {
  const host = await open("reminder");
  const read = async (owner: string) =>
    (await host.call(`inbox("${owner}").read`)).map(({ text }: { text: string }) => text);

  test("leaves notes when the time has come", async () => {
    const at = await host.call("remind", "ann", "water", 5000);
    expect(await read("ann")).toEqual([]);
    await host.drain();
    expect(await host.call('inbox("ann").read')).toEqual([{ at, text: "water" }]);
    await host.call("nag", "bob", "up", 1000, 2);
    expect(await read("bob")).toEqual(["up (1 of 2)", "up (2 of 2)"]);
  });

  test("takes an answer, or silence", async () => {
    expect(await host.call("ask", "ann", "Tea?", 50)).toBe("no answer");
    const either = host.start("askEither", "ann", "bob", "Lunch?", 1e9);
    while (!(await read("bob")).includes("Lunch?")) await host.step();
    host.answer("answer bob: Lunch?", true);
    expect(await host.settle(either)).toEqual({ value: { owner: "bob", answer: "yes" } });
  });
});

test("fork-search finds all boards, in the order of a plain search", async () => {
  const host = await open("fork-search");
  expect(await host.call("queens(4).solve")).toEqual([
    [1, 3, 0, 2],
    [2, 0, 3, 1],
  ]);
  expect(host.agentIds()).toHaveLength(17);
  expect(await host.call("queens(3).solve")).toEqual([]);
});
