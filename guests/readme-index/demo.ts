// Indexes the README files of all packages that npm has installed, kills the host on the way, and goes on. Every command
// is one that can be typed, in a process of its own; every answer is held against one that was found without Planaria.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatBytes } from "../../host/cli/table.ts";
import { readReadmes } from "./demo/corpus.ts";
import { root } from "./demo/planaria.ts";
import { Story } from "./demo/story.ts";
import { Teller } from "./demo/teller.ts";

const { values: options } = parseArgs({
  options: {
    /** Where to look for README files. */
    folder: { type: "string", default: join(root, "node_modules") },
    /** Kills the host after so many milliseconds, not when half of the work is done. */
    "kill-after": { type: "string" },
  },
});

const startedAt = performance.now();
const teller = new Teller(process.stdout);
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
const folder = mkdtempSync(join(tmpdir(), "planaria-demo-"));
try {
  await tell();
  process.exitCode = teller.differences === 0 ? 0 : 1;
} catch (error) {
  const { aborted } = interrupted.signal;
  teller.say(aborted ? "Interrupted." : `The demo can't go on: ${(error as Error).message}`);
  process.exitCode = aborted ? 130 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tell(): Promise<void> {
  teller.chapter("Documents");
  const files = readReadmes(options.folder, root);
  if (files.length === 0)
    throw new Error(`there is no README below ${options.folder}; \`npm ci\` brings some hundred.`);
  const sizeBytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  teller.say(`${files.length} README files of the packages that npm has installed, ${formatBytes(sizeBytes)}`);
  const corpus = join(folder, "corpus.json");
  writeFileSync(corpus, JSON.stringify(files));

  const killAfterMs = options["kill-after"] === undefined ? undefined : Number(options["kill-after"]);
  const story = new Story({ teller, folder, files, corpus, killAfterMs, signal: interrupted.signal });
  await story.build();
  await story.index();
  await story.search("wasm");
  await story.fork(8);
  await story.replay();
  await story.sumUp(startedAt);
}
