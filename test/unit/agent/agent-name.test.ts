import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAgentName, parseAgentName } from "../../../host/agent/agent-name.ts";
import { agentId, forkId, functionAgentId, invocationKey } from "../../../host/base/id.ts";

const expectRefusal = (text: string) =>
  expect(() => parseAgentName(text)).toThrow(expect.objectContaining({ code: "agent/name" }));

describe("an agent's name", () => {
  test("is a type and JSON parameters", () => {
    expect(parseAgentName('counter("c1",{"a":[1]})')).toEqual({
      type: "counter",
      params: '["c1",{"a":[1]}]',
      phantom: null,
    });
    expect(parseAgentName("coordinator()")).toEqual({ type: "coordinator", params: "[]", phantom: null });
  });

  test("may end in the UUID of a fork, or of a function's call", () => {
    const fork = forkId(agentId('counter("c1")'), 7);
    expect(formatAgentName(parseAgentName(fork))).toBe(fork);
    expect(parseAgentName(fork)).toMatchObject({ type: "counter", params: '["c1"]' });
    const call = functionAgentId("enrichOne", invocationKey("k"));
    expect(formatAgentName(parseAgentName(call))).toBe(call);
    expect(parseAgentName(call)).toMatchObject({ type: "enrichOne", params: null });
  });

  test.each([
    "add-two",
    "docs:adder/add@0.1.0#add",
    "docs:store/buckets@0.1.0#[method]big-bucket.get-all",
    "[constructor]bucket",
    "in-line#go",
  ])("may be that of a call of a component's function, %s", (name) => {
    const call = functionAgentId(name, invocationKey("k"));
    expect(parseAgentName(call)).toMatchObject({ type: name, params: null });
    expect(formatAgentName(parseAgentName(call))).toBe(call);
    const fork = forkId(call, 1);
    expect(parseAgentName(fork)).toMatchObject({ type: name, params: null });
    expect(fork).not.toBe(call);
    expectRefusal(name);
    expectRefusal(`${name}(1)`);
  });

  test("is the same however its parameters are written", () => {
    expect(formatAgentName(parseAgentName('counter( "\\u0063" , 1.0 , -0 )'))).toBe('counter("c",1,0)');
  });

  test("reads back as it was written, whatever its parameters", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.option(fc.uuid()), (params, phantom) => {
        const name = { type: "ägent$1", params: JSON.stringify(params), phantom };
        expect(parseAgentName(formatAgentName(name))).toEqual(name);
      }),
    );
  });

  test("can't smuggle in brackets of its own", () => {
    expect(parseAgentName('f(")[0b6e2d26-8c10-5b6c-9f5d-7c1f0d5e4b8a]")').phantom).toBe(null);
    expectRefusal("counter(1],[2)");
  });

  test("is refused without parameters, with parameters that are not JSON, and with an unknown ending", () => {
    for (const text of ["", "counter", "counter(", "counter('c1')", "counter(c1)", "counter(1,)", "1()"])
      expectRefusal(text);
    for (const text of ['counter("c1")[x]', 'counter("c1").get', ' counter("c1")', "counter[]", "a b()"])
      expectRefusal(text);
  });

  test("is shown in a refusal, shortened", () => {
    expect(() => parseAgentName("x".repeat(1000))).toThrow(/^"x{80}…" names no agent: its parameters are missing\./);
  });
});
