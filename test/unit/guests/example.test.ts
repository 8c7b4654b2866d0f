import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const open = async (name: string) => new FakeHost(await compileGuest(`guests/${name}`));

test("every example has a README with commands that name it", () => {
  const names = readdirSync("guests").filter((name) => existsSync(`guests/${name}/index.ts`) && name !== "sdk");
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

  test("joins what workers return, in order, or says which of them failed", async () => {
    expect(await host.call('coordinator("c3").fanOut', ["a", "b"])).toEqual(["processed-a", "processed-b"]);
    await expect(host.call('coordinator("c3").fanOutStrict', ["a", "b", "c?"])).rejects.toMatchObject({
      code: "join/failed",
      message: "Item 3 of 3 failed: c? is no word",
      data: { index: 2 },
      cause: { code: "worker/no-word" },
    });
    expect(await host.call('coordinator("c3").fanOutWithErrors', ["", "b"])).toEqual({
      successes: ["processed-b"],
      failures: ["Item  failed:  is no word"],
    });
  });

  test("lets a fork and its original work at the same thing", async () => {
    expect(await host.call('coordinator("c4").parallelCompute')).toBe("Combined: original + forked-result");
  });
});

describe("enrichment", async () => {
  const host = await open("enrichment");
  const ids = Array.from({ length: 20 }, (_, i) => `id${i}`);

  test("keeps the order of a batch, here, apart, or a few at a time", async () => {
    for (const name of ["enrichBatch", "enrichApart", "parallelEnrich"])
      expect(await host.call(name, ids)).toEqual(ids.map((id) => `enriched-${id}`));
    for (const name of ["processBounded", "processLimited"])
      expect(await host.call(name, ids, 3)).toEqual(ids.map((id) => `processed-${id}`));
  });

  test("ends with the first failure, or tolerates it", async () => {
    await expect(host.call("enrichBatch", ["a", "", "c"])).rejects.toMatchObject({ code: "enrichment/no-id" });
    expect(await host.call("enrichTolerant", ["", "c"])).toEqual([
      { error: "PlanariaError: an order without an id cannot be enriched" },
      { value: "enriched-c" },
    ]);
  });

  test("refuses to process nothing at a time", async () => {
    for (const name of ["processBounded", "processLimited"])
      await expect(host.call(name, ids, 0)).rejects.toMatchObject({ code: "guest/bad-argument" });
  });
});

test("recursion counts the nodes of a tree, each of them an agent", async () => {
  const host = await open("recursion");
  expect(await host.call("countNodes", 3, 2)).toBe(15);
  expect(host.agentIds()).toHaveLength(15);
});

test("parallelism counts primes, whoever has a part in it", async () => {
  const host = await open("parallelism");
  expect(await host.call("primes", 1000, 7, 3)).toBe(168);
  expect(await host.call("primes", 10, 1, 1)).toBe(4);
  expect(host.agentIds().filter((id) => id.startsWith("sieve"))).toHaveLength(3);
});

test("cycle lets one tell another, who tells back without being waited for", async () => {
  const host = await open("cycle");
  expect(await host.call('peer("ann").tell', "bob")).toBe("bob has been told");
  await host.drain();
  expect(await host.call('peer("ann").heard')).toEqual(["bob tells back"]);
});

test("cleanup leaves tasks behind until they are deleted", async () => {
  const host = await open("cleanup");
  await host.call('project("p").start', 2);
  expect(await host.call('project("p").start', 1)).toEqual([2, 2]);
  expect(host.agentIds()).toHaveLength(3);
  expect(await host.call('project("p").finish')).toBe(2);
  expect(host.agentIds()).toEqual(['project("p")']);
  expect(await host.call('task("p",0).notes')).toEqual([]);
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
  const web: Record<string, string[]> = { home: ["news", "about", "gone"], news: ["home", "about"], about: [] };
  host.answerRequest = (url) => {
    const links = web[url.replace("http://w.test/", "")];
    const html = (links ?? []).map((link) => `<a href="${link}">${link}</a>`).join(" ");
    const headers = [["content-type", "text/html; charset=utf-8"]];
    const status = links === undefined ? 404 : 200;
    return { value: { status, statusText: "", url, redirected: false, headers, body: { text: html } } };
  };

  test("visits a page for every link to it, as deep as it is told", async () => {
    expect(await host.call("measure", "http://w.test/home", 0)).toEqual({ visits: 1, pages: 1, missing: 0 });
    expect(await host.call("measure", "http://w.test/home", 2)).toEqual({ visits: 6, pages: 4, missing: 1 });
  });

  test("says of each page how it was answered, and where it leads", async () => {
    expect(await host.call("crawl", "http://w.test/home", 1)).toEqual({
      url: "http://w.test/home",
      depth: 1,
      status: 200,
      links: ["http://w.test/news", "http://w.test/about", "http://w.test/gone"],
      children: [
        expect.objectContaining({ depth: 0, status: 200, links: ["http://w.test/home", "http://w.test/about"] }),
        expect.objectContaining({ depth: 0, status: 200, links: [], children: [] }),
        expect.objectContaining({ depth: 0, status: 404, links: [] }),
      ],
    });
  });

  test("goes on where a page can't be read, and not where it is told nonsense", async () => {
    const answer = host.answerRequest;
    host.answerRequest = (url) =>
      url.endsWith("about") ? { error: { name: "PlanariaError", code: "http/denied", message: "no" } } : answer(url);
    const { children } = await host.call("crawl", "http://w.test/home", 1);
    expect(children.map(({ status }: { status: unknown }) => status)).toEqual([200, "http/denied", 404]);
    host.answerRequest = answer;
    await expect(host.call("crawl", "nonsense", 1)).rejects.toMatchObject({ name: "TypeError" });
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
