import { HostError } from "../base/error.ts";

/** Throws HostError `guest/not-json`, a trap to the guest, unless `text` is JSON. */
export function checkJson(text: string, what: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new HostError("guest/not-json", `The guest handed over ${what} that is not JSON: ${text.slice(0, 80)}`, {
      cause,
    });
  }
}
