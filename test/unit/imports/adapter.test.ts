import { describe, expect, test } from "vitest";
import { isHostError } from "../../../host/base/error.ts";
import { agentId } from "../../../host/base/id.ts";
import { checkAdapters } from "../../../host/imports/adapter-check.ts";
import { loadAdapters, makeAdapterHost } from "../../../host/imports/adapter.ts";
import type { Outcome } from "../../../host/oplog/entry.ts";
import { Recorder } from "../../../host/replay/journal.ts";
import type { WitFunction, WitSide } from "../../../host/wit/type.ts";

type Functions = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** A guest whose imports an adapter is, and whose operations end as they are told. */
class Scene {
  readonly journal = new Recorder({
    at: 1_000,
    operations: 0,
    random: { bytes: (count) => new Uint8Array(count).fill(7) },
  });
  /** What was waited for, wait by wait. */
  readonly waits: number[][] = [];
  readonly #outcomes = new Map<number, Outcome>();
  readonly #outcomeOf: (operation: number) => Outcome | null;

  /** `outcomeOf` says how an operation ends that is waited for; null: not yet. */
  constructor(outcomeOf: (operation: number) => Outcome | null = () => null) {
    this.#outcomeOf = outcomeOf;
  }

  async load(source: string): Promise<Functions> {
    const [adapter] = (await loadAdapters({ "golem:api/host@1.1.0": source })).values();
    const seat = makeAdapterHost({
      journal: () => this.journal,
      agent: () => agentId('any("a")'),
      wait: async (operations) => {
        this.waits.push([...operations]);
        for (const operation of operations) {
          const outcome = this.#outcomeOf(operation);
          if (outcome) this.#outcomes.set(operation, outcome);
        }
      },
      takeOutcome: (operation) => {
        const outcome = this.#outcomes.get(operation) ?? null;
        this.#outcomes.delete(operation);
        return outcome;
      },
    });
    return adapter!(seat) as Functions;
  }
}

const value = (of: unknown): Outcome => ({ value: JSON.stringify(of) });
const failure = { name: "PlanariaError", code: "promise/canceled", message: "It was canceled.", data: { id: "p" } };

describe("an adapter", () => {
  test("notes what it does as guests' own imports do", async () => {
    const scene = new Scene((operation) => value(operation));
    const { all } = await scene.load(`export default (host) => ({
      all() {
        host.log("info", host.agent + " at " + host.now());
        const id = host.promise.create({ timeoutMs: 5 });
        host.promise.complete(id, { n: 9007199254740993n });
        host.promise.reject(id, { message: "no" });
        host.promise.cancel(id);
        host.rpc.trigger('counter("c")', "add", [1], { at: 2000, key: "k", target: "poll://any@g" });
        host.sleep(1.5);
        host.fetch({ url: "http://a.test/", body: "x", retry: 2 });
        host.fork();
        return host.random(2);
      },
    })`);
    expect(await all!()).toEqual(Uint8Array.of(7, 7));
    expect(scene.journal.entries).toEqual([
      { kind: "logged", level: "info", message: 'any("a") at 1000' },
      { kind: "promise-created", operation: 1, id: expect.any(String) as string, timeoutMs: 5 },
      expect.objectContaining({ operation: 2, as: "resolved", payload: '{"n":9007199254740993}' }),
      expect.objectContaining({ operation: 3, as: "rejected", payload: '{"name":"Error","message":"no"}' }),
      expect.objectContaining({ operation: 4, as: "canceled" }),
      {
        kind: "rpc-started",
        operation: 5,
        callee: { agent: 'counter("c")', method: "add" },
        args: "[1]",
        mode: "triggered",
        at: 2000,
        key: "k",
        target: "poll://any@g",
      },
      { kind: "sleep-started", operation: 6, spanMs: 2 },
      expect.objectContaining({ kind: "fetch-started", operation: 7, method: "GET", body: { text: "x" } }),
      { kind: "fork-started", operation: 8 },
      { kind: "random-drawn", bytes: "Bwc=" },
    ]);
    expect(scene.waits).toEqual([]);
  });

  test("waits for all that it awaits at once, and goes on with what comes first", async () => {
    const scene: Scene = new Scene((operation) =>
      operation === [2, 1][scene.waits.length - 1] ? value(operation) : null,
    );
    const { both } = await scene.load(`export default (host) => ({
      async both() {
        const slow = host.rpc.call('a()', "f", []);
        const fast = host.rpc.run("g", [1]);
        const first = await Promise.race([slow, fast]);
        return [first, await slow];
      },
    })`);
    expect(await both!()).toEqual([2, 1]);
    expect(scene.waits).toEqual([[1, 2], [1]]);
  });

  test("waits in one call for what another call of it began, by an object of its own", async () => {
    const scene = new Scene((operation) => value(`woke ${operation}`));
    const functions = await scene.load(`export default (host) => ({
      Alarm: class {
        #sleep;
        constructor(ms) { this.#sleep = host.sleep(ms); }
        async ring() { return this.#sleep; }
        ringLoudly() { return this.ring(); }
      },
    })`);
    const Alarm = functions["Alarm"] as unknown as new (ms: number) => Record<"ring" | "ringLoudly", () => unknown>;
    const alarm = new Alarm(5);
    expect(await alarm.ring()).toBe("woke 1");
    expect(await alarm.ringLoudly()).toBe("woke 1");
    expect(scene.waits).toEqual([[1]]);
  });

  test("leaves behind what it did not wait for", async () => {
    const scene = new Scene((operation) => value(operation));
    const { f } = await scene.load(`export default (host) => ({
      f() {
        const later = async () => { await host.sleep(1); await host.sleep(2); };
        later();
        return 1;
      },
    })`);
    expect(await f!()).toBe(1);
    expect(scene.journal.entries).toMatchObject([{ kind: "sleep-started", spanMs: 1 }]);
    expect(scene.waits).toEqual([]);
  });

  test("meets a failed operation as an error with its code, and may go on", async () => {
    const scene = new Scene(() => ({ error: JSON.stringify(failure) }));
    const { caught, uncaught } = await scene.load(`export default (host) => ({
      caught: () => host.promise.await("p").then(null, ({ name, message, code, data }) => ({ name, message, code, data })),
      uncaught: () => host.promise.await("p"),
    })`);
    expect(await caught!()).toEqual(failure);
    await expect(uncaught!()).rejects.toMatchObject({
      code: "promise/canceled",
      message: "The adapter's golem:api/host@1.1.0#uncaught failed: It was canceled.",
    });
  });

  test("throws the error of a WIT result as it is", async () => {
    const { plain, wrapped } = await new Scene().load(`export default () => ({
      plain() { throw { tag: "not-found" }; },
      async wrapped() { throw Object.assign(new Error("no"), { payload: 7 }); },
    })`);
    await expect(plain!()).rejects.toEqual({ tag: "not-found" });
    await expect(wrapped!()).rejects.toMatchObject({ payload: 7 });
  });

  test.each([
    ["f() { null.x; }", "The adapter's golem:api/host@1.1.0#f failed: Cannot read properties of null (reading 'x')"],
    ["f: () => new Promise(() => {})", "It awaits something that is none of the host's operations."],
    ["f: () => host.promise.await('p')", "It awaits an operation of an earlier invocation."],
    ["f: () => host.rpc.run('g', [Symbol.iterator], { retry: { attempts: 0.5 } })", "retry-policy.attempts"],
  ])("fails the call, and names the function: %s", async (code, message) => {
    const { f } = await new Scene().load(`export default (host) => ({ ${code} })`);
    const error: unknown = await f!().catch((thrown: unknown) => thrown);
    expect(isHostError(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

const func = (name: string): WitFunction => ({ name, params: [], result: null });
const imports: WitSide = {
  interfaces: [
    {
      name: "golem:api/host@1.1.0",
      types: [],
      functions: [
        func("create-promise"),
        func("[constructor]lock"),
        func("[method]lock.try-it"),
        func("[static]lock.all"),
      ],
    },
    { name: "golem:api/host-more@1.1.0", types: [], functions: [func("more")] },
  ],
  types: [],
  functions: [func("add-two")],
};

describe("when a component is added, an adapter", () => {
  const lock = "Lock: class { tryIt() {} static all() {} }";

  test("stands for an interface with its version or without, or for functions of the world itself", async () => {
    const source = `export default (host) => ({ createPromise: () => host.promise.create(), ${lock} })`;
    await expect(checkAdapters({ "golem:api/host": source }, imports)).resolves.toBeUndefined();
    await expect(checkAdapters({ "golem:api/host@1.1.0": source }, imports)).resolves.toBeUndefined();
    await expect(checkAdapters({ $root: "export default () => ({ addTwo() {} })" }, imports)).resolves.toBeUndefined();
  });

  test.each([
    ["golem:api/host", "export default 1", "has no function as its default export"],
    ["golem:api/host", "export default () => 1", "gives no object of functions"],
    ["golem:api/host", "nonsense(", "does not load: "],
    ["golem:api/host", `export default () => ({ ${lock} })`, "lacks what the component imports:\n  create-promise."],
    [
      "golem:api/host",
      "export default () => ({ createPromise() {}, Lock: class { all() {} tryIt = 1 } })",
      "[method]lock.try-it\n  [static]lock.all",
    ],
    [
      "golem:api/host",
      `const Lock = class { tryIt() {} static all() {} }; export default () => ({ createPromise() {}, Lock })`,
      "shares the class Lock",
    ],
    ["golem:api/host", "export default (host) => ({ at: host.now() })", "uses the host before anybody calls it"],
    ["golem:api/host@1.0.0", "export default () => ({})", "stands for nothing: the component imports golem:api/host@"],
    ["golem:api/hos", "export default () => ({})", "stands for nothing"],
  ])("is refused: %s %s", async (name, source, message) => {
    await expect(checkAdapters({ [name]: source }, imports)).rejects.toMatchObject({
      code: "component/bad-adapter",
      message: expect.stringContaining(message) as string,
    });
  });
});
