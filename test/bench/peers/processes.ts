import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What is started here and has not ended. Whatever happens, `endAll` leaves nothing of it. */
const started = new Set<ChildProcess>();
let isOver = false;

/**
 * A shell that becomes the command, with a process beside it that kills both when the input ends: nothing outlives a
 * bench that was killed itself.
 */
const keeper = 'exec 3<&0; (cat <&3 > /dev/null; kill -KILL 0) & exec "$@" 3<&- < /dev/null';

/** Starts a server in a process group of its own. What it prints is kept: `printed` gives the end of it. */
export function startServer(command: readonly string[], options: SpawnOptions = {}): Server {
  const child = spawn("sh", ["-c", keeper, "sh", ...command], { ...options, detached: true, stdio: "pipe" });
  return new Server(keep(child));
}

export class Server {
  readonly child: ChildProcess;
  #printed = "";

  constructor(child: ChildProcess) {
    this.child = child;
    const read = (text: string) => (this.#printed = (this.#printed + text).slice(-4_000));
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", read);
  }

  get printed(): string {
    return this.#printed.trim();
  }

  /** Resolves once `isReady` holds. Throws with what the server printed if it ends before, or takes too long. */
  async ready(what: string, isReady: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    for (const start = performance.now(); !(await isReady()); await sleep(50)) {
      const hasEnded = this.child.exitCode !== null || this.child.signalCode !== null;
      if (hasEnded || performance.now() - start > timeoutMs) {
        throw new Error(`${what} ${hasEnded ? "ended" : "is not ready"}: ${this.printed.slice(-600) || "no word"}`);
      }
    }
  }
}

/** Holds on to a child that leads a process group, until it has ended. */
export function keep(child: ChildProcess): ChildProcess {
  started.add(child);
  if (isOver) void end(child);
  child.once("exit", () => {
    started.delete(child);
    kill(-child.pid!);
  });
  child.once("error", () => started.delete(child));
  return child;
}

/** Kills a child with all its descendants, whatever groups they are in, and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || !started.has(child)) return;
  const gone = once(child, "exit");
  for (const pid of [-child.pid, ...treeOf(child.pid)]) kill(pid);
  await gone;
}

/** Ends everything, also what would be started from now on. */
export async function endAll(): Promise<void> {
  isOver = true;
  await Promise.all([...started].map(end));
}

/** A process, or a group by its negative number, which may be gone already. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A process and all its descendants, as they are now. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readProcess(Number(name), "stat") : undefined;
    if (stat === undefined) continue;
    const parent = Number(statFields(stat)[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  // The list grows while it is walked.
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** The fields behind the name, which may hold blanks and brackets: state, parent, … Source: man 5 proc_pid_stat. */
export function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** A file of a process; undefined: it has ended meanwhile, or tells us nothing. */
export function readProcess(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
