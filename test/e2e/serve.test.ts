import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test, vi } from "vitest";
import { eventually, Workplace, type Running } from "./planaria.ts";

// Many processes on few cores take their time.
vi.setConfig({ testTimeout: 180_000 });

const guest = "test/guests/pool.ts";
const target = "poll://any@pool";

interface Nodes {
  nodes: { group: string | null; name: string; pid: number; alive: boolean; agents: number }[];
  waiting: { group: string; node: string | null; calls: number }[];
}

/** Starts a node, and waits until it serves. */
async function serve(place: Workplace, ...args: string[]): Promise<Running> {
  const running = place.start(["serve", ...args, "--json"]);
  await eventually(
    "it serves, or ends",
    () => running.stdout.includes("\n") || running.process.exitCode !== null || undefined,
  );
  return running;
}

const serveAs = (place: Workplace, component: string, name: string, ...args: string[]) =>
  serve(place, component, "--group", "pool", "--name", name, "--threads", "1", ...args);

const facts = ({ stdout }: { stdout: string }) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** What a node did, by what its guests said. */
const countLogs = ({ stderr }: { stderr: string }, word: string) => stderr.split(` ${word}`).length - 1;

const numbers = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

// One after the other: each has four processes that are at work.
describe("nodes of one group", () => {
  test("share a fan-out of 3,000 calls, each about as much as the others", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const nodes = await Promise.all(["w1", "w2", "w3"].map((name) => serveAs(place, component, name)));
    const results = await place.json("run", component, `parallel("enrichOne", 3000, "${target}")`);
    expect(results).toEqual(numbers(3_000, "enriched"));
    const agents = (await place.json("agents", "--all", "--limit", "5000")) as {
      type: string;
      entries: number;
      target: string;
    }[];
    const enriched = agents.filter(({ type }) => type === "enrichOne");
    expect(enriched).toHaveLength(3_000);
    // created, stepped, invoked, logged, finished: one that was begun twice would have more.
    expect(new Set(enriched.map(({ entries }) => entries))).toEqual(new Set([5]));
    expect(new Set(enriched.map((agent) => agent.target))).toEqual(new Set([target]));
    const ended = await Promise.all(
      nodes.map((node) => {
        node.process.kill("SIGTERM");
        return node.ended;
      }),
    );
    const shares = ended.map((node) => countLogs(node, "enriches"));
    expect(shares.reduce((a, b) => a + b)).toBe(3_000);
    expect(Math.min(...shares), String(shares)).toBeGreaterThan(450);
  });

  test("lose nothing and count nothing twice when one of them is killed in the midst", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const nodes = await Promise.all(["w1", "w2", "w3"].map((name) => serveAs(place, component, name)));
    const running = place.start(["run", component, `parallel("countOne", 300, "${target}")`, "--json"]);
    await eventually("the victim is at work", () => countLogs(nodes[0]!, "counts") > 20 || undefined);
    await nodes[0]!.kill();
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual(numbers(300, "counted"));
    const counts = (await place.json("invoke", 'tally("all").read()')) as Record<string, number>;
    expect(Object.keys(counts)).toHaveLength(300);
    expect(new Set(Object.values(counts))).toEqual(new Set([1]));
  });

  test("give back what they have not begun when they are told to end", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const first = await serveAs(place, component, "w1", "--slots", "400");
    const running = place.start(["run", component, `parallel("countOne", 400, "${target}")`, "--json"]);
    await eventually("it is at work", () => countLogs(first, "counts") > 0 || undefined);
    first.process.kill("SIGTERM");
    const ended = await first.ended;
    expect(ended).toMatchObject({ exitCode: 0, signal: null });
    expect(facts(ended)).toMatchObject([
      { event: "ready" },
      { event: "ending", signal: "SIGTERM" },
      { event: "ended" },
    ]);
    // Its lease is over, and not only its process.
    const { nodes } = (await place.json("nodes")) as Nodes;
    expect(nodes.filter(({ group }) => group === "pool")).toEqual([]);
    await serveAs(place, component, "w2");
    expect(JSON.parse((await running.ended).stdout)).toEqual(numbers(400, "counted"));
  });

  test("have names of their own, which are free again when their process is gone", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const first = await serveAs(place, component, "w1");
    const second = await serveAs(place, component, "w1");
    expect(await second.ended).toMatchObject({ exitCode: 4, stdout: "" });
    expect(second.stderr).toContain(`pool has a node w1 already: process ${first.process.pid}`);
    await first.kill();
    const third = await serveAs(place, component, "w1");
    expect(facts(third)).toMatchObject([
      {
        event: "ready",
        group: "pool",
        name: "w1",
        slots: 64,
        pid: third.process.pid,
        components: [
          { name: "guest.wasm", agents: ["flaky", "tally"], functions: expect.arrayContaining(["enrichOne"]) },
        ],
      },
    ]);
  });
});

describe("a node that was silent for longer than its lease", () => {
  test("has its name again when it comes back, and whoever bore it meanwhile ends", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const first = await serveAs(place, component, "w1", "--lease", "1s");
    first.process.kill("SIGSTOP");
    const second = await eventually("its lease is over", async () => {
      const node = await serveAs(place, component, "w1");
      return node.stdout.includes("ready") ? node : undefined;
    });
    first.process.kill("SIGCONT");
    const { exitCode, stderr } = await second.ended;
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('"code":"node/name-taken"')]);
    expect(stderr).toContain(`process ${first.process.pid}`);
    expect(await place.json("run", component, 'enrichOne("a")', "--target", target)).toBe("enriched-a");
    expect(countLogs(first, "enriches")).toBe(1);
  });
});

describe.concurrent("a call for a group", () => {
  test("waits for a node, says so, and goes on when one starts", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const running = place.start(["run", component, 'enrichOne("late")', "--target", target, "--key", "k"]);
    const hint = "waits for a node of pool; `planaria serve --group pool GUEST` starts one.";
    await eventually("it says what it waits for", () => running.stderr.includes(hint) || undefined);
    expect(await place.json("nodes")).toMatchObject({ waiting: [{ group: "pool", node: null, calls: 1 }] });
    expect((await place.run("nodes")).stdout).toContain(
      "1 call waits for a node of pool; `planaria serve --group pool GUEST` starts one\n",
    );
    expect((await place.run("agents")).stdout).toMatch(/\ncreated +0 .* waits for poll:\/\/any@pool +enrichOne\[/);
    const [agent] = (await place.json("agents")) as { id: string; target: string; component: null }[];
    expect(agent).toMatchObject({ component: null, target, createdBy: null });
    expect((await place.run("inspect", agent!.id)).stdout).toContain(
      "none yet: it waits for a node of poll://any@pool",
    );
    expect(await place.run("oplog", agent!.id)).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: `${agent!.id} has not begun: it waits for a node of poll://any@pool.\n`,
    });
    expect(await place.run("replay", agent!.id)).toMatchObject({ exitCode: 1, stdout: "" });
    const node = await serve(place, "--group", "pool");
    expect(await running.ended).toMatchObject({ exitCode: 0, stdout: '"enriched-late"\n' });
    expect(countLogs(node, "enriches")).toBe(1);
    expect(await place.json("nodes")).toMatchObject({ waiting: [] });
  });

  test("can be taken back while nobody may make it, and whoever waits for it is told", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const waiting = place.start(["run", component, 'enrichOne("a")', "--target", target, "--key", "k"]);
    await eventually("it waits", () => waiting.stderr.includes("waits for a node of pool") || undefined);
    expect(await place.json("cancel", 'enrichOne("a")', "k")).toMatchObject({ canceled: true });
    expect(await waiting.ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("rpc/canceled") });
    expect(await place.json("nodes")).toMatchObject({ waiting: [] });
    expect((await place.run("agents", "--all")).stdout).toMatch(/\nended +0 .* none +enrichOne\[/);
  });

  test("that is for one node alone waits for that one; one with a preference takes another, too", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const w1 = await serveAs(place, component, "w1");
    expect(await place.json("run", component, 'enrichOne("any")', "--target", "poll://any@pool/w2")).toBe(
      "enriched-any",
    );
    const only = place.start(["run", component, 'enrichOne("only")', "--target", "poll://uni@pool/w2"]);
    await eventually("it says what it waits for", () => only.stderr.includes("the node w2 of pool") || undefined);
    expect(await place.json("nodes")).toMatchObject({ waiting: [{ group: "pool", node: "w2", calls: 1 }] });
    const w2 = await serveAs(place, component, "w2");
    expect(await only.ended).toMatchObject({ exitCode: 0, stdout: '"enriched-only"\n' });
    expect([countLogs(w1, "enriches"), countLogs(w2, "enriches")]).toEqual([1, 1]);
  });

  test("is not taken by a node without a group", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const plain = await serve(place, component);
    expect(facts(plain)).toMatchObject([{ event: "ready", group: null, name: null, slots: null }]);
    const waiting = place.start(["run", component, 'enrichOne("a")', "--target", target]);
    await eventually("it waits", () => waiting.stderr.includes("waits for a node of pool") || undefined);
    expect(await place.json("invoke", 'enrichOne("b")')).toBe("enriched-b");
    expect(await place.json("nodes")).toMatchObject({ waiting: [{ calls: 1 }] });
    const node = await serve(place, component, "--group", "pool");
    expect(await waiting.ended).toMatchObject({ exitCode: 0, stdout: '"enriched-a"\n' });
    expect([plain, node].map((each) => countLogs(each, "enriches a"))).toEqual([0, 1]);
  });

  test("goes on, and so does who made it, when the command that did is killed", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const node = await serveAs(place, component, "w1");
    const call = `parallel("countOne", 200, "${target}")`;
    const running = place.start(["run", component, call, "--key", "k"]);
    await eventually("it is at work", () => countLogs(node, "counts") > 10 || undefined);
    await running.kill();
    await eventually("it has ended without anybody asking", async () => {
      const ended = (await place.json("agents", "--state", "ended")) as { type: string }[];
      return ended.some(({ type }) => type === "parallel") || undefined;
    });
    expect(await place.json("invoke", call, "--key", "k")).toEqual(numbers(200, "counted"));
  });
});

describe.concurrent("a node", () => {
  test("ends at once by a second signal, and loses nothing", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const node = await serveAs(place, component, "w1", "--step-timeout", "1h");
    const calling = place.start(["run", component, "spin()", "--target", target, "--key", "k"]);
    await eventually("the step is under way", async () => {
      const { nodes } = (await place.json("nodes")) as Nodes;
      return nodes.some(({ agents }) => agents === 1) || undefined;
    });
    node.process.kill("SIGTERM");
    await eventually("it waits for the step", () => node.stdout.includes('"ending"') || undefined);
    node.process.kill("SIGTERM");
    expect(await node.ended).toMatchObject({ exitCode: null, signal: "SIGTERM" });
    await serveAs(place, component, "w2", "--step-timeout", "100ms");
    const { exitCode, stderr } = await calling.ended;
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("guest/step-timeout")]);
  });

  test("whose store is lost ends with a clear error", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const node = await serveAs(place, component, "w1");
    const database = new DatabaseSync(place.file(".planaria/planaria.db"));
    database.exec("PRAGMA foreign_keys = OFF; DROP TABLE operations; DROP TABLE agents");
    database.close();
    const { exitCode, stderr } = await node.ended;
    expect([exitCode, stderr]).toEqual([4, expect.stringMatching(/\{"error":\{"code":"store\//)]);
  });
});

describe.concurrent("a call", () => {
  test("for later prints what names it, is made when it is due, and can be taken back", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const later = await place.json("run", component, 'enrichOne("later")', "--at", "+1h", "--key", "later");
    expect(later).toMatchObject({ key: "later", state: "queued", agent: expect.stringMatching(/^enrichOne\[/) });
    expect(Date.parse((later as { at: string }).at)).toBeGreaterThan(Date.now());
    const soon = await place.run("invoke", 'enrichOne("soon")', "--at", "+1ms", "--key", "soon");
    expect(soon).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^agent +enrichOne\[.*\nkey +soon\nstate +/),
    });
    expect(await place.json("invoke", 'enrichOne("soon")', "--key", "soon")).toBe("enriched-soon");
    expect(await place.json("invoke", 'enrichOne("waited")', "--at", "+1ms", "--wait")).toBe("enriched-waited");

    expect(await place.json("cancel", 'enrichOne("later")', "later")).toMatchObject({ key: "later", canceled: true });
    expect((await place.run("cancel", (later as { agent: string }).agent, "later")).stdout).toMatch(
      /had ended before\n$/,
    );
    const canceled = await place.run("invoke", 'enrichOne("later")', "--key", "later");
    expect(canceled).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining("rpc/canceled") });
    const unknown = await place.run("cancel", 'enrichOne("later")', "latter");
    expect(unknown).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringContaining("error[invocation/unknown]"),
    });
  });

  test("is tried again as often as it may be, and shown as it waits for that", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const twice = ["--retry", "2", "--retry-first", "1ms"];
    expect(await place.json("run", component, 'flaky("a").work(1)', ...twice)).toBe(2);
    const failed = await place.run("invoke", 'flaky("b").work(2)', ...twice);
    expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("RangeError [pool/busy]: attempt 2") });

    const waiting = place.start(["invoke", 'flaky("c").work(9)', "--retry", "5", "--retry-first", "1m", "--key", "k"]);
    await eventually("it says when it is tried again", () => waiting.stderr.includes("attempt 2 of 5") || undefined);
    expect(await place.json("inspect", 'flaky("c")')).toMatchObject({
      state: "idle",
      invocations: [{ key: "k", attempt: 2, attempts: 5, lastError: { code: "pool/busy" }, depth: 1 }],
    });
    expect((await place.run("inspect", 'flaky("c")')).stdout).toMatch(
      /work\(9\) \(attempt 2 of 5, next in \d+m?s\), failed with RangeError: attempt 1/,
    );
    await place.json("cancel", 'flaky("c")', "k");
    expect(await waiting.ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("rpc/canceled") });
  });

  test("that takes too long is canceled", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    const ran = await place.run("run", component, 'tally("a").waitFor("p")', "--timeout", "50ms", "--key", "k");
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toContain('error[rpc/timed-out]: tally("a").waitFor took longer than 50ms, and was canceled.');
    expect(await place.json("inspect", 'tally("a")')).toMatchObject({
      invocations: [{ key: "k", cancelRequested: true }],
    });
  });

  test("does not go deeper than it may, and goes so deep", async () => {
    await using place = new Workplace();
    const component = await place.build(guest);
    expect(await place.json("run", component, "deepen(4)", "--depth-limit", "5")).toBe(4);
    const { exitCode, stderr } = await place.run("invoke", "deepen(5)");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("rpc/too-deep")]);
  });
});

describe.concurrent("fetch", () => {
  test("reaches the hosts that it may, and no others, until somebody says otherwise", async () => {
    await using place = new Workplace();
    const server = createServer((_request, response) => response.end("from outside")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const call = `read("http://${host}/page")`;
    try {
      const component = await place.build(guest);
      const denied = await place.run("run", component, call);
      expect(denied).toMatchObject({ exitCode: 1, stdout: "" });
      expect(denied.stderr).toContain("http/denied");
      expect(denied.stderr).toContain(`--allow-host ${host}`);
      const allowed = { status: 200, text: "from outside" };
      expect(await place.json("run", component, call, "--allow-host", host)).toEqual(allowed);
      expect(await place.json("invoke", call)).toEqual(allowed);
      await place.json("components", "set", "guest.wasm", "--no-allow-host");
      expect(await place.run("invoke", call)).toMatchObject({ exitCode: 1, stdout: "" });
    } finally {
      server.close();
    }
  });
});
