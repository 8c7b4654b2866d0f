import type { WasmReader } from "../base/wasm-reader.ts";
import { readSort, unknownCode } from "./decode-part.ts";
import type { Definition } from "./definition.ts";

/** Reads an alias: another name for what an instance exports, or for what is defined further out. */
export function readAlias(reader: WasmReader): Definition {
  const sort = readSort(reader);
  const at = reader.at;
  const code = reader.byte();
  switch (code) {
    // What a core instance exports is of sort "other", too.
    case 0x00:
    case 0x01:
      return { kind: "alias-export", sort, instance: reader.u32(), name: reader.name() };
    case 0x02:
      return { kind: "alias-outer", sort, count: reader.u32(), index: reader.u32() };
    default:
      throw unknownCode("kind of alias", code, at);
  }
}
