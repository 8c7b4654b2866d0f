import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const program = join(import.meta.dirname, "compressing-thread.ts");
const quiet = { stdout: "", stderr: "" };

// Node takes the whole process down where a thread ends between two steps of compressing.
test("threads that compress can be ended at any moment, and the process goes on", async () => {
  expect(await run(process.execPath, [program, "100"])).toEqual(quiet);
});

test("a process can exit at any moment while its threads compress", async () => {
  const exits = Array.from({ length: 8 }, () => run(process.execPath, [program, "1"]));
  expect(await Promise.all(exits)).toEqual(exits.map(() => quiet));
});
