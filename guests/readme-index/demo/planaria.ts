import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The repository: commands run there, and paths are given from there. */
export const root = join(import.meta.dirname, "../../..");
const cli = join(root, "host/cli/planaria.cjs");

/** Many times what any command of the demo takes, on slow machines too. */
const timeoutMs = 120_000;

/** When a command is to be ended by SIGKILL, at a moment that it knows nothing of. */
export interface Killing {
  /** At the first line for which this is true. */
  killAt?: (line: string) => boolean;
  /** After so long. */
  killAfterMs?: number;
}

export interface RunOptions extends Killing {
  store: string;
  /** Told each line that the command says beside its result. */
  heard?: (line: string) => void;
  /** Ends it in peace. */
  signal?: AbortSignal;
}

export interface Ran {
  killed: boolean;
  stdout: string;
}

/** Runs a `planaria` command in a process of its own. Throws if it fails by itself. */
export async function planaria(args: readonly string[], options: RunOptions): Promise<Ran> {
  const { store, heard, killAt, killAfterMs, signal } = options;
  // What it says is read here, so it is to say it without colour, whatever the terminal can do.
  const { FORCE_COLOR: _, ...env } = process.env;
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: { ...env, NO_COLOR: "1", PLANARIA_STORE: store },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    signal,
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  let lastLine = "";
  createInterface(child.stderr).on("line", (line) => {
    if (killAt?.(line)) child.kill("SIGKILL");
    heard?.(line);
    lastLine = line;
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const end = Promise.withResolvers<{ code: number | null; by: NodeJS.Signals | null }>();
  // Of one that was started and then interrupted, the end is awaited.
  child.on("error", (error) => {
    if (child.pid === undefined) end.reject(error);
  });
  child.on("close", (code, by) => end.resolve({ code, by }));
  const { code, by } = await end.promise.finally(() => clearTimeout(timer));
  if (code === 0 || by === "SIGKILL") return { killed: by === "SIGKILL", stdout };
  const how = by === null ? `exited with ${code}` : `was ended by ${by}`;
  throw new Error(`\`planaria ${args[0]}\` ${how}: ${lastLine.trim()}`);
}

/** A command as one would type it. */
export function showCommand(args: readonly string[]): string {
  return ["planaria", ...args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`))].join(" ");
}
