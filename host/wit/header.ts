import { HostError } from "../base/error.ts";

/** The magic number, the version of the encoding and the layer, two bytes each but for the first. */
export const headerSizeBytes = 8;

const magic = Buffer.from("\0asm");
const coreLayer = 0;
const componentLayer = 1;
/** The encoding of components has had this version since 2023, and keeps it until the standard is done. */
const encoding = 0x0d;

/**
 * Makes sure that a binary is a component, in the encoding that is read here.
 *
 * Errors: HostError `component/not-wasm`, `component/not-a-component`, `component/encoding`.
 */
export function checkHeader(bytes: Uint8Array): void {
  if (bytes.length < headerSizeBytes || !magic.equals(bytes.subarray(0, 4))) {
    const begin = JSON.stringify(Buffer.from(bytes.subarray(0, 16)).toString("latin1"));
    throw new HostError(
      "component/not-wasm",
      `This is not WebAssembly: its ${bytes.length} bytes begin with ${begin}. Compile the guest first.`,
    );
  }
  const [version, layer] = [bytes[4]! + bytes[5]! * 0x100, bytes[6]! + bytes[7]! * 0x100];
  if (layer === coreLayer) {
    throw new HostError(
      "component/not-a-component",
      "This is a core WebAssembly module. Planaria runs components: build it as one, or wrap it with `wasm-tools component new`.",
    );
  }
  if (version === encoding && layer === componentLayer) return;
  const advice =
    version < encoding
      ? "Build it again with tools of 2024 or later."
      : "That is newer than this host: update Planaria, or build the component with older tools.";
  throw new HostError(
    "component/encoding",
    `The component is encoded in version ${hex(version)}, layer ${layer}, of the component format; Planaria reads version ${hex(encoding)}, layer ${componentLayer}. ${advice}`,
    { data: { found: version, expected: encoding } },
  );
}

const hex = (version: number) => `0x${version.toString(16).padStart(2, "0")}`;
