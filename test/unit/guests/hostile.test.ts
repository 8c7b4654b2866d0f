import { beforeEach, describe, expect, test } from "vitest";
import { compileGuest, FakeHost } from "./harness.ts";

const compiled = await compileGuest("test/guests/hostile.ts");
let host: FakeHost;
beforeEach(() => void (host = new FakeHost(compiled)));

describe("a hostile guest", () => {
  test.each([
    ["throwNow", { name: "TypeError", message: "thrown at once" }],
    ["throwText", { name: "Error", message: "a text" }],
    ["throwNothing", { message: "not an error was thrown: undefined" }],
    ["rejectLater", { name: "RangeError", message: "rejected later", cause: { message: "its cause" } }],
    ["throwMonster", { name: "Error", message: "" }],
    ["returnFunction", { code: "guest/not-json", message: "result is a function" }],
    ["returnBigint", { code: "guest/not-json", message: expect.stringContaining("result.items[1] is a bigint") }],
    ["returnSymbol", { code: "guest/not-json", message: "result is a symbol" }],
    ["returnPromise", { code: "guest/not-json", message: expect.stringContaining("result.pending is a promise") }],
    ["returnCycle", { code: "guest/not-json", message: expect.stringContaining("result.self.cycle is a cycle") }],
    ["passFunction", { code: "guest/not-json", message: "args[0] is a function" }],
    ["waitForUnknown", { code: "promise/unknown" }],
    ["settleUnknown", { code: "promise/unknown" }],
    ["stillborn().cry", { message: "no agent of this type can be made" }],
  ])("that runs %s fails that invocation with a failure", async (name, failure) => {
    await expect(host.call(name)).rejects.toMatchObject(failure);
  });

  test.each(["trap", "recurse", "allocateAtOnce", "growForever"])(
    "that runs %s fails or traps, and nothing else",
    async (name) => {
      await expect(host.call(name)).rejects.toThrow(
        /stack|memory|unreachable|too large|array length|allocate|invalid/i,
      );
      await expect(new FakeHost(compiled).call("settleTwice")).resolves.toEqual({
        settled: [true, false, false, false],
        value: 1,
      });
    },
  );

  test("that leaves rejections behind goes on", async () => {
    expect(await host.call("rejectAside")).toBe("fine");
  });

  test("keeps what it did before it threw", async () => {
    await expect(host.call('survivor("s").throwAfter')).rejects.toThrow('survivor("s") has counted to 1');
    expect(await host.call('survivor("s").count')).toBe(1);
  });

  test("that breaks its own built-ins traps, and hurts only itself", async () => {
    await host.call("vandal().smash");
    await expect(host.call("vandal().ask")).rejects.toThrow("unreachable");
    await expect(new FakeHost(compiled).call("settleTwice")).resolves.toMatchObject({ value: 1 });
  });

  test("may start very many operations, and log very much", async () => {
    expect(await host.call("startMany", 2_000)).toBe(2_000);
    await host.call("flood", 1_000);
    expect(host.logs).toHaveLength(1_000);
  });

  test.each(["waitForever", "waitForNobody", "narcissus().gaze", "link(0,2).pull"])(
    "that runs %s waits, and holds up nobody",
    async (name) => {
      const stuck = host.start(name);
      await expect(host.settle(stuck)).rejects.toThrow("Nothing can go on");
      expect(await host.call("settleTwice")).toMatchObject({ value: 1 });
    },
  );
});
