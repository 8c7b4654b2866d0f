import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { launcher, Workplace } from "./planaria.ts";

/** A Node on the PATH that is too old for Planaria; test/unit/cli/launcher.test.ts does with one that pretends to be. */
const oldNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .find((node) => Number(/^v(\d+)/.exec(spawnSync(node, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1]) < 26);

describe.skipIf(oldNode === undefined)("a Node that is too old", () => {
  test("hands over to the package `node` of the project", async () => {
    await using place = new Workplace();
    const guest = await place.build("test/guests/ledger.ts");
    const ended = await place.start(["run", guest, "compute(1)"], { program: [oldNode!, launcher] }).ended;
    expect(ended).toMatchObject({ exitCode: 0, stdout: "0\n" });
  });

  test("says what is to be done where there is none", async () => {
    await using place = new Workplace();
    copyFileSync(launcher, place.file("planaria.cjs"));
    const ended = await place.start(["agents"], { program: [oldNode!, place.file("planaria.cjs")] }).ended;
    expect(ended).toMatchObject({ exitCode: 69, stdout: "" });
    expect(ended.stderr).toMatch(
      /^planaria needs Node 26 or newer and was started by \d+\.\d+\.\d+: update Node, or .*\n$/,
    );
  });
});
