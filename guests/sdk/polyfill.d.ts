// The parts of two packages without types that the runtime takes.

declare module "@ungap/structured-clone" {
  export function serialize(value: unknown): unknown[];
  export function deserialize(records: unknown[]): unknown;
}

declare module "core-js-pure/actual/url/index.js" {
  const constructor: typeof globalThis.URL;
  export default constructor;
}

declare module "core-js-pure/actual/url-search-params/index.js" {
  const constructor: typeof globalThis.URLSearchParams;
  export default constructor;
}
