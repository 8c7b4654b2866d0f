// What people expect to find in every JavaScript runtime and QuickJS lacks, or has in a form that a replay would not
// repeat. To be imported before a guest's own code.

import { deserialize, serialize } from "@ungap/structured-clone";
import { AbortController, AbortSignal } from "./abort.ts";
import { console } from "./console.ts";
import { crypto } from "./crypto.ts";
import { Date, performance } from "./date.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { CustomEvent, Event, EventTarget } from "./event.ts";
import { toFailure } from "./failure.ts";
import { fetch } from "./fetch.ts";
import { Headers } from "./headers.ts";
import { number } from "./random.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { clearTimer, setInterval, setTimeout } from "./timer.ts";
import { URLSearchParams } from "./url-search-params.ts";
import { URL } from "./url.ts";

function structuredClone(value: unknown): unknown {
  try {
    return deserialize(serialize(value));
  } catch (error) {
    throw new DOMException(toFailure(error).message, "DataCloneError");
  }
}

const globals = {
  AbortController,
  AbortSignal,
  CustomEvent,
  Date,
  Event,
  EventTarget,
  Headers,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  clearInterval: clearTimer,
  clearTimeout: clearTimer,
  console,
  crypto,
  fetch,
  performance,
  setInterval,
  setTimeout,
  structuredClone,
};

for (const [name, value] of Object.entries(globals)) define(globalThis, name, value);
define(Math, "random", number);

function define(holder: object, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, configurable: true, writable: true, enumerable: false });
}
