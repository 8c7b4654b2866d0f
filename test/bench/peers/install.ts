import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const folder = import.meta.dirname;
const stampFile = join(folder, "node_modules", ".installed");

/** Compiles Planaria: what is measured is the package as others install it. */
export async function build(): Promise<void> {
  const root = join(folder, "../../..");
  await promisify(execFile)("npm", ["run", "build", "--silent"], { cwd: root }).catch((error: Error) => {
    throw new Error(`Planaria can't be compiled: ${error.message}`, { cause: error });
  });
}

/** Installs what `package-lock.json` of this folder names, unless that is done already. */
export async function install(): Promise<void> {
  const lock = hash("sha256", await readFile(join(folder, "package-lock.json")));
  if ((await readFile(stampFile, "utf8").catch(() => "")) === lock) return;
  process.stderr.write("Installing the peers…\n");
  const options = { cwd: folder, env: { ...process.env, SCARF_ANALYTICS: "false" } };
  await promisify(execFile)("npm", ["ci", "--no-audit", "--no-fund"], options).catch((error: Error) => {
    throw new Error(`The peers can't be installed into ${folder}: ${error.message}`, { cause: error });
  });
  await writeFile(stampFile, lock);
}
