import { say } from "./log.ts";

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface Registration {
  type: string;
  listener: Listener;
  capture: boolean;
  once: boolean;
  passive: boolean;
  removed: boolean;
}

interface ListenOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: { readonly aborted: boolean; addEventListener(type: string, listener: () => void): void };
}

/** As the DOM standard has it for targets that are in no tree. */
export class Event {
  readonly type: string;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly isTrusted = false;
  readonly eventPhase = 0;
  readonly timeStamp = 0;
  target: EventTarget | null = null;
  currentTarget: EventTarget | null = null;
  defaultPrevented = false;
  /** Set while a listener runs that has promised not to prevent anything. */
  passive = false;
  stopped = false;

  constructor(type: string, options: { bubbles?: boolean; cancelable?: boolean; composed?: boolean } = {}) {
    this.type = String(type);
    this.bubbles = options.bubbles === true;
    this.cancelable = options.cancelable === true;
    this.composed = options.composed === true;
  }

  preventDefault(): void {
    if (this.cancelable && !this.passive) this.defaultPrevented = true;
  }

  stopPropagation(): void {
    // There is nowhere to propagate to.
  }

  stopImmediatePropagation(): void {
    this.stopped = true;
  }

  composedPath(): EventTarget[] {
    return this.currentTarget === null ? [] : [this.currentTarget];
  }
}

export class CustomEvent extends Event {
  readonly detail: unknown;

  constructor(type: string, options: ConstructorParameters<typeof Event>[1] & { detail?: unknown } = {}) {
    super(type, options);
    this.detail = options.detail ?? null;
  }
}

/** As the DOM standard has it for targets that are in no tree. */
export class EventTarget {
  #registrations: Registration[] = [];

  addEventListener(type: string, listener: Listener | null, options: boolean | ListenOptions = {}): void {
    const {
      capture = false,
      once = false,
      passive = false,
      signal,
    } = typeof options === "boolean" ? { capture: options } : options;
    if (listener === null || listener === undefined || signal?.aborted === true || this.#find(type, listener, capture))
      return;
    this.#registrations.push({ type, listener, capture, once, passive, removed: false });
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener, capture));
  }

  removeEventListener(type: string, listener: Listener | null, options: boolean | { capture?: boolean } = {}): void {
    const capture = typeof options === "boolean" ? options : options.capture === true;
    const found = listener === null ? undefined : this.#find(type, listener, capture);
    if (found === undefined) return;
    found.removed = true;
    this.#registrations = this.#registrations.filter((registration) => registration !== found);
  }

  /** Returns false if a listener prevented the default. What a listener throws is logged. */
  dispatchEvent(event: Event): boolean {
    event.target = this;
    event.currentTarget = this;
    for (const registration of [...this.#registrations]) {
      const { type, listener, capture, once, passive, removed } = registration;
      if (type !== event.type || removed) continue;
      if (once) this.removeEventListener(type, listener, capture);
      event.passive = passive;
      this.#call(listener, event);
      if (event.stopped) break;
    }
    event.passive = false;
    event.stopped = false;
    event.currentTarget = null;
    return !event.defaultPrevented;
  }

  #call(listener: Listener, event: Event): void {
    try {
      if (typeof listener === "function") listener.call(this, event);
      else listener.handleEvent(event);
    } catch (error) {
      say("error", ["Uncaught in an event listener:", error]);
    }
  }

  #find(type: string, listener: Listener, capture: boolean): Registration | undefined {
    return this.#registrations.find(
      (known) => known.type === type && known.listener === listener && known.capture === capture,
    );
  }
}
