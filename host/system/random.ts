import { randomFillSync } from "node:crypto";
import type { Random } from "../base/port.ts";

/** The randomness of the machine. */
export const systemRandom: Random = { bytes: (count) => randomFillSync(new Uint8Array(count)) };
