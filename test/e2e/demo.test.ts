import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { countEntries, readLedger } from "../../guests/readme-index/demo/ledger.ts";
import { countPlainly } from "../../guests/readme-index/demo/plain-count.ts";
import { planaria, root, type Killing } from "../../guests/readme-index/demo/planaria.ts";
import { Teller } from "../../guests/readme-index/demo/teller.ts";
import type { File } from "../../guests/readme-index/index.ts";
import { openTemporaryFolder } from "../store/temporary-folder.ts";
import { collect } from "../unit/cli/fake-terminal.ts";

/** Twelve shelves full of Markdown that is never the same. */
const files: File[] = Array.from({ length: 24 }, (_, i) => ({
  path: `package-${i}/README.md`,
  text: `# Package ${i}\n\nSee [the next](../package-${i + 1}/).\n\n\`\`\`sh\n# install ${i}\n\`\`\`\n`.repeat(250 + i),
}));

/** A number below a limit, any but always the same one for a seed. */
const draw = (limit: number, seed: string) => parseInt(hash("sha256", seed).slice(0, 8), 16) % limit;

const runDemo = (...args: string[]) =>
  new Promise<{ exitCode: number; stdout: string }>((resolve) => {
    const child = execFile(process.execPath, [join(root, "guests/readme-index/demo.ts"), ...args], (_, stdout) =>
      resolve({ exitCode: child.exitCode!, stdout }),
    );
  });

describe("an index of documents", () => {
  test("is whole and made once, whenever its host is killed", async ({ onTestFailed }) => {
    await using folder = await openTemporaryFolder();
    const corpus = join(folder.path, "corpus.json");
    writeFileSync(corpus, JSON.stringify(files));
    const database = join(folder.path, "killed.db");
    const command = ["run", "guests/readme-index", `indexer("i").index(@"${corpus}")`, "--key", "k"];
    const index = (killing: Killing) => planaria(command, { store: `sqlite:${database}`, ...killing });

    const seed = Date.now();
    onTestFailed(() => console.info(`seed ${seed}`));
    for (let round = 0; round < 4; round += 1) {
      await index({ killAfterMs: 100 + draw(700, `${seed} ms ${round}`) });
      let linesLeft = 1 + draw(3, `${seed} line ${round}`);
      await index({ killAt: () => (linesLeft -= 1) === 0 });
    }
    const { stdout } = await index({});

    expect(JSON.parse(stdout)).toEqual(countPlainly(files));
    const { agents } = await readLedger(database);
    expect(agents.map((agent) => [agent.id, countEntries(agent, /^invoked$/)])).toEqual([
      ['indexer("i")', 1],
      ...Array.from({ length: 12 }, (_, number) => [`shelf("i",${number})`, 1]),
    ]);
  });
});

describe("the demo", () => {
  test("kills its host on the way, and finds all as it should be", async () => {
    await using folder = await openTemporaryFolder();
    for (const { path, text } of files) {
      mkdirSync(join(folder.path, path, ".."), { recursive: true });
      writeFileSync(join(folder.path, path), text);
    }
    const { exitCode, stdout } = await runDemo("--folder", folder.path);
    expect(stdout).toMatch(/SIGKILL\. [1-9]\d? of 12 shelves are filled/);
    expect(stdout).not.toContain("✗");
    expect(exitCode).toBe(0);
  });

  test("refuses a folder without documents", async () => {
    await using folder = await openTemporaryFolder();
    const { exitCode, stdout } = await runDemo("--folder", folder.path);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("there is no README below");
  });

  test("shows a difference, and counts it", () => {
    const out = collect();
    const teller = new Teller(out);
    teller.check("Two is two.", [2], [2]);
    expect(teller.differences).toBe(0);
    teller.check("Two is three.", [2], [3]);
    expect(teller.differences).toBe(1);
    expect(out.text).toBe("  ✓ Two is two.\n  ✗ Two is three.\n    expected  [3]\n    actual    [2]\n");
  });

  test("counts plainly what stands outside of code, and nothing inside", () => {
    const text =
      "# A heading\n```\n# none [x](y)\n```\nrock'n'roll, [x](y) and <https://z> - x\n~~~\n```\n~~~\n####### none\n";
    expect(countPlainly([{ path: "a.md", text }])).toMatchObject({
      files: 1,
      words: 13,
      headings: 1,
      codeBlocks: 2,
      links: 2,
    });
  });
});
