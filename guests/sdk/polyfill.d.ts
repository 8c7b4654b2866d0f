// The part of a package without types that the runtime takes.

declare module "@ungap/structured-clone" {
  export function serialize(value: unknown): unknown[];
  export function deserialize(records: unknown[]): unknown;
}
