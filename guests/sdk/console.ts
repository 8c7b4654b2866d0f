import { say } from "./log.ts";
import { now } from "./time.ts";

let indent = "";
const counts = new Map<string, number>();
const timers = new Map<string, number>();

/** The `console` of guests: it writes to the agent's log. */
export const console = {
  debug: (...words: unknown[]) => say("debug", words, indent),
  log: (...words: unknown[]) => say("info", words, indent),
  info: (...words: unknown[]) => say("info", words, indent),
  warn: (...words: unknown[]) => say("warn", words, indent),
  error: (...words: unknown[]) => say("error", words, indent),
  dir: (value: unknown) => say("info", [value], indent),
  dirxml: (...words: unknown[]) => say("info", words, indent),
  table: (value: unknown) => say("info", [value], indent),
  trace(...words: unknown[]) {
    const { stack = "" } = new Error();
    say("debug", ["Trace:", ...words, `\n${stack.trimEnd()}`], indent);
  },
  assert(condition: unknown, ...words: unknown[]) {
    if (!condition) say("error", ["Assertion failed:", ...words], indent);
  },
  group(...words: unknown[]) {
    if (words.length > 0) say("info", words, indent);
    indent += "  ";
  },
  groupCollapsed: (...words: unknown[]) => console.group(...words),
  groupEnd() {
    indent = indent.slice(2);
  },
  count(label = "default") {
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    say("info", [`${label}: ${count}`], indent);
  },
  countReset(label = "default") {
    counts.delete(label);
  },
  time(label = "default") {
    timers.set(label, now());
  },
  timeLog(label = "default", ...words: unknown[]) {
    const start = timers.get(label);
    if (start !== undefined) say("info", [`${label}: ${now() - start} ms`, ...words], indent);
  },
  timeEnd(label = "default") {
    console.timeLog(label);
    timers.delete(label);
  },
};
