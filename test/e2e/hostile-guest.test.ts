import { describe, expect, test } from "vitest";
import { Workplace } from "./planaria.ts";

interface Failure {
  name: string;
  message: string;
  code?: string;
}

/** Calls a hostile function; returns the failure that the command prints. */
async function failureOf(place: Workplace, call: string, ...options: string[]): Promise<Failure> {
  const guest = await place.build("test/guests/hostile.ts");
  const { exitCode, stdout, stderr } = await place.run("run", guest, call, "--json", ...options);
  expect([exitCode, stdout], stderr).toEqual([1, ""]);
  const { error } = JSON.parse(stderr.trim().split("\n").at(-1)!) as {
    error: { code: string; data: { failure: Failure } };
  };
  expect(error.code).toBe("invocation/failed");
  return error.data.failure;
}

describe.concurrent("a guest that", () => {
  test.each([
    ["throws at once", "throwNow()", { name: "TypeError", message: "thrown at once" }],
    ["rejects later", "rejectLater()", { name: "RangeError", message: "rejected later" }],
    ["overflows the native stack", "trap()", { name: "TrapError", code: "guest/stack-overflow" }],
    ["traps in a later step", "trapLater()", { name: "TrapError", code: "guest/stack-overflow" }],
    ["recurses for ever", "recurse()", { code: "guest/stack-overflow" }],
    ["returns what is not JSON", "returnFunction()", { code: "guest/not-json" }],
    ["returns a cycle", "returnCycle()", { code: "guest/not-json" }],
    ["awaits a promise that does not exist", "waitForUnknown()", { code: "promise/unknown" }],
    ["settles a promise that does not exist", "settleUnknown()", { code: "promise/unknown" }],
    ["calls itself and waits", "narcissus().gaze()", { code: "rpc/cycle" }],
  ])("%s gets a failure that says so", async (_, call, expected) => {
    await using place = new Workplace();
    expect(await failureOf(place, call)).toMatchObject(expected);
  });

  test.each([
    ["little by little", "growForever()"],
    ["at once", "growBy(60)"],
    ["in what it says", "shout(30)"],
  ])("grows past the memory cap %s is told that there is one", async (_, call) => {
    await using place = new Workplace();
    expect(await failureOf(place, call, "--memory-cap", "32MiB")).toMatchObject({ code: "guest/memory-cap" });
  });

  test("has more memory than a host grants is refused there, and goes on elsewhere", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await place.json("run", guest, "hoard().keep(30)", "--memory-cap", "64MiB");
    const refused = await place.run("invoke", "hoard().count()", "--memory-cap", "16MiB");
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toContain("error[snapshot/memory-cap]: hoard() can't go on");
    expect(await place.json("invoke", "hoard().count()", "--memory-cap", "64MiB")).toBe(1);
  });

  test("loops for ever is stopped, and every other agent goes on", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const command = ["run", guest, "besideSpin(12)", "--step-timeout", "500ms", "--threads", "1"];
    expect(await place.json(...command)).toEqual({ noted: Array(12).fill(1), spun: "guest/step-timeout" });
    expect(await place.json("invoke", 'ledger("beside 3").read()')).toEqual(["here"]);
  });

  test("never lets its jobs end is stopped, too", async () => {
    await using place = new Workplace();
    const failure = await failureOf(place, "loopThroughJobs()", "--step-timeout", "500ms");
    expect(failure).toMatchObject({ code: "guest/step-timeout" });
  });

  test("settles a promise twice is told which one counted", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/hostile.ts");
    expect(await place.json("run", guest, "settleTwice()")).toEqual({ settled: [true, false, false, false], value: 1 });
  });

  test("traps keeps what it remembered before that step", async () => {
    await using place = new Workplace();
    await failureOf(place, 'survivor("s").throwAfter()');
    await failureOf(place, 'survivor("s").trapAfter()');
    expect(await place.json("invoke", 'survivor("s").count()')).toBe(1);
    expect(await place.json("replay", 'survivor("s")')).toMatchObject({ agent: 'survivor("s")' });
  });
});
