import invocationHost from "planaria:host/invocation@0.1.0";
import operationHost from "planaria:host/operation@0.1.0";
import promiseHost from "planaria:host/promise@0.1.0";
import rpcHost from "planaria:host/rpc@0.1.0";
import runHost from "planaria:host/run@0.1.0";
import { agent, fork, log, promise, random, rpc, run, self, sleep } from "planaria/guest";

// A guest that misbehaves in every way that a guest can, each once. It is for tests that show that the host and other
// agents come to no harm.

// Throwing.

export function throwNow() {
  throw new TypeError("thrown at once");
}

export function throwText() {
  throw "a text";
}

export function throwNothing() {
  throw undefined;
}

export async function rejectLater() {
  await sleep(1);
  throw new RangeError("rejected later", { cause: new Error("its cause") });
}

export function throwMonster() {
  throw new Proxy(new Error("unseen"), {
    get() {
      throw new Error("not even this can be read");
    },
  });
}

/** Rejections that nobody looks at. */
export function rejectAside() {
  void Promise.reject(new Error("aside"));
  void run(throwNow);
  void rpc(throwNow, []);
  return "fine";
}

// Trapping, or near to it.

/** Overflows the native stack, where QuickJS can't see it coming. */
export function trap() {
  let nested: unknown[] = [];
  for (let i = 0; i < 1_000_000; i += 1) nested = [nested];
  return JSON.stringify(nested);
}

/** Traps in a later step, with operations in flight. */
export async function trapLater() {
  void rpc(neverEnd, []);
  void sleep(1_000_000);
  await sleep(1);
  return trap();
}

export function recurse(depth = 0): number {
  return recurse(depth + 1) + 1;
}

export function allocateAtOnce() {
  return new Uint8Array(2 ** 32 - 1).length;
}

export function growForever() {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 1_000 }, () => kept.length));
}

/** Takes this much memory and gives it back. */
export function growBy(megabytes: number) {
  return new Uint8Array(megabytes * 1_048_576).fill(1).length;
}

export function loopForever(): never {
  for (;;);
}

/** Never comes back to the host although it never blocks. */
export async function loopThroughJobs() {
  for (;;) await Promise.resolve();
}

export async function loopThroughSteps() {
  for (;;) await run(() => null);
}

// Results and arguments that JSON can't carry.

export const returnFunction = () => () => 1;
export const returnBigint = () => ({ items: [1, 2n] });
export const returnSymbol = () => Symbol("s");
export const returnPromise = () => ({ pending: sleep(1) });

export function returnCycle() {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = { cycle };
  return cycle;
}

export function returnMuch(megabytes: number) {
  return "x".repeat(megabytes * 1_048_576);
}

export async function passFunction() {
  return rpc("throwNow", [() => 1]);
}

// Waiting for what never comes.

export async function waitForever() {
  await new Promise(() => {});
}

export async function waitForNobody() {
  await promise.await(promise.create());
}

export async function waitForUnknown() {
  await promise.await("a promise that nobody made");
}

export async function neverEnd() {
  await sleep(Number.MAX_SAFE_INTEGER);
}

/** An agent that calls itself and waits. */
export const narcissus = agent(() => ({
  async gaze(): Promise<string> {
    return narcissus.get().gaze();
  },
  async gazeAside() {
    void narcissus.get().gaze();
    return "it waits all the same";
  },
}));

/** Agents each of which waits for the next; the last waits for the first. */
export const link = agent((number: number, count: number) => ({
  async pull(): Promise<string> {
    return link.get((number + 1) % count, count).pull();
  },
}));

/** Waits for a promise that only its own next invocation would complete. */
export const procrastinator = agent((name: string) => ({
  async wait() {
    return promise.await(promise.create({ id: `done ${name}` }));
  },
  async complete() {
    return promise.complete(`done ${name}`, true);
  },
}));

// Settling.

export async function settleTwice() {
  const id = promise.create<number>();
  const settled = [
    promise.complete(id, 1),
    promise.complete(id, 2),
    promise.reject(id, new Error("three")),
    promise.cancel(id),
  ];
  return { settled: await Promise.all(settled), value: await promise.await(id) };
}

export async function settleUnknown() {
  return promise.complete("a promise that nobody made", 1);
}

// Too much of it.

export function flood(lines: number) {
  for (let i = 0; i < lines; i += 1) log.info(`line ${i}`);
}

export function shout(megabytes: number) {
  log.error("x".repeat(megabytes * 1_048_576));
}

export async function startMany(count: number) {
  const calls = Array.from({ length: count }, () => sleep(1));
  await Promise.all(calls);
  return calls.length;
}

export async function forkBomb(depth: number): Promise<number> {
  for (let i = 0; i < depth; i += 1) await fork();
  return depth;
}

/** As many agents as there are numbers with so many bits, each waiting for two others. */
export async function rpcBomb(depth: number): Promise<number> {
  if (depth === 0) return 1;
  const [left = 0, right = 0] = await Promise.all([rpc(rpcBomb, [depth - 1]), rpc(rpcBomb, [depth - 1])]);
  return left + right;
}

export function drawMuch(times: number) {
  for (let i = 0; i < times; i += 1) random.bytes(65_536);
}

export function promiseMuch(count: number) {
  for (let i = 0; i < count; i += 1) promise.create();
}

/** Gives up what it never began: each number would have to be looked for in the journal. */
export function cancelMuch(count: number) {
  for (let i = 0; i < count; i += 1) operationHost.cancel(2 ** 32 - 1 - (i % 1_000));
  return count;
}

export async function callMuch(megabytes: number) {
  return rpc(neverEnd, ["x".repeat(megabytes * 1_048_576)] as never);
}

export function settleMuch(megabytes: number) {
  promiseHost.complete("p", JSON.stringify("x".repeat(megabytes * 1_048_576)));
}

// Posing as somebody else: past the SDK, at the imports themselves.

/** Ends its own and others' operations and invocations by numbers that are not for it to name. */
export async function forge() {
  const waiting = sleep(1);
  for (const number of [0, 1, 2, 3, 99, 2 ** 32 - 1]) {
    runHost.finish(number, { tag: "ok", val: '"forged"' });
    operationHost.cancel(number);
    if (number !== 1) invocationHost.finish(number, { tag: "ok", val: '"forged"' });
  }
  return waiting.then(
    (value) => ({ value }),
    ({ code }: { code: string }) => ({ code }),
  );
}

/** Hands text over that is no JSON, in the hope that it becomes a part of what others are told. */
export function inject(where: "args" | "promise" | "outcome") {
  const text = '1},{"operation":2,"value":"injected"';
  if (where === "args")
    rpcHost.callFunction("neverEnd", text, {
      mode: "triggered",
      at: null,
      key: null,
      target: null,
      timeout: null,
      retry: null,
    });
  if (where === "promise") promiseHost.complete("p", text);
  if (where === "outcome") invocationHost.finish(1, { tag: "ok", val: text });
}

/** Calls agents by whatever name. */
export async function callNamed(names: string[]) {
  const call = (name: string) =>
    rpc(callAs, [name]).then(
      () => "called",
      (error: { code?: string }) => error.code,
    );
  return Promise.all(names.map(call));
}

export function callAs(name: string) {
  rpcHost.callAgent(name, "count", "[]", {
    mode: "attached",
    at: null,
    key: null,
    target: null,
    timeout: null,
    retry: null,
  });
}

/** Keys and promise ids that mean something to somebody. */
export async function nameOddly(names: string[]) {
  const ids = names.map((id) => promise.create<number>({ id }));
  await Promise.all(ids.map((id, index) => promise.complete(id, index)));
  return Promise.all(ids.map((id) => promise.await(id)));
}

/** Tells whether what it is given, or gets from others, changes what all objects have. */
export async function takePoison(poison: unknown) {
  const echoed = await rpc(echo, [poison]);
  const mended = await run(echo, poison);
  return { polluted: "polluted" in {}, same: JSON.stringify([echoed, mended]) };
}

export const echo = (value: unknown) => value;

export async function fetchEach(urls: string[]) {
  const codeOf = (url: string) =>
    fetch(url).then(
      ({ status }) => status,
      (error: { code?: string; cause?: { code?: string }; name: string }) =>
        error.code ?? error.cause?.code ?? error.name,
    );
  return Promise.all(urls.map(codeOf));
}

// Breaking its own house.

/** Takes away what the engine rests on: whatever is called in it next traps. */
export const vandal = agent(() => ({
  smash() {
    Reflect.set(Promise.prototype, "then", () => {
      throw new Error("smashed");
    });
  },
  ask: () => "never answers",
}));

/** Remembers what it did before it failed: a trap undoes the step, a throw does not. */
export const survivor = agent((_name: string) => {
  let count = 0;
  return {
    count: () => count,
    throwAfter() {
      count += 1;
      throw new Error(`${self.id} has counted to ${count}`);
    },
    trapAfter() {
      count += 1;
      return trap();
    },
  };
});

/** A factory that never gives an agent. */
export const stillborn = agent((): { cry(): void } => {
  throw new Error("no agent of this type can be made");
});
