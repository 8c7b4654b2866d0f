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
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, encodeGolden(golden), { flag: "wx" });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST") {
      throw new HostError("golden/unwritable", `Cannot write the golden file ${path}: ${message}`, { data: { path }, cause });
    }
    throw new HostError(
      "golden/exists",
      `${path} exists, and what is recorded never changes. Record to another file, or delete this one if nothing must replay it.`,
      { data: { path } },
    );
  }
}
