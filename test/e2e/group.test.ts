import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildGuest } from "../../build/build.ts";
import { cacheFolder } from "../../build/cache-folder.ts";
import { agentId } from "../../host/base/id.ts";
import { openHost } from "../../host/open-host.ts";
import type { Host, InvocationRef } from "../../host/scheduler/host.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";
import type { AgentRow, Store } from "../../host/store/store.ts";
import { eventually } from "./planaria.ts";

interface MemberOptions {
  slots?: number;
  leaseMs?: number;
}

/** A file with a plain host in this process, and nodes of the group `g` in processes of their own. */
class Crew implements AsyncDisposable {
  readonly host: Host;
  readonly store: Store;
  readonly #folder: string;
  readonly #members: ChildProcess[] = [];

  private constructor(host: Host, store: Store, folder: string) {
    this.host = host;
    this.store = store;
    this.#folder = folder;
  }

  static async open({ leaseMs = 10_000 }: MemberOptions = {}): Promise<Crew> {
    const folder = await mkdtemp(join(tmpdir(), "planaria-group-"));
    const store = await openSqliteStore({ file: join(folder, "store.db"), now: Date.now });
    const host = await openHost({ store, leaseMs, cacheFolder: cacheFolder() });
    const { component } = await buildGuest({ entry: "test/guests/engine.ts", cacheFolder: cacheFolder() });
    await host.addComponent(component, "engine");
    return new Crew(host, store, folder);
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  async start(name: string, { slots = 64, leaseMs = 10_000 }: MemberOptions = {}): Promise<ChildProcess> {
    const args = [this.file("store.db"), "g", name, String(slots), String(leaseMs)];
    const member = fork(new URL("./group-node.ts", import.meta.url), args, {
      execArgv: ["--conditions", "planaria-source"],
    });
    this.#members.push(member);
    const exit = once(member, "exit").then(([code, signal]) => {
      throw new Error(`The node ${name} ended with ${code ?? signal} before it served.`);
    });
    await Promise.race([once(member, "message"), exit]);
    exit.catch(() => {});
    return member;
  }

  act(agent: string, body: string, ...args: unknown[]): Promise<InvocationRef> {
    return this.host.call({ callee: { agent, method: "act" }, args: JSON.stringify([body, ...args]) });
  }

  async value(ref: InvocationRef): Promise<unknown> {
    const outcome = await this.host.result(ref);
    if ("error" in outcome) throw new Error(outcome.error);
    return JSON.parse(outcome.value);
  }

  /** The agents with a target. */
  async agents(): Promise<AgentRow[]> {
    return (await this.store.agents()).filter(({ target }) => target !== null);
  }

  /** How many of them each member has. */
  async counts(): Promise<Record<string, number>> {
    const names = new Map((await this.store.nodes()).map(({ id, name }) => [id, name]));
    const owners = Object.groupBy(await this.agents(), ({ node }) => (node && names.get(node)) ?? "nobody");
    return Object.fromEntries(Object.entries(owners).map(([name, rows]) => [name, rows!.length]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members) if (member.exitCode === null) member.kill("SIGKILL");
    await this.host[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const fanOut = (count: number) =>
  `const calls = Array.from({ length: ${count} }, (_, i) => rpc("act", ["return args[0]", i], { target: "poll://any@g" }));
  return (await Promise.all(calls)).every((value, i) => value === i)`;

/** Each call adds 1 to one counter. */
const countAll = (count: number) =>
  `const body = "await counter.get('all').add(1); return args[0]";
  const calls = Array.from({ length: ${count} }, (_, i) => rpc("act", [body, i], { target: "poll://any@g" }));
  return (await Promise.all(calls)).every((value, i) => value === i)`;

async function expectOnceEach(crew: Crew, count: number): Promise<void> {
  const calls = await crew.value(
    await crew.host.call({ callee: { agent: 'counter("all")', method: "calls" }, args: "[]" }),
  );
  expect(calls).toHaveLength(count);
  expect(new Set(calls as string[]).size).toBe(count);
}

/** Resolves when a member has some of its calls behind it and others before it. */
function isAtWork(crew: Crew, least: number): Promise<true> {
  return eventually("the group is at work", async () => {
    const states = (await crew.agents()).map(({ state }) => state);
    const ended = states.filter((state) => state === "ended").length;
    return (ended >= least && ended < states.length) || undefined;
  });
}

describe("processes of one group on one file", () => {
  test("share a fan-out of 3,000 calls evenly, whenever they were started", async () => {
    await using crew = await Crew.open();
    await crew.start("w1");
    await crew.start("w2");
    const called = await crew.act('actor("a")', fanOut(10));
    await crew.start("w3");
    expect(await crew.value(called)).toBe(true);
    const before = await crew.counts();
    expect(await crew.value(await crew.act('actor("b")', fanOut(3_000)))).toBe(true);
    const counts = await crew.counts();
    for (const name of ["w1", "w2", "w3"]) {
      const share = (counts[name] ?? 0) - (before[name] ?? 0);
      expect(share).toBeGreaterThan(750);
      expect(share).toBeLessThan(1_260);
    }
  });

  test("lose nothing, and do nothing twice, when one of them is killed", async () => {
    await using crew = await Crew.open();
    const first = await crew.start("w1");
    const called = await crew.act('actor("a")', countAll(400));
    await isAtWork(crew, 20);
    await crew.start("w2");
    first.kill("SIGKILL");
    await once(first, "exit");
    expect(await crew.value(called)).toBe(true);
    await expectOnceEach(crew, 400);
  });

  test("wait for one that comes after all of them were killed", async () => {
    await using crew = await Crew.open();
    const members = [await crew.start("w1", { slots: 8 }), await crew.start("w2", { slots: 8 })];
    const called = await crew.act('actor("a")', countAll(200));
    await isAtWork(crew, 5);
    for (const member of members) {
      member.kill("SIGKILL");
      await once(member, "exit");
    }
    await crew.start("w3");
    expect(await crew.value(called)).toBe(true);
    await expectOnceEach(crew, 200);
  });

  test("go on without one that stands still until its lease is over, and with it when it moves again", async () => {
    await using crew = await Crew.open({ leaseMs: 1_000 });
    const first = await crew.start("w1", { leaseMs: 1_000 });
    const called = await crew.act('actor("a")', countAll(400));
    await isAtWork(crew, 20);
    const moves = crew.file("moves");
    first.send(moves);
    await once(first, "message");
    await crew.start("w2", { leaseMs: 1_000 });
    expect(await crew.value(called)).toBe(true);
    await writeFile(moves, "");
    const own = `return rpc("act", ["return 'still here'"], { target: "poll://uni@g/w1" })`;
    expect(await crew.value(await crew.act('actor("b")', own))).toBe("still here");
    await expectOnceEach(crew, 400);
  });

  test("take over at once what one of them leaves when it ends in good order", async () => {
    await using crew = await Crew.open({ leaseMs: 3_600_000 });
    const first = await crew.start("w1", { leaseMs: 3_600_000, slots: 16 });
    const called = await crew.act('actor("a")', countAll(300));
    await isAtWork(crew, 5);
    first.disconnect();
    expect((await once(first, "exit"))[0]).toBe(0);
    await crew.start("w2", { leaseMs: 3_600_000 });
    expect(await crew.value(called)).toBe(true);
    await expectOnceEach(crew, 300);
    expect((await crew.store.agent(agentId('counter("all")')))?.target).toBeNull();
  });
});
