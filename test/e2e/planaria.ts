import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { isHostError } from "../../host/base/error.ts";
import { promiseId } from "../../host/base/id.ts";
import { openSqliteStore } from "../../host/store/sqlite-store.ts";

export const root = join(import.meta.dirname, "../..");
export const launcher = join(root, "host/cli/planaria.cjs");

/** Builds and compiled components by their content: shared by all tests, and kept for the next run. */
const cacheFolder = join(root, "node_modules/.cache/planaria");

/** What the tests' own environment says must not reach the processes that they start. */
const isForeign = /^(?:PLANARIA_|NODE_|VITEST|FORCE_COLOR|NO_COLOR)/;

/** Guests that a test of this file has built. */
const components = new Map<string, Promise<Uint8Array>>();

export interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  /** Another program than this Node, with what comes before Planaria's own arguments. */
  program?: [string, ...string[]];
  env?: Record<string, string>;
}

/** All that run. What a test has left behind that came to no end is killed after the last one. */
const everyRunning = new Set<Running>();
afterAll(async () => {
  await Promise.all([...everyRunning].map((running) => running.kill()));
});

/** A `planaria` that runs. */
export class Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  constructor(child: ChildProcess) {
    this.process = child;
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.ended = once(child, "close").then(() => ({
      exitCode: child.exitCode,
      signal: child.signalCode,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Kills it as the loss of power would, as far as a process can tell. */
  async kill(): Promise<Ended> {
    this.process.kill("SIGKILL");
    return this.ended;
  }
}

/** A folder of its own for one test, in which `planaria` is run as a process. What still runs at its end is killed. */
export class Workplace implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), "planaria-e2e-"));
  readonly #running = new Set<Running>();

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, contents: string | Uint8Array): string {
    writeFileSync(this.file(name), contents);
    return this.file(name);
  }

  start(args: readonly string[], { program = [process.execPath, launcher], env = {} }: StartOptions = {}): Running {
    const inherited = Object.entries(process.env).filter(([name]) => !isForeign.test(name));
    const [command, ...before] = program;
    const child = spawn(command, [...before, ...args], {
      cwd: this.path,
      env: { ...Object.fromEntries(inherited), PLANARIA_CACHE: cacheFolder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const running = new Running(child);
    for (const set of [this.#running, everyRunning]) {
      set.add(running);
      void running.ended.then(() => set.delete(running));
    }
    return running;
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  /** Runs a command that is to succeed, and returns what it prints with `--json`. */
  async json(...args: string[]): Promise<unknown> {
    const { exitCode, stdout, stderr } = await this.run(...args, "--json");
    if (exitCode !== 0) throw new Error(`planaria ${args.join(" ")} exited with ${exitCode}: ${stderr}`);
    return JSON.parse(stdout) as unknown;
  }

  /** Puts the component of a guest of the clone into this folder, and returns its path. */
  async build(guest: string): Promise<string> {
    let component = components.get(guest);
    if (!component) components.set(guest, (component = this.#buildNow(guest)));
    return this.write("guest.wasm", await component);
  }

  async #buildNow(guest: string): Promise<Uint8Array> {
    const file = this.file("built.wasm");
    await this.json("build", join(root, guest), "--output", file);
    return readFileSync(file);
  }

  /** Waits until a promise was made, without a process that would take the time of those that work. */
  async waitForPromise(id: string): Promise<void> {
    const file = this.file(".planaria/planaria.db");
    await eventually(`promise ${id}`, async () => {
      if (!existsSync(file)) return undefined;
      try {
        await using store = await openSqliteStore({ file, readOnly: true, now: Date.now });
        return await store.promise(promiseId(id));
      } catch (error) {
        // The other process is just making it.
        if (isHostError(error)) return undefined;
        throw error;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.kill()));
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Waits until `look` gives something, asking again and again. */
export async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const until = Date.now() + 30_000;
  while (Date.now() < until) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`It did not come about within 30 s: ${what}`);
}
