import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cacheFolder } from "../../build/cache-folder.ts";

const launcher = join(import.meta.dirname, "../../host/cli/planaria.cjs");

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A `planaria` that runs in a folder. */
export class Process {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  #said = Promise.withResolvers<void>();
  hasEnded = false;

  constructor(folder: string, args: readonly string[]) {
    const env = { ...process.env, PLANARIA_CACHE: cacheFolder(), NO_COLOR: "1" };
    this.#child = spawn(process.execPath, [launcher, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      this.#said.resolve();
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    this.ended = once(this.#child, "close").then(() => {
      this.hasEnded = true;
      this.#said.resolve();
      return { exitCode: this.#child.exitCode, signal: this.#child.signalCode, stdout, stderr };
    });
  }

  /** Resolves when it has said something, or has ended. */
  get said(): Promise<void> {
    return this.#said.promise;
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
