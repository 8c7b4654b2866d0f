import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { SaidSettings } from "../../../host/component/settings.ts";
import { openSqliteStore } from "../../../host/store/sqlite-store.ts";
import { openTemporaryFolder } from "../../store/temporary-folder.ts";
import { FakeHttp } from "../http/fake-http.ts";
import { readGuest, Scene, type Node } from "./scene.ts";

// Calls go by the thousand here, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 });

const guest = await readGuest("test/guests/hostile.ts");
const open = (settings: SaidSettings = {}, http = new FakeHttp()): Promise<Node> =>
  new Scene().open({ guest, settings, http });

const failureOf = (node: Node, target: string, ...args: unknown[]): Promise<any> =>
  node.call(target, ...args).then(
    () => null,
    (error: unknown) => error,
  );

/** Lets a guest do its worst, and sees to it that another agent goes on and remembers what it did. */
async function beside<T>(node: Node, work: () => Promise<T>): Promise<T> {
  const before = await failureOf(node, 'survivor("other").throwAfter');
  expect(before).toMatchObject({ message: expect.stringContaining("has counted to") });
  const count: number = await node.call('survivor("other").count');
  const result = await work();
  expect(await node.call('survivor("other").count')).toBe(count);
  return result;
}

describe("what a guest hands over", () => {
  test.each([
    ["its result", "returnMuch", [5]],
    ["a message", "shout", [5]],
    ["the arguments of a call", "callMuch", [5]],
    ["the value of a promise", "settleMuch", [5]],
  ])("as %s may not be longer than its limit", async (_, name, args) => {
    const node = await open({ payloadLimitBytes: 4_194_304 });
    const failure = await beside(node, () => failureOf(node, name, ...args));
    expect(failure).toMatchObject({ code: "guest/payload-too-large" });
    expect(failure.message).toMatch(
      /^\w+\[.*\] hands over \d+ bytes at once, and 4194304 are the most.*--payload-limit\.$/,
    );
    // Nothing of it is in the store.
    expect((await node.store.sizes()).oplogBytes).toBeLessThan(1_000_000);
  });

  test("may be 16 MiB, if nobody says otherwise", async () => {
    const node = await open();
    expect(await node.call("returnMuch", 15)).toHaveLength(15 * 1_048_576);
    expect(await failureOf(node, "returnMuch", 16)).toMatchObject({ code: "guest/payload-too-large" });
  });

  test("may be as long as the operator says", async () => {
    const node = await open({ payloadLimitBytes: 4_096 });
    expect(await failureOf(node, "returnMuch", 1)).toMatchObject({ code: "guest/payload-too-large" });
    await node.run(node.host.setComponent(guest.compiled.digest, { payloadLimitBytes: 2_097_152 }));
    expect(await node.call("returnMuch", 1)).toHaveLength(1_048_576);
  });
});

describe("a guest that floods", () => {
  test.each([
    ["the log with lines", "flood", [1_000_000]],
    ["the store with promises", "promiseMuch", [1_000_000]],
    ["the journal with randomness", "drawMuch", [10_000]],
    ["the host with cancellations", "cancelMuch", [1_000_000]],
  ])("%s has its step undone, and others go on", async (_, name, args) => {
    const node = await open({ stepLimitBytes: 2_097_152 });
    const failure = await beside(node, () => failureOf(node, name, ...args));
    expect(failure).toMatchObject({ code: "guest/step-too-large" });
    expect(failure.message).toMatch(/would journal more than 2097152 bytes in one step.*--step-limit\.$/);
  });

  test("cancellations within its limit has its journal looked through once", async () => {
    const node = await open();
    let reads = 0;
    const steps = node.store.steps.bind(node.store);
    node.store.steps = (...args) => ((reads += 1), steps(...args));
    expect(await beside(node, () => node.call("cancelMuch", 100_000))).toBe(100_000);
    expect(reads).toBeLessThan(10);
  });

  test("others with calls is stopped by its depth, and what it started ends", async () => {
    const node = await open({ depthLimit: 6 });
    const failure = await beside(node, () => failureOf(node, "rpcBomb", 100));
    expect(failure).toMatchObject({ code: "rpc/too-deep" });
    await node.settled();
    const states = new Set((await node.store.agents()).map(({ state }) => state));
    expect(states).toEqual(new Set(["ended", "idle"]));
  });

  test("the store with forks is stopped by the limit of agents", async () => {
    const node = await open({ agentLimit: 30 });
    const failure = await beside(node, () => failureOf(node, "forkBomb", 100));
    expect(failure).toMatchObject({ code: "rpc/too-many-agents" });
    await node.settled();
    expect((await node.store.agents()).length).toBeLessThan(500);
  });
});

describe("a guest that poses as somebody else", () => {
  test("ends no operation or invocation but its own, by whatever number", async () => {
    const node = await open();
    const waiting = await node.start("neverEnd");
    const outcome = await beside(node, () => node.call("forge"));
    // Its own sleep ended early: that is for nobody else to mind.
    expect(outcome).toEqual({});
    const row = await node.store.invocation(waiting.agent, waiting.key);
    expect(row).toMatchObject({ state: "running", outcome: null });
    const [forger] = (await node.store.agents()).filter(({ id }) => id.startsWith("forge["));
    expect((await node.replay(forger!.id, guest)).mismatch).toBeNull();
  });

  test.each(["args", "promise", "outcome"])("gets no text that is not JSON into %s", async (where) => {
    const node = await open();
    expect(await beside(node, () => failureOf(node, "inject", where))).toMatchObject({ code: "guest/not-json" });
  });

  test("finds no agent under a name that is none, and brings none to life under another's", async () => {
    const node = await open();
    const names = [
      "",
      "survivor",
      "survivor(",
      "survivor('x')",
      'survivor("x"',
      "survivor(1)]",
      "../../x()",
      "\0()",
      "x".repeat(5_000),
    ];
    const odd = [
      'survivor("x")[00000000-0000-0000-0000-000000000000]',
      "__proto__()",
      "constructor()",
      "callAs(1)",
      'survivor("x", __proto__)',
    ];
    await beside(node, () => node.call("callNamed", [...names, ...odd]));
    await node.settled();
    const ids = (await node.store.agents()).map(({ id }) => id).filter((id) => !id.startsWith("call"));
    expect(ids).toEqual(['survivor("other")']);
  });

  test.each(["memory", "SQLite"])("may use any text as the name of a promise, also in %s", async (kind) => {
    await using folder = await openTemporaryFolder();
    const openStore = (clock: { now(): number }) =>
      openSqliteStore({ file: join(folder.path, "a.db"), now: () => clock.now() });
    await using node = await new Scene(kind === "SQLite" ? openStore : undefined).open({ guest });
    const names = [
      "__proto__",
      "constructor",
      "a",
      "a\0",
      "a\0b",
      "A",
      "ä",
      "a\u0308",
      "\u{1f600}",
      "'; DROP TABLE agents; --",
      "a\nb",
      "../x",
      " ",
    ];
    expect(await beside(node, () => node.call("nameOddly", names))).toEqual(names.map((_, index) => index));
  });

  test("changes what all objects have neither for itself by what it is given, nor for the host", async () => {
    const node = await open();
    const poison = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    const told = await beside(node, () => node.call("takePoison", poison));
    expect(told).toEqual({ polluted: false, same: JSON.stringify([poison, poison]) });
    expect("polluted" in {}).toBe(false);
  });
});

describe("a guest that asks for what is outside", () => {
  test("reaches no host that is not allowed, by no way to write it, and sends nothing", async () => {
    const http = new FakeHttp({
      "http://good.com/": () => ({ body: "fine" }),
      "http://good.com/away": () => ({ status: 302, headers: [["location", "http://evil.com/"]] }),
      "http://good.com/file": () => ({ status: 302, headers: [["location", "file:///etc/passwd"]] }),
      "http://good.com/in": () => ({ status: 307, headers: [["location", "http://127.0.0.1/"]] }),
      "http://good.com/round": () => ({ status: 302, headers: [["location", "/round"]] }),
    });
    const node = await open({ allowedHosts: ["good.com"] }, http);
    const denied = [
      "http://evil.com/",
      "http://good.com:8080/",
      "http://good.com.evil.com/",
      "http://evil.com\\@good.com/",
      "http://[::1]/",
      "http://0x7f.1/",
      "http://localhost/",
    ];
    const codes = await beside(node, () => node.call("fetchEach", ["http://good.com/", ...denied]));
    expect(codes).toEqual([200, ...denied.map(() => "http/denied")]);
    expect(await node.call("fetchEach", ["http://good.com/away", "http://good.com/in"])).toEqual([
      "http/denied",
      "http/denied",
    ]);
    expect(await node.call("fetchEach", ["http://good.com/file", "http://good.com/round"])).toEqual([
      "http/failed",
      "http/failed",
    ]);
    expect(new Set(http.sent.map(({ url }) => url.host))).toEqual(new Set(["good.com"]));
  });

  test("reaches nothing but the web", async () => {
    const node = await open({ allowedHosts: ["*"] });
    const urls = ["file:///etc/passwd", "data:text/plain,x", "javascript:1", "ftp://a.com/", "http://user:word@a.com/"];
    const codes: unknown[] = await beside(node, () => node.call("fetchEach", urls));
    for (const code of codes) expect(String(code)).toMatch(/^http\/bad-request$|Error$/);
  });
});
