import { describe, expect, test } from "vitest";
import { eventually, Workplace } from "./planaria.ts";

/** Starts an agent that waits for a promise, in a process that goes on running. */
async function startWaiting(place: Workplace, guest: string, promise: string) {
  const running = place.start(["run", guest, `ledger("a").waitFor("${promise}")`]);
  await place.waitForPromise(promise);
  return running;
}

describe.concurrent("two processes on one store", () => {
  test("one completes the promise that an agent of the other waits for", async () => {
    await using place = new Workplace();
    const running = await startWaiting(place, await place.build("test/guests/ledger.ts"), "p");
    expect(await place.json("promise", "complete", "p", '"from the other"')).toEqual({ id: "p", settled: true });
    expect(await running.ended).toMatchObject({ exitCode: 0, stdout: '"from the other"\n' });
    expect(await place.json("promise", "complete", "p", "1")).toEqual({ id: "p", settled: false });
  });

  test("one calls an agent that the other has, and is answered when it has time", async () => {
    await using place = new Workplace();
    const running = await startWaiting(place, await place.build("test/guests/ledger.ts"), "p");
    const calling = place.start(["invoke", 'ledger("a").note("second")', "--key", "n"]);
    await eventually("it is queued", async () => {
      const { invocations } = (await place.json("inspect", 'ledger("a")')) as { invocations: unknown[] };
      return invocations.length === 2 || undefined;
    });
    await place.json("promise", "complete", "p", '"first"');
    expect(await running.ended).toMatchObject({ exitCode: 0, stdout: '"first"\n' });
    expect(await calling.ended).toMatchObject({ exitCode: 0, stdout: "2\n" });
    expect(await place.json("invoke", 'ledger("a").read()')).toEqual(["first", "second"]);
    expect(await place.json("invoke", 'ledger("a").note("second")', "--key", "n")).toBe(2);
  });

  test("one sees what an agent of the other throws as it was thrown there, with its cause and its stack", async () => {
    await using place = new Workplace();
    await startWaiting(place, await place.build("test/guests/ledger.ts"), "p");
    const calling = place.start(["invoke", 'catchFailure("a")']);
    await eventually("it is queued", async () => {
      const { invocations } = (await place.json("inspect", 'ledger("a")')) as { invocations: unknown[] };
      return invocations.length === 2 || undefined;
    });
    await place.json("promise", "complete", "p", "1");
    const { exitCode, stdout } = await calling.ended;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { type: "Error", message: "nothing could be noted", isRange: false, at: "failThrough" },
      { type: "RangeError", message: "the ledger is closed", isRange: true, at: "fail" },
    ]);
  });

  test("one takes over at once what the other had when it was killed", async () => {
    await using place = new Workplace();
    const running = await startWaiting(place, await place.build("test/guests/ledger.ts"), "p");
    await running.kill();
    await place.json("promise", "complete", "p", '"after"');
    expect(await place.json("invoke", 'ledger("a").read()')).toEqual(["after"]);
  });

  test("one can't fork what the other has", async () => {
    await using place = new Workplace();
    await startWaiting(place, await place.build("test/guests/ledger.ts"), "p");
    const { exitCode, stdout, stderr } = await place.run("fork", 'ledger("a")');
    expect([exitCode, stdout]).toEqual([4, ""]);
    expect(stderr).toContain('error[agent/elsewhere]: ledger("a") belongs to another process');
  });

  test("one deletes what it is told to by the other, whose call fails", async () => {
    await using place = new Workplace();
    const running = await startWaiting(place, await place.build("test/guests/ledger.ts"), "p");
    const deleting = await place.run("delete", 'ledger("a")');
    expect(deleting).toMatchObject({ exitCode: 0, stdout: 'deleted ledger("a")\n' });
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('ledger("a") was deleted');
    expect(await place.json("agents", "--all")).toEqual([]);
  });

  test("both call the same agent at the same time, and every call counts once", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const lines = Array.from({ length: 6 }, (_, i) => `line ${i}`);
    const ended = await Promise.all(lines.map((line) => place.run("run", guest, `ledger("a").note("${line}")`)));
    expect(ended.map(({ exitCode }) => exitCode)).toEqual(lines.map(() => 0));
    expect(ended.map(({ stdout }) => Number(stdout)).toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(((await place.json("invoke", 'ledger("a").read()')) as string[]).toSorted()).toEqual(lines);
  });

  test("one that is asked to end lets the other go on", async () => {
    await using place = new Workplace();
    const running = await startWaiting(place, await place.build("test/guests/ledger.ts"), "p");
    running.process.kill("SIGTERM");
    const { exitCode, stdout, stderr } = await running.ended;
    expect([exitCode, stdout]).toEqual([143, ""]);
    expect(stderr).toMatch(/^error\[cli\/interrupted\]: Interrupted\. Nothing is lost/);
    await place.json("promise", "complete", "p", '"after"');
    expect(await place.json("invoke", 'ledger("a").read()')).toEqual(["after"]);
  });
});
