import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";

/** A component of world `w` of this WIT, whose functions trap. */
export async function makeComponent(wit: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource: wit, dummy: true, world: "w" }));
}
