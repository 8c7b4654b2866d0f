import { describe, expect, test } from "vitest";
import { checkComponent } from "../../../build/check.ts";
import { writeName, writeSection } from "../../../host/component/wasm-binary.ts";
import { refusalOf } from "./guest-folder.ts";

const preamble = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
const section = (id: number, name: string) => writeSection(id, Uint8Array.from([1, 0, ...writeName(name), 5, 0]));
const guest = section(11, "planaria:host/guest@0.1.0");
const host = section(10, "planaria:host/time@0.1.0");
const make = (...sections: Uint8Array[]) => Buffer.concat([preamble, ...sections]);

describe("checkComponent", () => {
  test("a component that exports the guest and imports the host is fine", () => {
    expect(() => checkComponent(make(host, guest))).not.toThrow();
  });

  test.each([
    ["a core module", Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), "is not a component"],
    ["nothing", new Uint8Array(), "is not a component"],
    ["a component that is cut off", make(guest).subarray(0, -1), "is cut off"],
    ["a component without a guest", make(host), "does not export planaria:host/guest"],
    [
      "a guest that is only imported",
      make(section(10, "planaria:host/guest@0.1.0")),
      "does not export planaria:host/guest",
    ],
    [
      "a component that wants WASI",
      make(section(10, "wasi:clocks/wall-clock@0.2.0"), guest),
      "imports wasi:clocks/wall-clock@0.2.0",
    ],
  ])("%s is refused", async (_, component, why) => {
    const error = await refusalOf(() => checkComponent(component));
    expect(error.code).toBe("build/check");
    expect(error.message).toContain(why);
  });
});
