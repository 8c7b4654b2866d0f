import type {
  ErrorCode,
  FutureIncomingResponse as WasiFutureIncomingResponse,
} from "@bytecodealliance/preview2-shim/interfaces/wasi-http-types";
import type { EntryOf, Outcome } from "../oplog/entry.ts";
import { toErrorCode } from "./http-error.ts";
import { IncomingResponse, type FetchedResponse } from "./incoming-response.ts";
import type { Condition, Pollable } from "./pollable.ts";
import type { Poller } from "./poller.ts";
import type { WasiContext } from "./wasi-context.ts";

type Start = Omit<EntryOf<"fetch-started">, "kind" | "operation">;

/** A response that is to come; it waits for the request's body first. */
export class FutureIncomingResponse implements WasiFutureIncomingResponse, Condition {
  readonly #context: WasiContext;
  readonly #poller: Poller;
  /** null: the request is not sent. */
  #operation: number | null = null;
  /** Why the request was not sent. */
  #failure: ErrorCode | null = null;
  /** Or dropped. */
  #isTaken = false;

  constructor(context: WasiContext, poller: Poller) {
    this.#context = context;
    this.#poller = poller;
  }

  send(start: Start): void {
    if (this.#isTaken) return;
    const journal = this.#context.journal();
    journal.admit([start]);
    this.#operation = journal.nextOperation();
    journal.note({ kind: "fetch-started", operation: this.#operation, ...start });
  }

  fail(code: ErrorCode): void {
    this.#failure = code;
  }

  get awaited(): { operation: number } | null {
    return this.#operation === null ? null : { operation: this.#operation };
  }

  isMet(): boolean {
    if (this.#isTaken || this.#failure) return true;
    return this.#operation !== null && this.#context.hasOutcome(this.#operation);
  }

  save(): null {
    return null;
  }

  subscribe(): Pollable {
    return this.#poller.pollable(this);
  }

  get(): ReturnType<WasiFutureIncomingResponse["get"]> {
    if (this.#isTaken) return { tag: "err", val: undefined };
    if (!this.isMet()) return undefined;
    this.#isTaken = true;
    const val = this.#failure
      ? ({ tag: "err", val: this.#failure } as const)
      : toResult(this.#context.takeOutcome(this.#operation!)!);
    return { tag: "ok", val };
  }

  /** A guest that drops it wants no response any more. */
  [Symbol.dispose](): void {
    if (this.#operation !== null && !this.isMet())
      this.#context.journal().note({ kind: "operation-canceled", operation: this.#operation });
    this.#isTaken = true;
  }
}

function toResult(outcome: Outcome) {
  if ("error" in outcome) return { tag: "err", val: toErrorCode(outcome.error) } as const;
  return { tag: "ok", val: new IncomingResponse(JSON.parse(outcome.value) as FetchedResponse) } as const;
}
