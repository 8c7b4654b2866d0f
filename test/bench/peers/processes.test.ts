import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test, vi } from "vitest";
import { end, readProcess, startServer, statFields, treeOf } from "./processes.ts";
import { Worker } from "./worker.ts";

/** A server with two children, of which one has left its group. */
const script = "setsid sleep 600 & sleep 600 & echo up; wait";

/** Who is dead and not yet buried is gone. */
function isGone(pid: number): boolean {
  const stat = readProcess(pid, "stat");
  return stat === undefined || statFields(stat)[0] === "Z";
}

const patience = { timeout: 10_000 };

describe.runIf(process.platform === "linux")("a server", () => {
  const servers: ReturnType<typeof startServer>[] = [];
  const start = (...command: string[]) => {
    servers.push(startServer(command));
    return servers.at(-1)!;
  };
  afterEach(async () => {
    await Promise.all(servers.splice(0).map(({ child }) => end(child)));
  });

  test("ends with all that it has started, whatever their groups", async () => {
    const server = start("sh", "-c", script);
    await server.ready("It", async () => server.printed.includes("up") && treeOf(server.child.pid!).length >= 4);
    const tree = treeOf(server.child.pid!);
    await end(server.child);
    await vi.waitFor(() => expect(tree.filter((pid) => !isGone(pid))).toEqual([]), patience);
  });

  test("does not outlive who has started it, though that is killed", async () => {
    const module = JSON.stringify(new URL("./processes.ts", import.meta.url).href);
    const code = `const { startServer } = await import(${module}); console.log(startServer(["sleep", "600"]).child.pid);`;
    const starter = spawn(process.execPath, ["--input-type=module", "--eval", code]);
    const [line] = (await once(createInterface(starter.stdout), "line")) as [string];
    expect(isGone(Number(line))).toBe(false);
    starter.kill("SIGKILL");
    await vi.waitFor(() => expect(isGone(Number(line))).toBe(true), patience);
  });

  test("that ends before it is ready is refused with its last words", async () => {
    const server = start("sh", "-c", "echo no room left >&2; exit 3");
    await expect(server.ready("The server", async () => false)).rejects.toThrow("The server ended: no room left");
  });

  test("that takes too long is refused with what it said", async () => {
    const server = start("sh", "-c", "echo still thinking; sleep 600");
    const never = () => Promise.resolve(false);
    await expect(server.ready("The server", never, 0)).rejects.toThrow("The server is not ready:");
  });
});

test("a worker that can't start is refused with its last words", async () => {
  await expect(Worker.start("./none.ts", { folder: "", ports: [] })).rejects.toThrow(/Its process ended.*none\.ts/s);
});
