import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, Workplace } from "./planaria.ts";

/** What `npm pack` reads. */
const sources = [
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "README.md",
  "LICENSE",
  "host",
  "build",
  "guests",
  "wit",
];

/** Packs the clone and unpacks it where its dependencies are, as an install would. Returns its launcher. */
function installPackage(place: Workplace): string {
  const clone = place.file("clone");
  const modules = place.file("node_modules");
  mkdirSync(modules);
  for (const name of sources) cpSync(join(root, name), join(clone, name), { recursive: true, force: true });
  for (const name of readdirSync(join(root, "node_modules")))
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  const path = `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`;
  execFileSync("npm", ["pack", "--silent", "--pack-destination", place.path], {
    cwd: clone,
    env: { ...process.env, PATH: path },
  });
  const [tarball] = readdirSync(place.path).filter((name) => name.endsWith(".tgz"));
  execFileSync("tar", ["-xzf", tarball!], { cwd: place.path });
  cpSync(place.file("package"), join(modules, "planaria"), { recursive: true });
  return join(modules, "planaria/host/cli/planaria.cjs");
}

test("the package that `npm pack` makes builds guests, runs them and replays what they did", async () => {
  await using place = new Workplace();
  const program: [string, string] = [process.execPath, installPackage(place)];
  place.write(
    "guest.ts",
    'import { agent } from "planaria/guest"; let n = 0; export const counter = agent(() => ({ add: (by: number) => (n += by) }));',
  );
  const planaria = (...args: string[]) => place.start(args, { program }).ended;
  expect(await planaria("run", "guest.ts", "counter().add(2)")).toMatchObject({
    exitCode: 0,
    stdout: "2\n",
  });
  expect(await planaria("invoke", "counter().add(3)")).toMatchObject({ exitCode: 0, stdout: "5\n" });
  expect(await planaria("replay", "counter()")).toMatchObject({ exitCode: 0 });

  place.write(
    "embed.mjs",
    `import { openHost, openMemoryStore, version } from "planaria";
    await using store = await openMemoryStore({ now: Date.now });
    await using host = await openHost({ store });
    console.log(version);`,
  );
  const embedded = await place.start(["embed.mjs"], { program: [process.execPath] }).ended;
  expect(embedded).toMatchObject({ exitCode: 0, stderr: "" });
  expect(embedded.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
