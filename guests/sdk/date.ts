import { now } from "./time.ts";

const NativeDate = globalThis.Date;

/** `Date` with the time of the host, which stands still within a step. */
export const Date: DateConstructor = (() => {
  function Date(this: unknown, ...args: unknown[]): string | Date {
    if (new.target === undefined) return new NativeDate(now()).toString();
    return Reflect.construct(NativeDate, args.length === 0 ? [now()] : args, new.target) as Date;
  }
  Object.defineProperty(Date, "length", { value: 7 });
  Date.prototype = NativeDate.prototype;
  return Object.assign(Date, { now, parse: NativeDate.parse, UTC: NativeDate.UTC }) as unknown as DateConstructor;
})();

Object.defineProperty(NativeDate.prototype, "constructor", { value: Date, configurable: true, writable: true });

/** `performance`, counting from 1970, since agents live long and anywhere. */
export const performance = { timeOrigin: 0, now };
