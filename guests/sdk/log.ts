import host from "planaria:host/log@0.1.0";
import { format } from "./format.ts";
import { isEntered } from "./invocation.ts";

type Level = "debug" | "info" | "warn" | "error";

/** Logs for developers, shown only to who asks for them. Formats as `console.debug` does. */
export const debug = (...words: unknown[]): void => say("debug", words);
/** Logs what an agent does. Formats as `console.info` does. */
export const info = (...words: unknown[]): void => say("info", words);
/** Logs what is odd. Formats as `console.warn` does. */
export const warn = (...words: unknown[]): void => say("warn", words);
/** Logs what went wrong. Formats as `console.error` does. */
export const error = (...words: unknown[]): void => say("error", words);

/** Says something at a level, indented. What is said while the component is built has no agent to say it: it is dropped. */
export function say(level: Level, words: readonly unknown[], indent = ""): void {
  if (!isEntered()) return;
  const message = format(words).toWellFormed();
  host.log(level, indent === "" ? message : indent + message.replaceAll("\n", `\n${indent}`));
}
