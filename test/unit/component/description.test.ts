import { describe, expect, test } from "vitest";
import { parseDescription } from "../../../host/component/description.ts";

const whole = {
  sdk: "0.1.0",
  agents: [
    {
      name: "counter",
      params: [{ name: "id", type: "string" }],
      methods: [{ name: "add", params: [{ name: "by", type: null, optional: true }] }],
    },
    { name: "unknown", params: null, methods: null },
  ],
  functions: [{ name: "sum", params: null }],
};

describe("parseDescription", () => {
  test("reads what a guest says of itself", () => {
    expect(parseDescription(JSON.stringify(whole))).toEqual(whole);
  });

  test("drops what a newer SDK says beyond that", () => {
    expect(parseDescription(JSON.stringify({ ...whole, colour: "red" }))).toEqual(whole);
  });

  test("refuses text that is not JSON", () => {
    expect(() => parseDescription("hello")).toThrow(
      expect.objectContaining({ code: "component/description", message: expect.stringContaining("not JSON") }),
    );
  });

  test("refuses a missing field and says which", () => {
    const text = JSON.stringify({ ...whole, functions: [{ name: "sum" }] });
    expect(() => parseDescription(text)).toThrow(
      expect.objectContaining({
        code: "component/description",
        message: expect.stringContaining("functions.0.params"),
      }),
    );
  });

  test("refuses an empty name", () => {
    const text = JSON.stringify({ ...whole, functions: [{ name: "", params: null }] });
    expect(() => parseDescription(text)).toThrow("functions.0.name");
  });

  test("refuses two exports of one name, for a call could mean either", () => {
    const text = JSON.stringify({ ...whole, functions: [{ name: "counter", params: null }] });
    expect(() => parseDescription(text)).toThrow("counter: the name is given twice");
  });
});
