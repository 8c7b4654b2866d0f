import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a Markdown text tells its readers to do. */
export type Instruction =
  | { kind: "write"; file: string; text: string }
  /** `output` is what is to come out, `…` standing for anything; null: not told. `failure`: the code it fails with. */
  | { kind: "run"; command: string; output: string | null; failure: string | null };

/** A block of code between fences, or an indented one with the sentence behind it. */
const block =
  /^```(?<language>\w+)\n(?<text>[^]*?)^```$|(?<commands>(?:^ {4}\S.*\n)+)(?:\nThe last one fails with `(?<failure>[^`]+)`)?/gm;

/**
 * Reads the instructions of a Markdown text, in order.
 *
 * Shape: `ts` blocks that begin with a comment are files of that name; `console` blocks show commands behind `$` with
 *        what they print; `sh` and indented blocks are commands only. A sentence behind the latter may say how the last
 *        one fails.
 */
export function readInstructions(markdown: string): Instruction[] {
  return [...markdown.matchAll(block)].flatMap(({ groups }) => {
    const { language, text, commands, failure } = groups as Record<string, string | undefined>;
    return commands === undefined ? readFenced(language!, text!) : readIndented(commands, failure);
  });
}

function readFenced(language: string, text: string): Instruction[] {
  const file = /^\/\/ (\S+)\n/.exec(text)?.[1];
  if (language === "ts" && file !== undefined) return [{ kind: "write", file, text }];
  if (language === "sh")
    return text
      .trimEnd()
      .split("\n")
      .map((command) => run(command));
  if (language !== "console") return [];
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command, ...output] = part.trimEnd().split("\n");
      return run(command!, { output: output.join("\n") });
    });
}

function readIndented(text: string, failure: string | undefined): Instruction[] {
  const commands = text
    .split("\n")
    .filter((line) => line.startsWith("    "))
    .map((line) => line.trim());
  return commands.map((command, index) => run(command, index === commands.length - 1 && failure ? { failure } : {}));
}

const run = (command: string, told: { output?: string; failure?: string } = {}): Instruction => ({
  kind: "run",
  command,
  output: null,
  failure: null,
  ...told,
});

const root = join(import.meta.dirname, "../..");
/** In a clone, npx takes these from where they are. */
const npx = `npx() { case $1 in
  planaria) shift; "$NODE" "$ROOT/host/cli/planaria.cjs" "$@" ;;
  node) shift; "$NODE" "$@" ;;
  jco) shift; "$NODE" "$ROOT/node_modules/@bytecodealliance/jco/dist/jco.js" "$@" ;;
  vitest) shift; "$NODE" "$ROOT/node_modules/vitest/vitest.mjs" --config "$ROOT/vitest.config.ts" --root . "$@" ;;
esac; }`;

/** A folder of this clone that looks like its root to who follows instructions, and has a store of its own. */
export class Workplace implements Disposable {
  readonly folder: string;
  /** Process groups in the background. */
  readonly #behind: number[] = [];

  constructor() {
    mkdirSync(join(root, ".planaria"), { recursive: true });
    this.folder = mkdtempSync(join(root, ".planaria", "instructions-"));
    symlinkSync(join(root, "guests"), join(this.folder, "guests"));
  }

  write(file: string, text: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Runs a command to its end; one with a `&` behind it goes on beside those that follow, until there are no more. */
  async run(command: string): Promise<{ exitCode: number; output: string }> {
    const { FORCE_COLOR: _, ...env } = process.env;
    const options = { cwd: this.folder, env: { ...env, NO_COLOR: "1", NODE: process.execPath, ROOT: root } };
    if (command.endsWith(" &")) {
      const script = `${npx}\n${command.slice(0, -2)}`;
      const child = spawn("bash", ["-c", script], { ...options, detached: true, stdio: "ignore" });
      if (child.pid !== undefined) this.#behind.push(child.pid);
      return { exitCode: 0, output: "" };
    }
    return new Promise((resolve) => {
      const child = execFile("bash", ["-c", `${npx}\n{ ${command}\n} 2>&1`], options, (_error, output) =>
        resolve({ exitCode: child.exitCode ?? -1, output }),
      );
    });
  }

  [Symbol.dispose](): void {
    for (const group of this.#behind) if (isAlive(group)) process.kill(-group, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function isAlive(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

/** An expression for what a command is to print; how wide the gaps are does not matter. */
export function matcherOf(output: string): RegExp {
  const escaped = squeeze(output).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("…", "[^]*?")}$`);
}

export const squeeze = (text: string): string => text.trimEnd().replace(/ +/g, " ");
