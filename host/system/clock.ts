import type { Clock } from "../base/port.ts";

/** The longest span that a timer takes, in milliseconds (Node's limit is 2³¹ − 1); a longer one is set in pieces. */
const longestMs = 2_000_000_000;

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wakeAt(at, wake) {
    let timer: NodeJS.Timeout;
    const set = () => {
      const spanMs = Math.max(0, at - Date.now());
      timer = spanMs > longestMs ? setTimeout(set, longestMs) : setTimeout(wake, spanMs);
    };
    set();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
