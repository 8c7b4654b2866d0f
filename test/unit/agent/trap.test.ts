import { describe, expect, test } from "vitest";
import { trapFailure } from "../../../host/agent/step.ts";
import { HostError } from "../../../host/base/error.ts";

const unreachable = new WebAssembly.RuntimeError("unreachable");
const use = (sizeBytes: number) => ({ sizeBytes, capBytes: 64 * 2 ** 20 });
const failureOf = (...given: Parameters<typeof trapFailure>) => JSON.parse(trapFailure(...given)) as object;

describe("a trap", () => {
  test("of a guest with much memory names the cap", () => {
    const failure = failureOf(unreachable, use(60 * 2 ** 20));
    expect(failure).toMatchObject({ name: "TrapError", code: "guest/memory-cap" });
    expect(failure).toHaveProperty("message", expect.stringContaining("60 MiB of the 64 MiB"));
  });

  test("of a guest with little memory, or of unknown memory, is no more than a trap", () => {
    expect(failureOf(unreachable, use(2 * 2 ** 20))).toMatchObject({ code: "guest/trap" });
    expect(failureOf(unreachable, null)).toMatchObject({ code: "guest/trap" });
  });

  test("of too deep a recursion is told apart, however much memory there is", () => {
    const failure = failureOf(new RangeError("Maximum call stack size exceeded"), use(64 * 2 ** 20));
    expect(failure).toMatchObject({ code: "guest/stack-overflow" });
  });

  test("that an import caused keeps its code", () => {
    expect(failureOf(new HostError("guest/not-json", "no"), null)).toMatchObject({
      name: "GuestError",
      code: "guest/not-json",
    });
  });
});
