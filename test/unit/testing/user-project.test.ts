import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenFolder, readComponents } from "../../golden/folder.ts";

// A project in which Planaria is installed as npm would do it: compiled, and beside its dependencies.
const root = join(import.meta.dirname, "..", "..", "..");
const project = mkdtempSync(join(tmpdir(), "planaria-user-"));
const modules = join(project, "node_modules");

beforeAll(async () => {
  cpSync(join(import.meta.dirname, "user-project"), project, { recursive: true });
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  mkdirSync(join(modules, "planaria"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  cpSync(join(root, "package.json"), join(modules, "planaria", "package.json"));
  await run(
    "typescript/bin/tsc",
    "-p",
    join(root, "tsconfig.build.json"),
    "--outDir",
    join(modules, "planaria", "dist"),
  );
  const golden = readFileSync(join(goldenFolder, "counter-reopened.oplog.jsonl"), "utf8");
  writeFileSync(join(project, "counter.oplog.jsonl"), golden);
  writeFileSync(join(project, "altered.oplog.jsonl"), golden.replace('{"value":"6"}', '{"value":"7"}'));
  writeFileSync(join(project, "guests.wasm"), readComponents().get(JSON.parse(golden.split("\n", 1)[0]!).component)!);
}, 60_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

/** Runs a program of a package in the project, with this Node. */
function run(script: string, ...args: string[]): Promise<{ exitCode: number; output: string }> {
  const env = Object.entries(process.env).filter(([name]) => !/^VITEST|^NODE_ENV$/.test(name));
  const options = { cwd: project, env: { ...Object.fromEntries(env), NO_COLOR: "1" } };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(modules, script), ...args], options, (error, stdout, stderr) =>
      resolve({ exitCode: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

test("a project's own compiler knows toReplay, and what it takes", async () => {
  expect(await run("typescript/bin/tsc", "-p", ".")).toEqual({ exitCode: 0, output: "" });
});

test("a project's own tests have toReplay, imported or set up, and it fails with what differs", async () => {
  const { exitCode } = await run("vitest/vitest.mjs", "run", "--reporter=json", "--outputFile=report.json");
  const report = JSON.parse(readFileSync(join(project, "report.json"), "utf8")) as Report;
  const results = report.testResults.flatMap((file) => file.assertionResults);
  expect(results.map(({ title, status }) => `${title}: ${status}`).toSorted()).toEqual([
    "a golden replays: passed",
    "a golden that is there replays: passed",
    "an altered golden does not: failed",
    "types: a golden file is named by a path or a URL: passed",
    "what an agent of the embedded host did is recorded, and replays: passed",
  ]);
  expect(exitCode).toBe(1);
  const [message] = results.flatMap(({ failureMessages }) => failureMessages);
  expect(message).toMatch(/guests\.wasm does not replay altered\.oplog\.jsonl/);
  expect(message).toMatch(/- 12 {2}finished → 7\n {2}\+ 12 {2}finished → 6\n/);
}, 60_000);

interface Report {
  testResults: { assertionResults: { title: string; status: string; failureMessages: string[] }[] }[];
}
