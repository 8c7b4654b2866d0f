import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { HostError } from "../base/error.ts";
import { decodeGolden, encodeGolden, type Golden } from "../golden/golden.ts";
import { toPath } from "./read-component.ts";

/** Errors: HostError `golden/missing`, and those of `decodeGolden`. */
export async function readGolden(file: string | URL): Promise<Golden> {
  const path = toPath(file);
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new HostError(
      "golden/missing",
      `Cannot read the golden file ${path}: ${cause.message}\n  \`planaria record AGENT --output ${path}\` writes one.`,
      { data: { path }, cause },
    );
  });
  return decodeGolden(text, path);
}

/**
 * Writes a golden to a file of its own, in a folder that need not exist.
 *
 * Errors: HostError `golden/exists` rather than write over a file, `golden/unwritable`.
 */
export async function writeGolden(golden: Golden, file: string | URL): Promise<void> {
  const path = toPath(file);
  const refuse = (cause: Error) => {
    throw new HostError("golden/unwritable", `Cannot write the golden file ${path}: ${cause.message}`, {
      data: { path },
      cause,
    });
  };
  await mkdir(dirname(path), { recursive: true }).catch(refuse);
  await writeFile(path, encodeGolden(golden), { flag: "wx" }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") return refuse(cause);
    throw new HostError(
      "golden/exists",
      `${path} exists, and no golden is written over. If the guest is meant to act otherwise by now, delete the file first.`,
      { data: { path } },
    );
  });
}
