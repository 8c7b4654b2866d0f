import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { promiseId } from "../../../host/base/id.ts";
import { isHostError } from "../../../host/base/error.ts";
import { crashEverywhere, type CrashCall, type CrashOptions, type Scenario } from "../../../host/testing/index.ts";
import type { Answer } from "../../../host/testing/simulation.ts";
import { openGuestFolder } from "../build/guest-folder.ts";

const find = (path: string) => new URL(`../../../guests/${path}`, import.meta.url).pathname;

const method = (agent: string, name: string, ...args: unknown[]): CrashCall => ({
  callee: { agent, method: name },
  args,
});
const call = (name: string, ...args: unknown[]): CrashCall => ({ callee: { function: name }, args });

/** One call after the other. */
const inTurn =
  (...calls: CrashCall[]): Scenario =>
  async (host) => {
    const outcomes = [];
    for (const [index, { callee, args }] of calls.entries())
      outcomes.push(await host.result(await host.call({ callee, args: JSON.stringify(args), key: `call ${index}` })));
    return outcomes;
  };

/** A site of two pages, of which the second one is missing. */
const site: Answer = ({ url }) => {
  const isHome = url.pathname === "/";
  const body = Buffer.from(isHome ? '<a href="/">home</a><a href="/lost">lost</a>' : "lost");
  return { status: isHome ? 200 : 404, statusText: "", headers: [["content-type", "text/html"]], body };
};
const files = ["a", "b", "c"].map((name) => ({ path: `${name}.md`, text: `# ${name}\n\nsome words of ${name}\n` }));

describe("comes to the same end wherever its host is killed:", () => {
  const c1 = 'coordinator("c1")';
  const runs: [guest: string, name: string, run: CrashCall | Scenario, options?: CrashOptions][] = [
    [
      "bank",
      "transfer",
      inTurn(method('account("a")', "deposit", 9), call("transfer", "a", "b", 5), call("transfer", "a", "b", 5)),
    ],
    ["cleanup", "finish", inTurn(method('project("p")', "start", 2), method('project("p")', "finish"))],
    // Deleted with its keys: to start it again would be another life.
    ["cleanup", "drop", call("drop", "q")],
    ["counter", "add", inTurn(method('counter("c1")', "add", 2), method('counter("c1")', "add", 3))],
    [
      "crawl",
      "crawl",
      call("crawl", "http://site.test/", 2),
      { settings: { allowedHosts: ["site.test"] }, answer: site },
    ],
    ["cycle", "ask", method('peer("ann")', "ask", "bob")],
    ["cycle", "tell", method('peer("ann")', "tell", "bob")],
    ["enrichment", "enrichBatch", call("enrichBatch", ["a", "b"])],
    ["enrichment", "enrichApart", call("enrichApart", ["a", "b"])],
    ["enrichment", "enrichTolerant", call("enrichTolerant", ["a", ""])],
    ["enrichment", "processBounded", call("processBounded", ["a", "b", "c"], 2)],
    ["enrichment", "processLimited", call("processLimited", ["a", "b", "c"], 2)],
    ["fan-out", "fanOut", method(c1, "fanOut", ["a", "b"])],
    ["fan-out", "fanOutStrict", method(c1, "fanOutStrict", ["a?", "b"])],
    ["fan-out", "fanOutWithErrors", method(c1, "fanOutWithErrors", ["a", "b?"])],
    ["fan-out", "dispatchAndCollect", method(c1, "dispatchAndCollect", ["eu", "us"])],
    ["fan-out", "parallelCompute", method(c1, "parallelCompute")],
    ["fan-out", "multiFork", method(c1, "multiFork", 2)],
    ["fork-search", "solve", method("queens(4)", "solve"), { kills: 8 }],
    ["parallelism", "primes", call("primes", 100, 2, 2)],
    [
      "readme-index",
      "index",
      inTurn(method('indexer("i")', "index", files), method('indexer("i")', "search", "words")),
    ],
    ["recursion", "countNodes", call("countNodes", 2, 2)],
    ["recursion", "runaway", call("runaway"), { kills: 8, settings: { depthLimit: 5 } }],
    ["reminder", "nag", call("nag", "ann", "tea", 60_000, 2)],
    ["reminder", "ask", call("ask", "ann", "tea?", 60_000)],
  ];

  test.each(runs)("%s, %s", async (guest, _name, run, options) => {
    const { writes, kills } = await crashEverywhere(find(guest), run, options);
    expect(kills).toHaveLength(Math.min(writes, options?.kills ?? Infinity));
    expect(writes).toBeGreaterThan(1);
  });

  // Those of other languages are in crash-blocking.test.ts.
  test("and so does every guest that there is", () => {
    const guests = readdirSync(find("."), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const names = guests
      .map(({ name }) => name)
      .filter((name) => name !== "sdk" && existsSync(find(`${name}/index.ts`)));
    expect(new Set(runs.map(([guest]) => guest))).toEqual(new Set(names));
  });
});

describe("crashEverywhere", () => {
  const folder = openGuestFolder({
    "index.ts": `
      import { now, promise, random, rpc, sleep } from "planaria/guest";
      export async function draw() { return random.bytes(4).join(); }
      export async function gamble() { return [await rpc(draw, []), await rpc(draw, [])]; }
      export async function ask() { return promise.await(promise.create({ id: "asked" })); }
      export async function request(url: string) { return (await fetch(url)).text(); }
      export async function fail() { await sleep(86_400_000); throw new RangeError("no"); }
    `,
  });
  const guest = folder.file("index.ts");

  test("kills as often as it is told to, spread over the run", async () => {
    const dispatch = method('coordinator("c1")', "dispatchAndCollect", ["eu", "us"]);
    const { writes, kills } = await crashEverywhere(find("fan-out"), dispatch, { kills: 3 });
    expect(kills).toEqual([1, 1 + Math.floor(writes / 3), 1 + Math.floor((2 * writes) / 3)]);
  });

  test("says what is otherwise when a guest gambles", async () => {
    const gambled = crashEverywhere(guest, call("gamble"));
    await expect(gambled).rejects.toMatchObject({ code: "testing/crash-differs" });
    await expect(gambled).rejects.toThrow(
      /^Killed after write \d+ of \d+, the run comes to another end[^]*\n {2}- result [^]*\n {2}\+ result /,
    );
  });

  test("says that a call never ends", async () => {
    await expect(crashEverywhere(guest, call("ask"))).rejects.toMatchObject({
      code: "testing/stuck",
    });
  });

  test("takes a scenario, which may settle promises", async () => {
    const scenario: Scenario = async (host) => {
      const asked = await host.call({ callee: { function: "ask" }, args: "[]", key: "k" });
      await host.settled();
      await host.settlePromise(promiseId("asked"), "resolved", '"yes"');
      return host.result(asked);
    };
    expect((await crashEverywhere(guest, scenario)).result).toEqual({ value: '"yes"' });
  });

  test("takes a failure as an end like any other, and a day's sleep as nothing", async () => {
    const { result } = await crashEverywhere(guest, call("fail"));
    expect(result).toMatchObject({ error: expect.stringContaining('"RangeError"') });
  });

  test("answers requests, and finds that each left under one key", async () => {
    const answer = () => ({ status: 200, statusText: "OK", headers: [], body: Buffer.from("hello") });
    const options = { settings: { allowedHosts: ["example.com"] }, answer };
    const asked = call("request", "https://example.com/");
    expect((await crashEverywhere(guest, asked, options)).result).toEqual({ value: '"hello"' });
  });

  test("refuses a call of what is not there, and what is no guest", async () => {
    const unknown = crashEverywhere(guest, call("nobody"));
    await expect(unknown).rejects.toSatisfy((error) => isHostError(error, "rpc/unknown-function"));
    await expect(crashEverywhere("nowhere.wasm", call("ask"))).rejects.toMatchObject({
      code: "component/unreadable",
    });
  });
});
