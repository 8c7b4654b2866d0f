import { describe, expect, test } from "vitest";
import { Fields } from "../../../host/wasi/http-fields.ts";
import { thrownBy } from "./scene.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");
const listOf = (fields: Fields) =>
  fields.entries().map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);

describe("fields", () => {
  test("keep their order, and are found by names in any case", () => {
    const fields = Fields.fromList([
      ["Accept", bytes("a")],
      ["X-One", bytes("1")],
      ["accept", bytes("b")],
    ]);
    expect(fields.get("ACCEPT")).toEqual([bytes("a"), bytes("b")]);
    expect([fields.has("x-one"), fields.has("x-two"), fields.get("x-two")]).toEqual([true, false, []]);
  });

  test("are set, appended to and deleted", () => {
    const fields = new Fields();
    fields.append("a", bytes("1"));
    fields.append("b", bytes("2"));
    fields.append("A", bytes("3"));
    fields.set("a", [bytes("4"), bytes("é")]);
    expect(listOf(fields)).toEqual([
      ["b", "2"],
      ["a", "4"],
      ["a", "é"],
    ]);
    fields.delete("A");
    fields.set("b", []);
    expect(listOf(fields)).toEqual([]);
  });

  test("are cloned as they are, to be changed apart", () => {
    const fields = Fields.fromList([["a", bytes("1")]]);
    const clone = fields.asImmutable().clone();
    clone.append("b", bytes("2"));
    expect([listOf(fields), listOf(clone)]).toEqual([
      [["a", "1"]],
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ]);
  });

  test("of others are not to be changed", () => {
    const fields = Fields.fromList([["a", bytes("1")]]).asImmutable();
    for (const change of [
      () => fields.set("a", [bytes("2")]),
      () => fields.append("a", bytes("2")),
      () => fields.delete("a"),
    ])
      expect(thrownBy(change)).toEqual({ tag: "immutable" });
    expect(listOf(fields)).toEqual([["a", "1"]]);
  });

  test.each([
    ["a b", "1"],
    ["", "1"],
    ["ä", "1"],
    ["a", "1\r\nb: 2"],
    ["a", "\0"],
  ])("can't hold %j: %j", (name, value) => {
    expect(thrownBy(() => new Fields().append(name, bytes(value)))).toEqual({ tag: "invalid-syntax" });
    expect(thrownBy(() => new Fields().set(name, [bytes(value)]))).toEqual({ tag: "invalid-syntax" });
    expect(thrownBy(() => Fields.fromList([[name, bytes(value)]]))).toEqual({ tag: "invalid-syntax" });
  });

  test.each(["Host", "connection", "Transfer-Encoding", "expect", "te"])("leave %s to the host", (name) => {
    expect(thrownBy(() => new Fields().set(name, [bytes("x")]))).toEqual({ tag: "forbidden" });
  });

  test("have an end, at which a guest traps", () => {
    const fields = new Fields();
    const fill = () => {
      for (;;) fields.append("a", new Uint8Array(1_000).fill(0x61));
    };
    expect(thrownBy(fill)).toMatchObject({ code: "guest/invalid-argument" });
    expect(fields.entries().length).toBeGreaterThan(100);
  });
});
