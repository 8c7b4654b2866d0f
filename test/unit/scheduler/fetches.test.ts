import { describe, expect, test } from "vitest";
import { HostError } from "../../../host/base/error.ts";
import { agentId } from "../../../host/base/id.ts";
import type { SaidSettings } from "../../../host/component/settings.ts";
import { FakeHttp, headerOf } from "../http/fake-http.ts";
import type { Store } from "../../../host/store/store.ts";
import { intercept } from "../../../host/testing/dying-store.ts";
import { Scene, type Node, type NodeOptions } from "./scene.ts";

const url = "http://site.test/";
const settings: SaidSettings = { allowedHosts: ["site.test"] };
const get = `return (await fetch("${url}")).text()`;
/** Gives the code of what a promise rejects with. */
const codeOf = (expression: string) => `return (${expression}).then(() => "none", (error) => error.code ?? error.name)`;

const failed = new HostError("http/failed", "The connection was closed.");

async function open(http: FakeHttp, options: NodeOptions = {}): Promise<Node> {
  return new Scene().open({ http, settings, ...options });
}

/** A request that nobody answers until `end` is called. */
function makeSlow() {
  const answer = Promise.withResolvers<{ body: string }>();
  return { route: () => answer.promise, end: (body: string) => answer.resolve({ body }) };
}

describe("a fetch", () => {
  test("gives the response, and bears the key of its operation", async () => {
    const http = new FakeHttp({ [url]: () => ({ body: "hello", headers: [["x-a", "1"]] }) });
    await using node = await open(http);
    expect(await node.act('actor("a")', get)).toBe("hello");
    expect(http.sent.map((request) => headerOf(request, "idempotency-key"))).toEqual(['actor("a")#1']);
    expect(await node.replay('actor("a")')).toMatchObject({ mismatch: null });
  });

  test("keeps the guest's own key", async () => {
    const http = new FakeHttp({ [url]: () => ({}) });
    await using node = await open(http);
    await node.act("act", `await fetch("${url}", { headers: { "Idempotency-Key": "mine" } })`);
    expect(headerOf(http.sent[0]!, "idempotency-key")).toBe("mine");
  });

  test("is not sent before what led to it is durable", async () => {
    const http = new FakeHttp({ [url]: () => ({}) });
    await using node = await open(http);
    const { commit } = node.store;
    const sentAt: number[] = [];
    const gate = Promise.withResolvers<void>();
    node.store.commit = async (changes, fence) => {
      if (changes.steps.some(({ entries }) => entries.includes("fetch-started"))) {
        sentAt.push(http.sent.length);
        await new Promise((resolve) => setImmediate(resolve));
        sentAt.push(http.sent.length);
        gate.resolve();
      }
      return commit.call(node.store, changes, fence);
    };
    await node.act("act", get);
    await gate.promise;
    expect(sentAt).toEqual([0, 0]);
    expect(http.sent).toHaveLength(1);
  });

  test("to a host that is not allowed is never sent", async () => {
    const http = new FakeHttp({ [url]: () => ({}) });
    await using node = await open(http, { settings: {} });
    await expect(node.act("act", get)).rejects.toMatchObject({
      name: "TypeError",
      code: "http/denied",
      cause: {
        message: "This component may not reach site.test. --allow-host site.test lets it.",
        data: { host: "site.test" },
      },
    });
    expect(http.sent).toEqual([]);
  });

  test("is allowed by what was said last", async () => {
    const http = new FakeHttp({ [url]: () => ({}) });
    await using node = await open(http);
    expect(await node.act("act", codeOf(`fetch("${url}")`))).toBe("none");
    const [component] = await node.run(node.host.components());
    await node.run(node.host.setComponent(component!.digest, { allowedHosts: [] }));
    expect(await node.act("act", codeOf(`fetch("${url}")`))).toBe("http/denied");
  });

  test("that takes too long times out, and is aborted", async () => {
    const http = new FakeHttp({ [url]: makeSlow().route });
    await using node = await open(http);
    expect(await node.act("act", codeOf(`fetch("${url}", { timeoutMs: 50 })`))).toBe("http/timed-out");
    expect(await node.act("act", codeOf(`fetch("${url}")`))).toBe("http/timed-out");
    expect(http.aborted).toHaveLength(2);
  });

  test("is aborted by its signal, by its invocation's end, and with its agent", async () => {
    const http = new FakeHttp({ [url]: makeSlow().route });
    await using node = await open(http);
    expect(
      await node.act("act", `return fetch("${url}", { signal: AbortSignal.timeout(5) }).catch((e) => e.name)`),
    ).toBe("TimeoutError");
    expect(http.aborted).toHaveLength(1);
    expect(await node.act('actor("a")', `void fetch("${url}").catch(() => {}); await sleep(5); return 1`)).toBe(1);
    await node.settled();
    expect(http.aborted).toHaveLength(2);
    await node.startAct('actor("b")', get);
    await node.pass(5);
    expect(http.sent).toHaveLength(3);
    await node.run(node.host.deleteAgent(agentId('actor("b")')));
    await node.settled();
    expect(http.aborted).toHaveLength(3);
    expect(
      await node.act('actor("c")', `await Promise.all([fetch("${url}"), sleep(5).then(trap)])`).catch((e) => e.code),
    ).toBe("guest/stack-overflow");
    await node.settled();
    expect(http.aborted).toHaveLength(4);
  });

  test("is aborted when its invocation is canceled, if it takes the invocation's signal", async () => {
    const http = new FakeHttp({ [url]: makeSlow().route });
    await using node = await open(http);
    const body = `
      const call = actor.get("b").act("await fetch(args[0], { signal: signal() }).catch((e) => log.info(e.code)); return 1", "${url}");
      await sleep(5);
      call.cancel();
      return call.catch((error) => error.code);`;
    expect(await node.act('actor("a")', body)).toBe("operation/canceled");
    await node.settled();
    expect(http.aborted).toHaveLength(1);
    expect(node.logs.map(({ message }) => message)).toEqual(["operation/canceled"]);
  });

  test("is work, for which the host waits", async () => {
    const slow = makeSlow();
    const http = new FakeHttp({ [url]: slow.route });
    await using node = await open(http);
    await node.startAct('actor("a")', get);
    await node.pass(5);
    expect(node.host.busyCount).toBe(1);
    const settled = node.host.settled().then(() => http.sent.length);
    slow.end("x");
    expect(await node.run(settled)).toBe(1);
    expect(node.host.busyCount).toBe(0);
  });

  test("waits for its turn, when as many are under way as may be", async () => {
    const http = new FakeHttp({ [url]: async () => (await new Promise((go) => setImmediate(go)), { body: "x" }) });
    await using node = await open(http, { requests: 3 });
    expect(
      await node.act(
        "act",
        `const all = await Promise.all(Array.from({ length: 20 }, () => fetch("${url}").then((r) => r.text()))); return all.join("")`,
      ),
    ).toBe("x".repeat(20));
    expect(http.most).toBe(3);
    expect(new Set(http.sent.map((request) => headerOf(request, "idempotency-key"))).size).toBe(20);
  });

  test("is inherited by a fork, and sent once for both", async () => {
    const slow = makeSlow();
    const http = new FakeHttp({ [url]: slow.route });
    await using node = await open(http);
    const ref = await node.startAct(
      'actor("a")',
      `
      const fetched = fetch("${url}").then((r) => r.text());
      await sleep(5);
      const side = await fork();
      return [side.kind, await fetched];`,
    );
    await node.pass(20);
    slow.end("shared");
    expect(await node.value(ref)).toEqual(["original", "shared"]);
    const { forks } = await node.run(node.host.inspect(ref.agent));
    expect(await node.value({ agent: forks[0]!.id, key: ref.key })).toEqual(["forked", "shared"]);
    expect(http.sent).toHaveLength(1);
  });

  test("goes on for a fork when the parent gives it up", async () => {
    const slow = makeSlow();
    const http = new FakeHttp({ [url]: slow.route });
    await using node = await open(http);
    const ref = await node.startAct(
      'actor("a")',
      `
      const controller = new AbortController();
      const fetched = fetch("${url}", { signal: controller.signal }).then((r) => r.text(), (e) => e.name);
      await sleep(5);
      const side = await fork();
      if (side.kind === "original") controller.abort();
      return [side.kind, await fetched];`,
    );
    await node.pass(20);
    await node.pass(20);
    slow.end("mine");
    expect(await node.value(ref)).toEqual(["original", "AbortError"]);
    const { forks } = await node.run(node.host.inspect(ref.agent));
    expect(await node.value({ agent: forks[0]!.id, key: ref.key })).toEqual(["forked", "mine"]);
    expect(http.sent).toHaveLength(1);
    expect(http.aborted).toEqual([]);
  });

  test("is sent again, under the same key, for a fork of a moment before its answer", async () => {
    const http = new FakeHttp({ [url]: (_, count) => ({ body: `answer ${count}` }) });
    await using node = await open(http);
    const ref = await node.startAct('actor("a")', get);
    expect(await node.value(ref)).toBe("answer 1");
    const entries = await node.entries('actor("a")');
    const fork = await node.run(
      node.host.forkAgent(
        ref.agent,
        entries.findIndex(({ kind }) => kind === "fetch-started"),
      ),
    );
    expect(await node.value({ agent: fork, key: ref.key })).toBe("answer 2");
    expect(new Set(http.sent.map((request) => headerOf(request, "idempotency-key"))).size).toBe(1);
  });

  test("reaches an agent that was put aside meanwhile", async () => {
    const slow = makeSlow();
    const http = new FakeHttp({ [url]: slow.route });
    await using node = await open(http, { sessions: 2 });
    const ref = await node.startAct('actor("a")', get);
    for (let i = 0; i < 20; i += 1) await node.act(`actor("other ${i}")`, "return 1");
    slow.end("late");
    expect(await node.value(ref)).toBe("late");
    expect(http.sent).toHaveLength(1);
  });
});

describe("a fetch with retries", () => {
  const retrying = (retry: string) =>
    `const r = await fetch("${url}", { retry: ${retry} }); return [r.status, await r.text()]`;

  test("is sent again after failures, and under the same key", async () => {
    const replies = [failed, { status: 503 }, { status: 429 }, { body: "at last" }];
    const http = new FakeHttp({ [url]: (_, count) => replies[count - 1]! });
    await using node = await open(http);
    expect(await node.act("act", retrying("4"))).toEqual([200, "at last"]);
    expect(new Set(http.sent.map((request) => headerOf(request, "idempotency-key"))).size).toBe(1);
    expect(http.sent).toHaveLength(4);
  });

  test("ends with the last response, or the last failure", async () => {
    const http = new FakeHttp({ [url]: (_, count) => ({ status: 500 + count, body: `${count}` }) });
    await using node = await open(http);
    expect(await node.act("act", retrying("3"))).toEqual([503, "3"]);
    expect(await node.act("act", codeOf(`fetch("http://site.test/down", { retry: 2 })`))).toBe("http/failed");
    expect(http.to("http://site.test/down")).toHaveLength(2);
  });

  test.each([
    ["that its policy leaves out", `{ only: ["http/timed-out"] }`, { status: 503 }],
    ["that its policy excludes", `{ never: ["http/status"] }`, { status: 503 }],
    ["that is the request's own fault", "5", { status: 404 }],
    ["that is too long", "{ attempts: 5 }", { body: "x".repeat(1_000) }],
  ])("is not sent again after an end %s", async (_what, retry, reply) => {
    const http = new FakeHttp({ [url]: () => reply });
    await using node = await open(http, { settings: { ...settings, responseLimitBytes: 100 } });
    await node.act("act", `await fetch("${url}", { retry: ${retry} }).catch(() => {})`);
    expect(http.sent).toHaveLength(1);
  });

  test("waits as long as its policy says, and as the server asks, up to the longest wait", async () => {
    const times: number[] = [];
    const scene = new Scene();
    const http = new FakeHttp({
      [url]: (_, count) => {
        times.push(scene.clock.now());
        const after = [
          [],
          [["retry-after", "3"]],
          [["retry-after", "3600"]],
          [["retry-after", new Date(scene.clock.now() + 2_500).toUTCString()]],
        ][count - 1];
        return count > 4 ? {} : { status: 503, headers: after as [string, string][] };
      },
    });
    await using node = await scene.open({ http, settings });
    await node.act("act", retrying("{ attempts: 9, firstMs: 100, factor: 2, mostMs: 5_000, jitter: 0 }"));
    const waits = times.slice(1).map((time, index) => time - times[index]!);
    for (const [index, least] of [100, 3_000, 5_000, 1_500].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(least);
      expect(waits[index]).toBeLessThan(least + 1_100);
    }
  });

  test("is one for a fork that comes about between two attempts", async () => {
    const http = new FakeHttp({ [url]: (_, count) => (count === 1 ? failed : { body: "second" }) });
    await using node = await open(http);
    const ref = await node.startAct(
      'actor("a")',
      `
      const fetched = fetch("${url}", { retry: { attempts: 2, firstMs: 1_000, jitter: 0 } }).then((r) => r.text());
      await sleep(500);
      const side = await fork();
      return [side.kind, await fetched];`,
    );
    expect(await node.value(ref)).toEqual(["original", "second"]);
    const { forks } = await node.run(node.host.inspect(ref.agent));
    expect(await node.value({ agent: forks[0]!.id, key: ref.key })).toEqual(["forked", "second"]);
    expect(http.sent).toHaveLength(2);
  });

  test("keeps count in the store", async () => {
    const http = new FakeHttp();
    const scene = new Scene();
    const first = await scene.open({ http, settings });
    const ref = await first.startAct(
      "act",
      codeOf(`fetch("${url}", { retry: { attempts: 4, firstMs: 10_000, factor: 1, jitter: 0 } })`),
    );
    await first.pass(15_000);
    expect(http.sent).toHaveLength(2);
    const { operations } = await first.run(first.host.inspect(ref.agent));
    expect(operations).toMatchObject([{ attempt: 3 }]);
    first.kill();
    await using second = await scene.open({ http, settings });
    expect(await second.value(ref)).toBe("http/failed");
    expect(http.sent).toHaveLength(4);
  });
});

describe("a fetch that a crash interrupts", () => {
  test("is sent again under the same key by the next host", async () => {
    const scene = new Scene();
    const before = new FakeHttp({ [url]: makeSlow().route });
    const first = await scene.open({ http: before, settings });
    const ref = await first.startAct('actor("a")', get);
    await first.pass(5);
    first.kill();
    const after = new FakeHttp({ [url]: () => ({ body: "again" }) });
    await using second = await scene.open({ http: after });
    expect(await second.value(ref)).toBe("again");
    const keys = [...before.sent, ...after.sent].map((request) => headerOf(request, "idempotency-key"));
    expect(keys).toEqual(['actor("a")#1', 'actor("a")#1']);
  });

  test("is sent again by a host whose commit was refused", async () => {
    const slow = makeSlow();
    const http = new FakeHttp({ [url]: (_, count) => (count === 1 ? slow.route() : { body: "again" }) });
    let isRefused = false;
    const wrap = (store: Store) =>
      intercept(store, async (name, call) => {
        if (name !== "commit" || !isRefused) return call();
        isRefused = false;
        throw new HostError("store/conflict", "Another node was faster.");
      });
    await using node = await open(http, { wrap });
    const ref = await node.startAct('actor("a")', get);
    await node.pass(5);
    expect(http.sent).toHaveLength(1);
    isRefused = true;
    expect(await node.act('actor("b")', "return 1")).toBe(1);
    expect(await node.value(ref)).toBe("again");
    expect(http.aborted).toHaveLength(1);
    slow.end("too late");
    await node.settled();
    expect(await node.replay('actor("a")')).toMatchObject({ mismatch: null });
  });

  test("is taken over, with its attempts, by a host that runs already", async () => {
    const scene = new Scene();
    const http = new FakeHttp({
      [url]: (_, count) => (count === 1 ? failed : count === 2 ? { body: "taken over" } : {}),
    });
    const first = await scene.open({ http, settings });
    await using second = await scene.open({ http });
    const retry = "{ attempts: 2, firstMs: 60_000, jitter: 0 }";
    const ref = await first.startAct("act", `return (await fetch("${url}", { retry: ${retry} })).text()`);
    await first.pass(50);
    expect(http.sent).toHaveLength(1);
    first.kill();
    expect(await second.value(ref)).toBe("taken over");
    expect(new Set(http.sent.map((request) => headerOf(request, "idempotency-key"))).size).toBe(1);
    expect(http.sent).toHaveLength(2);
  });

  test("is sent by nobody but the host that goes on with the agent", async () => {
    const scene = new Scene();
    const http = new FakeHttp({ [url]: makeSlow().route });
    await using first = await scene.open({ http, settings });
    const ref = await first.startAct('actor("a")', get);
    await first.pass(5);
    await using second = await scene.open({ http });
    await second.pass(5_000);
    expect(await second.act('actor("b")', "return 1")).toBe(1);
    expect(http.sent).toHaveLength(1);
    expect((await second.run(second.host.inspect(ref.agent))).operations).toHaveLength(1);
  });
});
