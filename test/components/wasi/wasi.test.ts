import { describe, expect, test } from "vitest";
import { HostError } from "../../../host/base/error.ts";
import { agentId } from "../../../host/base/id.ts";
import { dieAtCommit } from "../../../host/testing/dying-store.ts";
import { FakeHttp, headerOf } from "../../unit/http/fake-http.ts";
import { openGuest, Scene, type Node, type NodeOptions } from "../../unit/scheduler/scene.ts";
import { openProbe } from "./probe.ts";

const guest = await openGuest(await openProbe());

const http = () =>
  new FakeHttp({
    "https://site.test/echo": ({ method, body }) => ({
      status: 201,
      headers: [["x-method", method]],
      body: Buffer.from(body ?? []),
    }),
    "https://site.test/moved": () => ({ status: 302, headers: [["location", "/echo"]] }),
    "https://site.test/broken": () =>
      new HostError("http/failed", "The connection failed.", { data: { reason: "ECONNREFUSED" } }),
    "https://site.test/never": () => new Promise(() => {}),
  });

const open = (scene: Scene, options: NodeOptions = {}) =>
  scene.open({ guest, http: http(), settings: { allowedHosts: ["site.test"] }, ...options });

/** What a run returns, or what it threw: the body of a function that is given `wasi` and `kept`. */
async function run(node: Node, code: string, agent = 'engine("a")'): Promise<any> {
  return JSON.parse(await node.call(`${agent}.run`, code));
}

/** Sends a request with a body, and gives the response as far as it came. */
const fetch = (path: string, body: string, method = "post") => `
  const { http, handler } = wasi;
  const request = new http.OutgoingRequest(new http.Fields());
  request.setMethod({ tag: ${JSON.stringify(method)} });
  request.setAuthority("site.test");
  request.setPathWithQuery(${JSON.stringify(path)});
  const outgoing = request.body();
  const future = handler.handle(request, undefined);
  if (${JSON.stringify(body)} !== "") {
    const stream = outgoing.write();
    stream.blockingWriteAndFlush(new TextEncoder().encode(${JSON.stringify(body)}));
    stream[Symbol.dispose]();
  }
  http.OutgoingBody.finish(outgoing, undefined);
  const pollable = future.subscribe();
  pollable.block();
  pollable[Symbol.dispose]();
  const { val: result } = future.get();
  future[Symbol.dispose]();
  if (result.tag === "err") return result.val;
  const response = result.val;
  const status = response.status();
  const incoming = response.consume();
  const input = incoming.stream();
  let text = "";
  try {
    for (;;) text += new TextDecoder().decode(input.blockingRead(4n));
  } catch {}
  input[Symbol.dispose]();
  const trailers = http.IncomingBody.finish(incoming);
  trailers[Symbol.dispose]();
  response[Symbol.dispose]();
  return [status, text];`;

describe("a guest with all of WASI", () => {
  test("finds its input closed, its output logged, and nothing of a terminal", async () => {
    const scene = new Scene();
    await using node = await open(scene);
    expect(await run(node, "return wasi.stdin.getStdin().blockingRead(1n)")).toEqual({ threw: { tag: "closed" } });
    expect(await run(node, "return wasi.terminal.getTerminalStdout() === undefined")).toBe(true);
    expect(await run(node, "return wasi.environment.getArguments()")).toEqual(["component"]);
    const print = "wasi.stdout.getStdout().blockingWriteAndFlush(new TextEncoder().encode('one\\ntwo'))";
    await run(node, print);
    expect(node.logs.map(({ level, message }) => [level, message])).toEqual([
      ["info", "one"],
      ["info", "two"],
    ]);
  });

  test("gets errors as WASI has them, and goes on", async () => {
    const scene = new Scene();
    await using node = await open(scene);
    const attempts = [
      "wasi.tcp.createTcpSocket('ipv4')",
      "new wasi.http.Fields().append('host', Uint8Array.of(65))",
      "new wasi.http.OutgoingRequest(new wasi.http.Fields()).setAuthority('a b')",
      "wasi.handler.handle(new wasi.http.OutgoingRequest(new wasi.http.Fields()), undefined)",
      "wasi.preopens.getDirectories()[0][0].openAt({}, 'missing', {}, { read: true })",
    ];
    const thrown = [];
    for (const code of attempts) thrown.push((await run(node, code)).threw);
    expect(thrown).toEqual([
      "access-denied",
      { tag: "forbidden" },
      null,
      { tag: "HTTP-request-URI-invalid" },
      "no-entry",
    ]);
  });

  test("sleeps, by its clock and by that of the host", async () => {
    const scene = new Scene();
    await using node = await open(scene);
    const before = scene.clock.now();
    const nap = `
      const before = wasi.monotonic.now();
      wasi.monotonic.subscribeDuration(3_600_000_000_000n).block();
      return wasi.monotonic.now() - before;`;
    const spanNs = await run(node, nap);
    expect(spanNs).toBeGreaterThanOrEqual(3_600_000_000_000);
    expect(scene.clock.now() - before).toBeGreaterThanOrEqual(3_600_000);
  });

  test("sends requests, and is told of redirects and failures", async () => {
    const scene = new Scene();
    const site = http();
    await using node = await open(scene, { http: site });
    expect(await run(node, fetch("/echo", "wörm"))).toEqual([201, "wörm"]);
    expect(await run(node, fetch("/moved", "", "get"))).toEqual([302, ""]);
    expect(await run(node, fetch("/broken", "", "get"))).toEqual({ tag: "connection-refused" });
    expect(await run(node, fetch("/echo", "a body", "get"))).toMatchObject({ tag: "internal-error" });
    expect(site.sent.map((request) => headerOf(request, "idempotency-key"))).toEqual([
      'engine("a")#1',
      'engine("a")#2',
      'engine("a")#3',
    ]);
  });

  test("is denied what its operator does not allow", async () => {
    const scene = new Scene();
    await using node = await open(scene, { settings: { allowedHosts: [] } });
    expect(await run(node, fetch("/echo", "x"))).toEqual({ tag: "HTTP-request-denied" });
  });

  test("waits for a response or a moment, whichever comes first", async () => {
    const scene = new Scene();
    const site = http();
    await using node = await open(scene, { http: site });
    const race = `
      const request = new wasi.http.OutgoingRequest(new wasi.http.Fields());
      request.setAuthority("site.test");
      request.setPathWithQuery("/never");
      const future = wasi.handler.handle(request, undefined);
      const pollables = [future.subscribe(), wasi.monotonic.subscribeDuration(50_000_000n)];
      const ready = wasi.poll.poll(pollables);
      for (const pollable of pollables) pollable[Symbol.dispose]();
      future[Symbol.dispose]();
      return [...ready];`;
    expect(await run(node, race)).toEqual([1]);
    await node.settled();
    expect(site.aborted.map(({ url }) => url.pathname)).toEqual(["/never"]);
  });

  test("has a response in the invocation that asked for it, or not at all", async () => {
    const scene = new Scene();
    await using node = await open(scene);
    const send = `
      const request = new wasi.http.OutgoingRequest(new wasi.http.Fields());
      request.setAuthority("site.test");
      request.setPathWithQuery("/echo");
      kept.future = wasi.handler.handle(request, undefined);`;
    expect(await run(node, send)).toBeNull();
    const get = "kept.future.subscribe().block(); return JSON.stringify(kept.future.get())";
    expect(await run(node, get)).toMatch(/"err".*"internal-error"/);
  });

  test("that prints without end is stopped", async () => {
    const scene = new Scene();
    await using node = await open(scene, { settings: { stepLimitBytes: 1_048_576 } });
    const flood = `
      const line = new TextEncoder().encode("x".repeat(60_000) + "\\n");
      const stdout = wasi.stdout.getStdout();
      for (;;) stdout.write(line);`;
    await expect(run(node, flood)).rejects.toMatchObject({ code: "guest/step-too-large" });
    expect(node.logs.length).toBeLessThan(20);
  });

  test("ends with its status", async () => {
    const scene = new Scene();
    await using node = await open(scene);
    await expect(run(node, "wasi.exit.exitWithCode(3)")).rejects.toMatchObject({
      code: "guest/exit",
      data: { statusCode: 3 },
    });
    await expect(run(node, "wasi.exit.exit({ tag: 'ok' })")).resolves.toBeNull();
    expect(await run(node, "return 1")).toBe(1);
  });

  test("traps where WASI has it trap, and the agent goes on", async () => {
    const scene = new Scene();
    await using node = await open(scene);
    await run(node, "kept.count = 7");
    await expect(run(node, "kept.count = 8; wasi.poll.poll([])")).rejects.toMatchObject({
      code: "guest/invalid-argument",
    });
    await expect(run(node, "wasi.random.getRandomBytes(1n << 40n)")).rejects.toMatchObject({
      code: "guest/invalid-argument",
    });
    expect(await run(node, "return kept.count")).toBe(7);
  });
});

describe("what a guest holds", () => {
  const hold = `
    const [[root]] = wasi.preopens.getDirectories();
    const file = root.openAt({}, "kept.txt", { create: true }, { read: true, write: true });
    kept.output = file.writeViaStream(0n);
    kept.output.blockingWriteAndFlush(new TextEncoder().encode("one"));
    kept.file = file;
    kept.stdout = wasi.stdout.getStdout();
    kept.pollable = wasi.monotonic.subscribeDuration(1_000_000_000n);
    kept.now = wasi.monotonic.now();`;
  const use = `
    kept.output.blockingWriteAndFlush(new TextEncoder().encode(" two"));
    kept.stdout.blockingWriteAndFlush(new TextEncoder().encode("still here\\n"));
    const text = new TextDecoder().decode(kept.file.read(100n, 0n)[0]);
    const wasReady = kept.pollable.ready();
    kept.pollable.block();
    return [text, wasReady, kept.pollable.ready(), wasi.monotonic.now() > kept.now];`;
  const used = ["one two", false, true, true];

  test("outlives its host", async () => {
    const scene = new Scene();
    const first = await open(scene);
    await run(first, hold);
    first.kill();
    await using second = await open(scene);
    expect(await run(second, use)).toEqual(used);
    expect(second.logs.map(({ message }) => message)).toEqual(["still here"]);
  });

  test("outlives a snapshot, and a replay of all comes to the same memory", async () => {
    const scene = new Scene();
    await using node = await open(scene, { sessions: 1, instances: 1 });
    await run(node, hold);
    for (let count = 0; count < 130; count += 1) await run(node, "kept.random = [...wasi.random.getRandomBytes(8n)]");
    await run(node, "return 1", 'engine("other")');
    expect((await node.store.agent(agentId('engine("a")')))?.snapshot).not.toBeNull();
    expect(await run(node, use)).toEqual(used);
    const { mismatch } = await node.replay('engine("a")', guest);
    expect(mismatch).toBeNull();
  });

  test("is not a request in flight: the agent goes without a snapshot until it is dropped", async () => {
    const scene = new Scene();
    await using node = await open(scene, { sessions: 1, instances: 1 });
    await run(node, "kept.fields = new wasi.http.Fields()");
    for (let count = 0; count < 130; count += 1) await run(node, "kept.random = [...wasi.random.getRandomBytes(8n)]");
    const snapshotOf = async () => (await node.store.agent(agentId('engine("a")')))?.snapshot;
    expect(await snapshotOf()).toBeNull();
    await run(node, "return 1", 'engine("other")');
    expect(await run(node, "kept.fields.append('a', Uint8Array.of(65)); return kept.fields.has('a')")).toBe(true);
  });
});

describe("a host that is killed", () => {
  const code = `
    wasi.monotonic.subscribeDuration(30_000_000n).block();
    wasi.random.getRandomBytes(4n);
    ${fetch("/echo", "wörm")}`;

  /** Runs it; the first host dies at one of its commits. Says whether it did. */
  async function live(fatal: number, when: "before" | "after"): Promise<boolean> {
    const scene = new Scene();
    scene.hurry = true;
    const site = http();
    const dying = dieAtCommit(fatal, when);
    const first = await open(scene, { http: site, wrap: dying.wrap });
    const play = async (node: Node) => node.value(await node.start('engine("a").run', [code], "key"));
    const played = await Promise.race([play(first), dying.death]);
    const hasDied = played === undefined;
    first.kill();
    await using second = await open(scene, { http: site });
    expect(JSON.parse(hasDied ? await play(second) : played)).toEqual([201, "wörm"]);
    expect(new Set(site.sent.map((request) => headerOf(request, "idempotency-key")))).toEqual(
      new Set(['engine("a")#2']),
    );
    expect((await second.replay('engine("a")', guest)).mismatch).toBeNull();
    return hasDied;
  }

  test.each(["before", "after"] as const)("%s any of its commits leaves the rest to the next one", async (when) => {
    let fatal = 3;
    while (await live(fatal, when)) fatal += 1;
    expect(fatal).toBeGreaterThan(4);
  });
});
