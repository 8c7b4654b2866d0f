import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { exitCode as exitCodes } from "../../host/cli/exit-code.ts";
import { makeProgram } from "../../host/cli/program.ts";
import { collect, makeTerminal } from "../unit/cli/fake-terminal.ts";
import { matcherOf, readInstructions, squeeze, Workplace } from "./instructions.ts";

/** Those of guests in other languages want compilers; `test/components` builds and calls these guests. */
const guests = globSync("guests/*/README.md").filter((file) => existsSync(join(dirname(file), "index.ts")));
const readmes = ["README.md", "COMPONENTS.md", ...guests];
const read = (file: string) => readFileSync(file, "utf8");

describe.concurrent("who follows", () => {
  // Each step is a process or more, and others are at work beside it.
  test.for(readmes)("%s, step by step, sees what it tells", { timeout: 180_000 }, async (file) => {
    using place = new Workplace();
    // What npm is told to do is to install, and to run this test.
    const steps = readInstructions(read(file)).filter(
      (step) => step.kind === "write" || !step.command.startsWith("npm "),
    );
    expect(steps.length).toBeGreaterThan(1);
    for (const step of steps) {
      if (step.kind === "write") {
        place.write(step.file, step.text);
        continue;
      }
      const { exitCode, output } = await place.run(step.command);
      expect(exitCode, `${step.command}\n${output}`).toBe(step.failure === null ? 0 : 1);
      if (step.failure !== null) expect(output).toContain(step.failure);
      if (step.output !== null) expect(squeeze(output)).toMatch(matcherOf(step.output));
    }
  });
});

describe("README.md", () => {
  const rowsBelow = (head: string) =>
    new RegExp(`^\\| ${head} .*\\n\\|.*\\n((?:\\|.*\\n)+)`, "m").exec(read("README.md"))![1]!.trim().split("\n");

  test("tells all exit codes", () => {
    const told = rowsBelow("exit code").flatMap((row) => row.split("|")[1]!.split(",").map(Number));
    expect(told).toEqual(Object.values(exitCodes));
  });

  test("tells all commands, in the order of the help", () => {
    const { commands } = makeProgram(makeTerminal({ stdout: collect(), stderr: collect() }));
    const told = rowsBelow("command").map((row) => /`planaria (\w+)/.exec(row)![1]);
    expect(told).toEqual(commands.map((command) => command.name()));
  });
});

describe("instructions", () => {
  test("are files, commands with what they print, commands alone, and commands that fail", () => {
    const text = [
      "```ts\n// a/b.ts\nlet x;\n```",
      "```console\n$ one\n1\n…\n$ two\n```",
      "```sh\nthree\n```\n```text\n$ none\n```",
      "    four\n    five\n\nThe last one fails with `a/b`.\n",
    ].join("\n\n");
    expect(readInstructions(text)).toEqual([
      { kind: "write", file: "a/b.ts", text: "// a/b.ts\nlet x;\n" },
      { kind: "run", command: "one", output: "1\n…", failure: null },
      { kind: "run", command: "two", output: "", failure: null },
      { kind: "run", command: "three", output: null, failure: null },
      { kind: "run", command: "four", output: null, failure: null },
      { kind: "run", command: "five", output: null, failure: "a/b" },
    ]);
  });

  test("are not met by other output", () => {
    expect(squeeze("a   12 b\nc\nd\n")).toMatch(matcherOf("a … b\n…\nd"));
    expect(squeeze("a   12 b\nc\ne\n")).not.toMatch(matcherOf("a … b\n…\nd"));
    expect("anything").not.toMatch(matcherOf(""));
  });

  test("fail when their command does", async () => {
    using place = new Workplace();
    expect(await place.run("echo said; exit 3")).toEqual({ exitCode: 3, output: "said\n" });
    expect((await place.run("npx planaria run no-such-guest 'f()'")).exitCode).toBe(3);
  });

  test("with a & behind them go on beside the next ones", async () => {
    using place = new Workplace();
    expect(await place.run("until [ -e asked ]; do sleep 0.01; done; echo answered > answer; sleep 60 &")).toEqual({
      exitCode: 0,
      output: "",
    });
    expect(await place.run("touch asked; until [ -s answer ]; do sleep 0.01; done; cat answer")).toEqual({
      exitCode: 0,
      output: "answered\n",
    });
  });
});
