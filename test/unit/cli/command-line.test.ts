import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeProgram } from "../../../host/cli/program.ts";
import { processTerminal } from "../../../host/cli/terminal.ts";
import { runPlanaria } from "./fake-terminal.ts";

describe("the command line", () => {
  test("prints its version", async () => {
    const { default: manifest } = await import("../../../package.json", { with: { type: "json" } });
    expect(await runPlanaria(["--version"])).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("prints help to stdout if asked for it, and to stderr if there is no command", async () => {
    const asked = await runPlanaria(["--help"]);
    expect(asked).toMatchObject({ exitCode: 0, stderr: "" });
    const bare = await runPlanaria([]);
    expect(bare).toMatchObject({ exitCode: 2, stdout: "" });
    expect(bare.stderr).toBe(asked.stdout);
  });

  test.each(makeProgram(processTerminal()).commands.map((command) => command.name()))(
    "shows how to use the command %s by examples",
    async (name) => {
      const { exitCode, stdout } = await runPlanaria([name, "--help"]);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`\nExamples:\n  planaria ${name}`));
      expect(stdout).toContain("--store <url>");
    },
  );

  test.each([
    [["agnets"], "Did you mean agents?"],
    [["agents", "--sate", "idle"], "Did you mean --state?"],
    [["agents", "--state", "asleep"], "Allowed choices are created, running"],
    [["agents", "--limit", "-1"], "It must be a whole number from 0."],
    [["oplog"], "missing required argument 'agent'"],
    [["inspect", "a()", "b()"], "too many arguments"],
    [["agents", "--durability", "none"], "Allowed choices are full, relaxed."],
  ])("refuses %j with a hint", async (args, hint) => {
    const ran = await runPlanaria(args);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toContain(hint);
  });
});

describe("a store", () => {
  test.each(["planaria.db", "postgres://localhost/x", "memory", "memory:x", "sqlite:", ""])(
    "is not named %j",
    async (url) => {
      const ran = await runPlanaria(["agents", "--store", url]);
      expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
      expect(ran.stderr).toContain(`error[cli/store-url]: ${JSON.stringify(url)} names no store`);
    },
  );

  test("that is the name of a file gets a hint", async () => {
    const ran = await runPlanaria(["agents", "--store", "package.json"]);
    expect(ran.stderr).toContain("Did you mean --store sqlite:package.json?");
  });

  test("is not made by looking at it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "planaria-"));
    const ran = await runPlanaria(["agents", "--store", `sqlite:${join(folder, "a/b.db")}`, "--json"]);
    expect(ran).toMatchObject({ exitCode: 4, stdout: "" });
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: "store/missing" } });
    expect(await readdir(folder)).toEqual([]);
  });
});
