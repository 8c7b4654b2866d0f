import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test, vi } from "vitest";
import { unlimited, type ExecutorListener } from "../../../host/agent/executor.ts";
import { agentId, invocationKey } from "../../../host/base/id.ts";
import { WorkGuard } from "../../../host/base/undisturbed.ts";
import { replayOplog } from "../../../host/executor/replay-oplog.ts";
import { WorkerExecutor } from "../../../host/executor/workers.ts";
import { decodeStep } from "../../../host/oplog/codec.ts";
import { Host, type LogLine } from "../../../host/scheduler/host.ts";
import { openMemoryStore } from "../../../host/store/memory-store.ts";
import { systemClock } from "../../../host/system/clock.ts";
import { systemHttp } from "../../../host/system/http.ts";
import { systemRandom } from "../../../host/system/random.ts";
import { engine } from "../scheduler/scene.ts";

/** A step that takes some 100 ms on a machine of today, and one that never ends. */
const busy = "for (let i = 0; i < 5_000_000; i += 1);";
const endless = "for (;;);";

const makeExecutor = () => new WorkerExecutor({ clock: systemClock, threads: 1, stepTimeoutMs: 1_500, instances: 4 });

describe("a host with one worker thread", async () => {
  const executor = makeExecutor();
  const logs: LogLine[] = [];
  const host = await Host.open({
    store: await openMemoryStore({ now: systemClock.now }),
    executor,
    clock: systemClock,
    random: systemRandom,
    http: systemHttp,
    compile: async () => engine.compiled,
    version: "0.0.0",
    log: (line) => logs.push(line),
  });
  await host.addComponent(engine.bytes, "engine");
  afterAll(() => host[Symbol.asyncDispose]());

  const start = (name: string, body: string) =>
    host.call({ callee: { agent: `actor("${name}")`, method: "act" }, args: JSON.stringify([body]) });
  const act = async (name: string, body: string) => host.result(await start(name, body));

  test("runs steps and messages in it", async () => {
    expect(await act("a", "log.info('from the thread'); return counter.get('a').add(2)")).toEqual({ value: "2" });
    expect(logs.map(({ message }) => message)).toEqual(["from the thread"]);
  });

  test("stops a step that does not end: its invocation fails, and others in the thread go on", async () => {
    await act("b", "kept.n = 1");
    const waits = await start("c", "kept.n = 1; await sleep(1_700); return (kept.n += 1)");
    const [looped, queued, other] = await Promise.all([
      act("b", `kept.n = 2; await sleep(1); kept.n = 3; ${endless}`),
      act("b", "return kept.n"),
      act("d", "return counter.get('d').add(1)"),
    ]);
    expect(looped).toMatchObject({ error: expect.stringContaining("guest/step-timeout") });
    expect([queued, other, await host.result(waits)]).toEqual([{ value: "2" }, { value: "1" }, { value: "2" }]);
  });

  test("takes what a guest did by itself, just before a step that does not end, for done or for not begun", async () => {
    const runs = "for (let i = 0; i < 20; i += 1) await run(() => i);";
    const looped = await act("h", `kept.n = 1; ${runs} kept.n = 2; ${endless}`);
    expect(looped).toMatchObject({ error: expect.stringContaining("guest/step-timeout") });
    expect(await act("h", `${runs} return kept.n`)).toEqual({ value: "1" });
    const steps = await host.oplog(agentId('actor("h")'));
    const { mismatch } = await replayOplog(
      engine.compiled,
      steps.map(({ entries, first, agent }) => decodeStep(entries, { agent, first })),
    );
    expect(mismatch).toBeNull();
  });

  test("tries an invocation again whose step did not end, if its caller said so", async () => {
    const body = `if ((await counter.get("looped").add(1)) < 2) { ${endless} } return counter.get("looped").count()`;
    const callee = { agent: 'actor("b2")', method: "act" };
    const policy = { attempts: 2, firstMs: 10, only: ["guest/step-timeout"] };
    const ref = await host.call({ callee, args: JSON.stringify([body]), retry: policy });
    expect(await host.result(ref)).toEqual({ value: "2" });
  });

  test("goes on in a new thread when one has died, with every agent where it was", async () => {
    await act("e", "kept.n = 1");
    const waits = await start("f", "kept.n = 1; await sleep(300); return (kept.n += 1)");
    await host.settled();
    // Nothing that a thread knows how to take.
    executor.send(agentId('actor("e")'), null as never);
    expect(await host.result(waits)).toEqual({ value: "2" });
    expect(await act("e", "return kept.n")).toEqual({ value: "1" });
  });

  test("does not take the late step of a deleted agent for one of its successor's", async () => {
    await act("g", "kept.n = 1");
    const late = await start("g", `${busy} kept.n = 2; return 'late'`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const outcome = host.result(late);
    await host.deleteAgent(agentId('actor("g")'));
    expect(await act("g", "return kept.n ?? 'new'")).toEqual({ value: '"new"' });
    expect(await outcome).toMatchObject({ error: expect.stringContaining("agent/deleted") });
    expect(await act("g", "return kept.n ?? 'new'")).toEqual({ value: '"new"' });
  });

  test("shares it fairly between an agent that steps without end and others", async () => {
    const endlessSteps = await start("h", "for (;;) await run(() => null)");
    expect(await act("i", "return counter.get('i').add(1)")).toEqual({ value: "1" });
    await host.deleteAgent(endlessSteps.agent);
    await host.settled();
  });
});

describe("an executor with worker threads", () => {
  const created = (agent: string) => ({
    agent: agentId(agent),
    component: engine.compiled.digest,
    snapshot: null,
    steps: [
      {
        first: 0,
        entries: JSON.stringify([{ kind: "created", agent, component: engine.compiled.digest, host: "0.0.0" }]),
      },
    ],
  });
  const invoked = (body: string) => ({
    kind: "invoked" as const,
    invocation: 1,
    key: invocationKey("k"),
    method: "act",
    args: JSON.stringify([body]),
  });

  /** What it reports, in order. */
  function listen(executor: WorkerExecutor) {
    const reports: string[] = [];
    let wake = () => {};
    const report = (text: string) => {
      reports.push(text);
      wake();
    };
    const listener: ExecutorListener = {
      stepped: ({ agent, entries }) => report(`${agent} ${(JSON.parse(entries) as { kind: string }[]).at(-1)!.kind}`),
      failed: (agent, error) => report(`${agent} failed ${String((error as { code?: string }).code)}`),
      lost: (agents, culprit) =>
        report(
          `lost ${agents.join(" ")}, ${culprit ? `${culprit.agent} ${(JSON.parse(culprit.error) as { code: string }).code}` : "nobody to blame"}`,
        ),
    };
    executor.start(listener);
    executor.load(engine.compiled);
    const until = async (count: number) => {
      while (reports.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return reports;
    };
    return { reports, until };
  }

  test("says whose step its thread was in when that had to be ended, and who is lost with it", async () => {
    await using executor = makeExecutor();
    const { until } = listen(executor);
    for (const name of ["a", "b"]) executor.open(created(`actor("${name}")`));
    executor.send(agentId('actor("a")'), [invoked("return 1")]);
    await until(1);
    executor.send(agentId('actor("b")'), [invoked(endless)]);
    expect(await until(2)).toEqual([
      'actor("a") finished',
      'lost actor("a") actor("b"), actor("b") guest/step-timeout',
    ]);
    executor.open(created('actor("a")'));
    executor.send(agentId('actor("a")'), [invoked("return 1")]);
    expect((await until(3)).at(-1)).toBe('actor("a") finished');
  });

  /** Begins a step that takes a while, in a thread that is awake. */
  async function beginBusyStep(executor: WorkerExecutor, until: (count: number) => Promise<string[]>, body: string) {
    executor.open(created('actor("first")'));
    executor.send(agentId('actor("first")'), [invoked("return 1")]);
    await until(1);
    executor.open(created('actor("a")'));
    executor.send(agentId('actor("a")'), [invoked(`${busy} ${body}`)]);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }

  test("reports nothing of a session that was closed while its step ran, nor of forks that it made", async () => {
    await using executor = makeExecutor();
    const { until } = listen(executor);
    await beginBusyStep(executor, until, "await fork()");
    executor.close(agentId('actor("a")'));
    executor.open(created('actor("b")'));
    executor.send(agentId('actor("b")'), [invoked("return 1")]);
    expect((await until(2)).slice(1)).toEqual(['actor("b") finished']);
  });

  test("reports a session anew that was opened anew, once", async () => {
    await using executor = makeExecutor();
    const { until, reports } = listen(executor);
    await beginBusyStep(executor, until, "throw new Error('the old one')");
    executor.reset();
    executor.open(created('actor("a")'));
    executor.send(agentId('actor("a")'), [invoked("log.info('the new one'); await sleep(1)")]);
    expect((await until(2)).slice(1)).toEqual(['actor("a") sleep-started']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(reports).toHaveLength(2);
  });

  test("undoes steps that start more operations than they may, in new threads, too", async () => {
    await using executor = makeExecutor();
    const { until } = listen(executor);
    executor.limit(engine.compiled.digest, { ...unlimited, inFlight: 5 });
    const begin = (name: string, body: string) => {
      executor.open(created(`actor("${name}")`));
      executor.send(agentId(`actor("${name}")`), [invoked(body)]);
    };
    const many = "for (let i = 0; i < 1_000_000_000; i += 1) void sleep(1);";
    begin("a", many);
    expect(await until(1)).toEqual(['actor("a") trapped']);
    begin("b", endless);
    expect((await until(2)).at(-1)).toMatch(/guest\/step-timeout$/);
    begin("c", many);
    expect((await until(3)).at(-1)).toBe('actor("c") trapped');
    executor.limit(engine.compiled.digest, { ...unlimited, inFlight: 6 });
    begin("d", "await Promise.race([1, 2, 3, 4, 5, 6].map(sleep))");
    expect((await until(4)).at(-1)).toBe('actor("d") sleep-started');
  });

  test("that is drained finishes the step under way, and begins no other", async () => {
    await using executor = makeExecutor();
    const { until, reports } = listen(executor);
    await beginBusyStep(executor, until, "return 'at the end'");
    executor.open(created('actor("b")'));
    executor.send(agentId('actor("b")'), [invoked("return 1")]);
    await executor.drain();
    executor.send(agentId('actor("first")'), [{ ...invoked("return 1"), invocation: 2 }]);
    await executor.drain();
    expect(reports).toEqual(['actor("first") finished', 'actor("a") finished']);
  });

  test("that is drained does not wait for a step that never ends", async () => {
    await using executor = makeExecutor();
    const { until, reports } = listen(executor);
    executor.open(created('actor("a")'));
    executor.send(agentId('actor("a")'), [invoked("return 1")]);
    await until(1);
    executor.send(agentId('actor("a")'), [{ ...invoked(endless), invocation: 2 }]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await executor.drain();
    expect(reports.at(-1)).toBe('lost actor("a"), actor("a") guest/step-timeout');
  });

  test("keeps its threads from compressing before it ends them", async () => {
    const held = vi.spyOn(WorkGuard.prototype, Symbol.dispose);
    const ended = vi.spyOn(Worker.prototype, "terminate");
    {
      await using executor = makeExecutor();
      listen(executor);
    }
    const [[holds], [ends]] = [held.mock.invocationCallOrder, ended.mock.invocationCallOrder];
    vi.restoreAllMocks();
    expect(holds).toBeLessThan(ends!);
  });

  test("says which agent can't be brought back", async () => {
    await using executor = makeExecutor();
    const { until } = listen(executor);
    const opening = created('actor("a")');
    executor.open({ ...opening, steps: [{ first: 7, entries: opening.steps[0]!.entries }] });
    expect(await until(1)).toEqual(['actor("a") failed base/invariant']);
  });
});
