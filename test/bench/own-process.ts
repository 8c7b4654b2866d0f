import { fork } from "node:child_process";
import { once } from "node:events";

/** Runs a module of this folder in a process of its own, and gives the one message that it sends. */
export async function askProcess<Answer>(module: string, args: readonly string[]): Promise<Answer> {
  const child = fork(new URL(module, import.meta.url), args);
  const exit = once(child, "exit");
  const answer = await Promise.race([once(child, "message"), exit.then(() => [])]);
  const [code] = (await exit) as [number];
  if (code !== 0 || answer.length === 0) throw new Error(`${module} ended with code ${code}.`);
  return answer[0] as Answer;
}

/** The other side: sends the answer, and lets the process end. */
export function answerParent(answer: unknown): void {
  process.send?.(answer);
  process.disconnect?.();
}
