import { WasmReader, readSections, writeName, writeSection } from "../host/component/wasm-binary.ts";

/** A component with one more custom section at its end. */
export function appendCustomSection(component: Uint8Array, name: string, contents: Uint8Array): Buffer {
  return Buffer.concat([component, writeSection(0, Buffer.concat([Uint8Array.from(writeName(name)), contents]))]);
}

/**
 * The contents of a component's own custom section, not of one in a module inside it.
 *
 * Errors: RangeError if the component is cut off.
 */
export function readCustomSection(component: Uint8Array, name: string): Uint8Array | undefined {
  for (const { id, start, end } of readSections(component)) {
    if (id !== 0) continue;
    const reader = new WasmReader(component, start, end);
    if (reader.name() === name) return component.subarray(reader.at, end);
  }
  return undefined;
}
