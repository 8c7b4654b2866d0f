import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTarget, parseTarget } from "../../../host/agent/target.ts";

describe("a target", () => {
  test("names a group, perhaps a node that is preferred, or the only node that will do", () => {
    expect(parseTarget("poll://any@enrichment-workers")).toEqual({
      group: "enrichment-workers",
      node: null,
      only: false,
    });
    expect(parseTarget("poll://any@g/w1")).toEqual({ group: "g", node: "w1", only: false });
    expect(parseTarget("poll://uni@g/w1")).toEqual({ group: "g", node: "w1", only: true });
  });

  test("reads back as it was written, whatever its names", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
    fc.assert(
      fc.property(name, fc.option(name), fc.boolean(), (group, node, only) => {
        const target = { group, node, only: only && node !== null };
        expect(parseTarget(formatTarget(target))).toEqual(target);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["a bare name", "enrichment-workers"],
    ["another scheme", "http://any@g"],
    ["a way that there is not", "poll://all@g"],
    ["no group", "poll://any@"],
    ["one node only, without its name", "poll://uni@g"],
    ["an empty node", "poll://any@g/"],
    ["more than a node", "poll://any@g/w1/x"],
    ["a name with a space", "poll://any@my group"],
    ["a name with other letters", "poll://any@größe"],
    ["a name of 65 letters", `poll://any@${"g".repeat(65)}`],
    ["a line break behind it", "poll://any@g\n"],
  ])("is not %s, and the refusal shows the three forms", (_, text) => {
    const forms = /poll:\/\/any@GROUP .*poll:\/\/any@GROUP\/NODE .*poll:\/\/uni@GROUP\/NODE/;
    expect(() => parseTarget(text)).toThrow(
      expect.objectContaining({ code: "rpc/bad-target", message: expect.stringMatching(forms) }),
    );
  });
});
