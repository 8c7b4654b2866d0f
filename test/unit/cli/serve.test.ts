import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runCommand } from "../../../host/cli/main.ts";
import type { Terminal } from "../../../host/cli/terminal.ts";
import { collect, makeTerminal, runPlanaria } from "./fake-terminal.ts";

// Guests are built, and others may be at work on the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "planaria-cli-"));
const store = `sqlite:${join(folder, "store.db")}`;
const guest = join(folder, "guest.ts");

const planaria = (...args: string[]) => runPlanaria([...args, "--store", store]);
const json = async (...args: string[]): Promise<unknown> => JSON.parse((await planaria(...args, "--json")).stdout);

type Listener = Parameters<Terminal["onInterrupt"]>[0];

/** Starts a command that goes on until it is interrupted. */
function start(args: string[], listening: (listener: Listener) => void) {
  const stdout = collect();
  const stderr = collect();
  const onInterrupt = (listener: Listener) => {
    listening(listener);
    return { [Symbol.dispose]: () => {} };
  };
  const exitCode = runCommand([...args, "--store", store], makeTerminal({ stdout, stderr, onInterrupt }));
  return { stdout, stderr, exitCode };
}

/** Answers when it is told to. */
const answer = Promise.withResolvers<void>();
const server = createServer((_request, response) => void answer.promise.then(() => response.end("late")));
let address = "";

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    guest,
    `import { agent, rpc } from "planaria/guest";
    export const child = agent((n: number) => ({ wait: async (url: string) => (await fetch(url, { retry: 2 })).text() }));
    export const parent = async (url: string) => child.get(1).with({ timeoutMs: 60_000 }).wait(url);
    export const far = async () => rpc("parent", ["x"], { target: "poll://any@nobody" });`,
  );
});

afterAll(() => server.close());

describe("serve", () => {
  test("says in words what it serves, and ends in good order by an interruption", async () => {
    const ready = Promise.withResolvers<Listener>();
    const { stdout, stderr, exitCode } = start(["serve", guest, "--group", "g", "--name", "w1"], ready.resolve);
    const interrupt = await ready.promise;
    await expect.poll(() => stderr.text, { timeout: 30_000 }).toContain("Serving");
    expect(stderr.text).toBe(`Serving g as w1 on ${store}: child, far, parent. Ctrl-C ends it; nothing is lost.\n`);
    expect((await planaria("nodes")).stdout).toMatch(
      /^GROUP +NAME +PROCESS +MACHINE +SLOTS +AT WORK +LEASE +SINCE\ng +w1 +\d+ +\S+ +64 +0 +\d+s +\S+ ago\n$/,
    );
    interrupt("SIGINT");
    expect(await exitCode).toBe(0);
    expect(stderr.text).toContain("Finishing the steps under way.");
    expect(stderr.text).toMatch(/Ended\. What is unfinished goes on with the next node on sqlite:.*\n$/);
    expect(stdout.text).toBe("");
    expect(await planaria("nodes")).toMatchObject({ stdout: "", stderr: `No process runs agents of ${store} now.\n` });
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("that is interrupted by %s before it serves ends like any other command", async (signal, expected) => {
    const { stderr, exitCode } = start(["serve", guest], (listener) => listener(signal));
    expect(await exitCode).toBe(expected);
    expect(stderr.text).toContain("error[cli/interrupted]");
    expect(stderr.text).not.toContain("Serving");
  });
});

describe("inspect", () => {
  test("shows requests in flight, timeouts, depth, and who brought whom to life", async () => {
    const url = `http://${address}/page`;
    const running = planaria("run", guest, `parent("${url}")`, "--key", "k", "--allow-host", address);
    await expect
      .poll(() => json("inspect", "child(1)"), { timeout: 30_000 })
      .toMatchObject({ operations: [{ kind: "fetch" }] });
    const inspected = (await json("inspect", "child(1)")) as { createdBy: string };
    expect(inspected).toMatchObject({
      target: null,
      operations: [
        {
          operation: 1,
          kind: "fetch",
          method: "GET",
          url,
          startedAt: expect.any(String),
          attempt: 1,
          attempts: 2,
          dueAt: null,
        },
      ],
      invocations: [{ depth: 2, attempt: 1, attempts: 1, lastError: null, cancelRequested: false }],
      children: [],
    });
    expect((await planaria("inspect", "child(1)")).stdout).toMatch(/\n#1 +GET http:\S+ \(attempt 1 of 2\)\n/);
    const parent = inspected.createdBy;
    expect(await json("inspect", parent)).toMatchObject({
      createdBy: null,
      children: ["child(1)"],
      operations: [{ kind: "call", agent: "child(1)", state: "running", target: null, timesOutAt: expect.any(String) }],
    });
    const { stdout } = await planaria("inspect", parent);
    expect(stdout).toMatch(/\n#1 +child\(1\)\.wait \(running, times out in \d+m?s\)\n/);
    expect(stdout).toMatch(/\nBROUGHT TO LIFE\nchild\(1\)\n$/);
    answer.resolve();
    expect(await running).toMatchObject({ exitCode: 0, stdout: '"late"\n' });
  });

  test("shows for which group a call waits, and refuses what is to be done with an agent that has not begun", async () => {
    await json("invoke", "far()", "--at", "+0s");
    // Whoever runs next makes the call.
    await planaria("invoke", "child(2).wait('')");
    const [waiting] = (await json("agents", "--state", "created")) as { id: string }[];
    expect(waiting).toMatchObject({
      component: null,
      target: "poll://any@nobody",
      createdBy: expect.stringMatching(/^far/),
    });
    for (const command of [["fork"], ["replay"], ["record", "--output", join(folder, "x.jsonl")]]) {
      const { exitCode, stderr } = await planaria(...command, waiting!.id);
      expect([command[0], exitCode, stderr]).toEqual([command[0], 1, expect.stringContaining("error[agent/waiting]")]);
    }
  });
});
