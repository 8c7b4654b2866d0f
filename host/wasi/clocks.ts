import type * as Monotonic from "@bytecodealliance/preview2-shim/interfaces/wasi-clocks-monotonic-clock";
import type * as Wall from "@bytecodealliance/preview2-shim/interfaces/wasi-clocks-wall-clock";
import { readingNs, type AgentClock } from "./agent-clock.ts";
import type { Poller } from "./poller.ts";

const secondNs = 1_000_000_000n;

/** Both clocks of WASI show the same time. */
export function makeClocks(clock: AgentClock, poller: Poller) {
  const monotonic: typeof Monotonic = {
    now: () => clock.read(),
    resolution: () => readingNs,
    subscribeInstant: (whenNs) => poller.at(whenNs),
    subscribeDuration: (spanNs) => poller.at(clock.read() + spanNs),
  };
  const wall: typeof Wall = {
    now: () => toDatetime(clock.read()),
    resolution: () => toDatetime(readingNs),
  };
  return { "wasi:clocks/monotonic-clock": monotonic, "wasi:clocks/wall-clock": wall };
}

function toDatetime(ns: bigint): Wall.Datetime {
  return { seconds: ns / secondNs, nanoseconds: Number(ns % secondNs) };
}
