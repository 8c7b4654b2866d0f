import { beforeEach, describe, expect, test } from "vitest";
import type { InputStream, OutputStream } from "../../../host/wasi/streams.ts";
import { GuestExit } from "../../../host/wasi/wasi.ts";
import { Scene, thrownBy } from "./scene.ts";

let scene: Scene;
let stdout: OutputStream;
let stderr: OutputStream;

beforeEach(() => {
  scene = new Scene();
  stdout = scene.functions<{ getStdout(): OutputStream }>("wasi:cli/stdout").getStdout();
  stderr = scene.functions<{ getStderr(): OutputStream }>("wasi:cli/stderr").getStderr();
});

const print = (stream: OutputStream, text: string | Uint8Array) => stream.write(Buffer.from(text as string));
const logs = () => scene.entries.map((entry) => entry.kind === "logged" && [entry.level, entry.message]);

describe("what a guest prints", () => {
  test("becomes a log entry a line, in the order of both streams", () => {
    print(stdout, "one\ntwo\n");
    print(stderr, "oh\n");
    print(stdout, "\nthree\n");
    expect(logs()).toEqual([
      ["info", "one"],
      ["info", "two"],
      ["warn", "oh"],
      ["info", ""],
      ["info", "three"],
    ]);
  });

  test("is put together from its pieces, within characters, too", () => {
    const bytes = Buffer.from("naïve → 🪱\n");
    for (const byte of bytes) print(stdout, Uint8Array.of(byte));
    expect(logs()).toEqual([["info", "naïve → 🪱"]]);
  });

  test("without a line's end becomes an entry at the end of the step", () => {
    print(stdout, "name? ");
    print(stderr, "…");
    expect(logs()).toEqual([]);
    scene.wasi.endStep();
    expect(logs()).toEqual([
      ["info", "name? "],
      ["warn", "…"],
    ]);
    scene.wasi.endStep();
    expect(logs()).toHaveLength(2);
  });

  test("is of whoever prints it, whichever handle it has", () => {
    print(stdout, "a");
    print(scene.functions<{ getStdout(): OutputStream }>("wasi:cli/stdout").getStdout(), "b\n");
    print(scene.wasi.loadObject(scene.wasi.saveObject(stderr)!) as OutputStream, "c\n");
    expect(logs()).toEqual([
      ["info", "ab"],
      ["warn", "c"],
    ]);
  });

  test("that is no UTF-8 shows where", () => {
    print(stdout, Uint8Array.of(0x61, 0xff, 0x62, 0x0a));
    expect(logs()).toEqual([["info", "a\u{fffd}b"]]);
  });

  test("in a line over 64 KiB is split between characters", () => {
    const half = "é".repeat(20_000);
    print(stdout, `x${half}`);
    print(stdout, `${half}\n`);
    const lines = logs().map((log) => log && log[1]!);
    expect(lines.map((line) => line && Buffer.byteLength(line))).toEqual([65_535, 14_466]);
    expect(lines.join("")).toBe(`x${half}${half}`);
  });

  test("that is no UTF-8 at all is split, too", () => {
    print(stdout, new Uint8Array(65_536).fill(0x80));
    print(stdout, new Uint8Array(65_536).fill(0x80));
    print(stdout, "\n");
    expect(logs().length).toBeGreaterThan(1);
  });
});

test("stdin is at its end", () => {
  const stdin = scene.functions<{ getStdin(): InputStream }>("wasi:cli/stdin").getStdin();
  expect(thrownBy(() => stdin.blockingRead(1n))).toEqual({ tag: "closed" });
});

test("a guest is given its environment, and as a command the name of one", () => {
  scene.given = { variables: [["A", "1"]], arguments: ["--fast"], preopens: [] };
  const functions = scene.functions<Record<string, () => unknown>>("wasi:cli/environment");
  expect(functions.getEnvironment!()).toEqual([["A", "1"]]);
  expect(functions.getArguments!()).toEqual(["component", "--fast"]);
  expect(functions.initialCwd!()).toBeUndefined();
});

test("no guest has a terminal", () => {
  for (const name of ["Stdin", "Stdout", "Stderr"]) {
    const functions = scene.functions<Record<string, () => unknown>>(`wasi:cli/terminal-${name.toLowerCase()}`);
    expect(functions[`getTerminal${name}`]!()).toBeUndefined();
  }
});

describe("a guest that exits", () => {
  const exit = (name: string, status: unknown) =>
    thrownBy(() =>
      scene.functions<Record<string, (status: unknown) => never>>("wasi:cli/exit")[name]!(status),
    ) as GuestExit;

  test("well has a result", () => {
    for (const left of [exit("exit", { tag: "ok" }), exit("exitWithCode", 0)]) {
      expect(left).toBeInstanceOf(GuestExit);
      expect(left).toMatchObject({ isOk: true, statusCode: 0, outcome: { value: "null" } });
    }
  });

  test("otherwise fails with its status", () => {
    expect(exit("exit", { tag: "err" })).toMatchObject({ isOk: false, statusCode: 1 });
    const { outcome } = exit("exitWithCode", 42);
    expect("error" in outcome && JSON.parse(outcome.error)).toEqual({
      name: "GuestExit",
      code: "guest/exit",
      message: "The guest exited with status 42.",
      data: { statusCode: 42 },
    });
  });
});
