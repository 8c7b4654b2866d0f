import { parse } from "@bytecodealliance/jco";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Workplace } from "./planaria.ts";

async function expectRefusal(place: Workplace, args: string[], exitCode: number, code: string, ...words: string[]) {
  const ended = await place.run(...args);
  expect(ended, ended.stderr).toMatchObject({ exitCode, stdout: "" });
  expect(ended.stderr).toContain(`error[${code}]: `);
  for (const word of words) expect(ended.stderr).toContain(word);
}

describe.concurrent("a component that", () => {
  test("is none is refused, with what it begins with", async () => {
    await using place = new Workplace();
    place.write("guest.wasm", "not at all");
    await expectRefusal(place, ["run", "guest.wasm", "f()"], 3, "component/not-wasm", '"not at all"');
  });

  test("is not there is refused", async () => {
    await using place = new Workplace();
    await expectRefusal(place, ["run", "guest.wasm", "f()"], 3, "component/unreadable", "guest.wasm");
    await expectRefusal(place, ["run", "guest.ts", "f()"], 3, "build/missing-entry", "guest.ts");
  });

  test("is a core module is refused", async () => {
    await using place = new Workplace();
    place.write("guest.wasm", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    await expectRefusal(place, ["run", "guest.wasm", "f()"], 3, "component/not-a-component");
  });

  test("exports nothing to call is refused", async () => {
    await using place = new Workplace();
    place.write("guest.wasm", await parse("(component)"));
    await expectRefusal(place, ["run", "guest.wasm", "f()"], 1, "rpc/unknown-function", "none at all");
  });

  test("is cut off is refused", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    writeFileSync(guest, readFileSync(guest).subarray(0, 900_000));
    await expectRefusal(place, ["run", guest, "compute(1)"], 3, "component/unreadable");
  });

  test("does not parse is refused with the place", async () => {
    await using place = new Workplace();
    place.write("guest.ts", "export const f = () => {\n  return 1 +;\n};");
    await expectRefusal(place, ["run", "guest.ts", "f()"], 3, "build/syntax", "guest.ts:2");
  });
});

describe.concurrent("a call of", () => {
  test("what there is not is refused, with what there is", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await expectRefusal(place, ["run", guest, 'leger("a").read()'], 1, "rpc/unknown-agent", "ledger");
    await expectRefusal(place, ["run", guest, "compte(1)"], 1, "rpc/unknown-function", "compute");
    await expectRefusal(
      place,
      ["run", guest, 'ledger("a").rite("x")'],
      1,
      "rpc/unknown-method",
      "note, noteAtLast, read",
    );
    expect(await place.json("agents", "--all")).toEqual([]);
  });

  test("what can't be read is refused, with a caret below it", async () => {
    await using place = new Workplace();
    place.write("bad.json", "{");
    await expectRefusal(place, ["invoke", 'ledger("a").note(one)'], 2, "call/syntax", `\n${" ".repeat(19)}^\n`);
    await expectRefusal(place, ["invoke", 'ledger("a").'], 2, "call/syntax", "the name of a method");
    await expectRefusal(place, ["invoke", 'ledger("a").note(1'], 2, "call/syntax");
    await expectRefusal(place, ["invoke", "compute(@bad.json)"], 2, "call/file", "bad.json does not hold JSON");
    await expectRefusal(place, ["invoke", "compute(@none.json)"], 2, "call/file", "none.json");
  });

  test("anything is refused before there is a store, and makes none", async () => {
    await using place = new Workplace();
    await expectRefusal(place, ["invoke", "compute(1)"], 4, "store/missing", "planaria run");
    await expectRefusal(place, ["promise", "complete", "p"], 4, "store/missing");
    await expectRefusal(place, ["fork", 'ledger("a")'], 4, "store/missing");
  });
});

describe.concurrent("options", () => {
  test.each([
    [["agents", "--jsno"], "Did you mean --json?"],
    [["forc", "a()"], "Did you mean fork?"],
    [["invoke", "f()", "--memory-cap", "lots"], "a size such as 64MiB, from 64KiB to 4GiB"],
    [["invoke", "f()", "--step-timeout", "0"], "a span of time such as 500ms or 10s, from 1ms to 1h"],
    [["invoke", "f()", "--lease", "1ms"], "from 1s to 1h"],
    [["invoke", "f()", "--threads", "0"], "a whole number from 1"],
  ])("such as %j are refused with a hint", async (args, hint) => {
    await using place = new Workplace();
    const ended = await place.run(...args);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(hint);
  });

  test("from the environment are refused the same way", async () => {
    await using place = new Workplace();
    const ended = await place.start(["invoke", "f()"], { env: { PLANARIA_MEMORY_CAP: "none" } }).ended;
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain("PLANARIA_MEMORY_CAP");
  });
});

describe.concurrent("a golden", () => {
  test("of another component is refused, unless one is named", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    await place.run("run", guest, 'ledger("a").note("x")');
    await place.json("record", 'ledger("a")', "--output", "a.jsonl");
    expect(await place.json("replay", "a.jsonl")).toMatchObject({ agent: 'ledger("a")', entries: 5 });

    const replay = ["replay", "a.jsonl", "--store", "sqlite:other.db"];
    await expectRefusal(place, replay, 2, "replay/other-component", "--component GUEST");
    expect(await place.json(...replay, "--component", guest)).toMatchObject({ entries: 5 });
    const other = await place.build("guests/counter");
    const { exitCode } = await place.run(...replay, "--component", other);
    expect(exitCode).toBe(5);
  });

  test("that is damaged is refused", async () => {
    await using place = new Workplace();
    place.write("a.jsonl", '{"planaria":"golden"}\n');
    await expectRefusal(place, ["replay", "a.jsonl"], 2, "golden/not-golden", "a.jsonl");
  });
});
