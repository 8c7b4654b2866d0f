import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HostError } from "../../../host/base/error.ts";

/** A folder with files of a guest, gone when it is disposed. */
export function openGuestFolder(files: Record<string, string>) {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "planaria-guest-")));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return {
    path,
    file: (name: string) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** The HostError that `work` ends with. */
export async function refusalOf(work: () => unknown): Promise<HostError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}
