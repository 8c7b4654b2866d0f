import { HostError } from "../host/base/error.ts";
import { WasmReader, readSections } from "../host/component/wasm-binary.ts";
import type { Section } from "../host/component/wasm-binary.ts";

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const sectionIds = { import: 10, export: 11 };

/**
 * Checks that bytes are a whole component which exports Planaria's guest interface and wants nothing but Planaria's host.
 *
 * Errors: HostError `build/check`.
 * Source: Component Model, design/mvp/Binary.md.
 */
export function checkComponent(component: Uint8Array) {
  if (!preamble.every((byte, i) => component[i] === byte)) throw refuse("is not a component");
  const sections = read(component);
  const names = (id: number) =>
    sections
      .filter((section) => section.id === id)
      .flatMap(({ start, end }) => findInterfaces(component.subarray(start, end)));
  if (!names(sectionIds.export).some((name) => name.startsWith("planaria:host/guest@"))) {
    throw refuse("does not export planaria:host/guest");
  }
  const foreign = names(sectionIds.import).find((name) => !name.startsWith("planaria:host/"));
  if (foreign !== undefined) throw refuse(`imports ${foreign}, which Planaria does not offer`);
}

function read(component: Uint8Array): Section[] {
  try {
    return readSections(component);
  } catch (cause) {
    throw refuse("is cut off", cause);
  }
}

/** Names of interfaces in a section of imports or exports; they alone have the form `namespace:package/interface@version`. */
function findInterfaces(section: Uint8Array): string[] {
  const text = Buffer.from(section).toString("latin1");
  return [...text.matchAll(/[a-z][a-z0-9-]*:[a-z0-9-]+\/[a-z0-9-]+@[0-9][\w.-]*/g)].flatMap(({ 0: name, index }) => {
    // Each is written behind its length; without that check a name could be the tail of another.
    return index > 0 && new WasmReader(section, index - 1).byte() === name.length ? [name] : [];
  });
}

function refuse(what: string, cause?: unknown): HostError {
  const message = `What the guest was compiled to ${what}. This is a defect of the toolchain: run npm install, then build again without the cache.`;
  return new HostError("build/check", message, { cause });
}
