import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** A folder with the launcher, a main.ts of the given text, and a Node that takes itself for an old one. */
function makeFolder(main: string) {
  const folder = mkdtempSync(join(tmpdir(), "planaria-"));
  copyFileSync(join(root, "host/cli/planaria.cjs"), join(folder, "planaria.cjs"));
  writeFileSync(join(folder, "main.ts"), main);
  writeFileSync(
    join(folder, "old.cjs"),
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } });`,
  );
  return folder;
}

const oldNode = ["--require", "./old.cjs", "planaria.cjs"];
const run = (folder: string, args: string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });

test("a Node that is new enough runs main.ts", () => {
  const folder = makeFolder("export const main = (): void => console.log(process.argv[2]);");
  expect(run(folder, ["planaria.cjs", "x y"])).toMatchObject({ status: 0, stdout: "x y\n", stderr: "" });
});

test("a Node that is too old says so in one line, and how to mend it", () => {
  const { status, stdout, stderr } = run(makeFolder(""), oldNode);
  expect({ status, stdout }).toEqual({ status: 69, stdout: "" });
  expect(stderr).toMatch(
    /^planaria needs Node 26 or newer and was started by 20\.1\.0: .*`npm install --save-dev node@26`.*\n$/,
  );
});

test("a Node that is too old hands over to the package `node`, and its exit code is handed back", () => {
  const folder = makeFolder(
    "export const main = (): void => { console.log(process.versions.node); process.exitCode = 5; };",
  );
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const { status, stdout, stderr } = run(folder, oldNode);
  expect({ status, stderr }).toEqual({ status: 5, stderr: "" });
  expect(Number(stdout.split(".")[0])).toBeGreaterThanOrEqual(26);
});

test("a launcher that is killed takes the Node that it started with it", async () => {
  const folder = makeFolder("export const main = (): void => { console.log(); setInterval(() => {}, 1000); };");
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const launcher = spawn(process.execPath, oldNode, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  await once(launcher.stdout, "data");
  launcher.kill("SIGKILL");
  // Closed is what neither it nor the Node that it started holds open any longer.
  expect(await once(launcher, "close")).toEqual([null, "SIGKILL"]);
});
