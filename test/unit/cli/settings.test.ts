import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { formatSettings } from "../../../host/cli/component-option.ts";
import { defaultSettings, environmentOf, mergeSettings, type SaidSettings } from "../../../host/component/settings.ts";
import { runPlanaria } from "./fake-terminal.ts";

// Guests are built, and others may be at work on the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "planaria-cli-"));
const store = `sqlite:${join(folder, "store.db")}`;
const guest = join(folder, "guest.ts");
const other = join(folder, "other.ts");

interface Component {
  digest: string;
  name: string;
  settings: typeof defaultSettings;
}

const planaria = (...args: string[]) => runPlanaria([...args, "--store", store]);
const json = async (...args: string[]): Promise<unknown> => JSON.parse((await planaria(...args, "--json")).stdout);
const list = async () => (await json("components")) as Component[];
const settingsOf = async (name: string) => (await list()).find((component) => component.name === name)!.settings;

beforeAll(async () => {
  writeFileSync(guest, "export const double = (n: number) => n * 2;");
  writeFileSync(other, "export const triple = (n: number) => n * 3;");
  await planaria("run", guest, "double(1)", "--allow-host", "example.com", "--depth-limit", "7");
  await planaria("run", other, "triple(1)");
});

describe("settings", () => {
  test("stay with the component that they were set for, whatever later commands leave unsaid", async () => {
    expect(await settingsOf("guest.ts")).toEqual({ ...defaultSettings, allowedHosts: ["example.com"], depthLimit: 7 });
    expect(await settingsOf("other.ts")).toEqual(defaultSettings);
    await planaria("run", guest, "double(2)", "--fetch-timeout", "5s", "--response-limit", "1KiB");
    expect(await settingsOf("guest.ts")).toEqual({
      ...defaultSettings,
      allowedHosts: ["example.com"],
      depthLimit: 7,
      fetchTimeoutMs: 5_000,
      responseLimitBytes: 1_024,
    });
  });

  test("are set by the name of a component or the beginning of its digest, without a guest at hand", async () => {
    const { digest } = (await list()).find(({ name }) => name === "other.ts")!;
    const hosts = ["--allow-host", "a.com,b.com:8080", "--allow-host", "*.c.com"];
    expect(await json("components", "set", "other.ts", ...hosts)).toMatchObject({
      digest,
      settings: { allowedHosts: ["a.com", "b.com:8080", "*.c.com"] },
    });
    expect(await json("components", "set", `sha256:${digest.slice(0, 8)}`, "--in-flight-limit", "5")).toMatchObject({
      settings: { allowedHosts: ["a.com", "b.com:8080", "*.c.com"], inFlightLimit: 5 },
    });
    const sizes = ["--payload-limit", "1MiB", "--step-limit", "2MiB", "--agent-limit", "9"];
    expect(await json("components", "set", digest, ...sizes)).toMatchObject({
      settings: { payloadLimitBytes: 2 ** 20, stepLimitBytes: 2 ** 21, agentLimit: 9 },
    });
    expect(await json("components", "set", digest, "--no-allow-host")).toMatchObject({
      settings: { allowedHosts: [], inFlightLimit: 5 },
    });
  });

  test("say what WASI components see around them", async () => {
    vi.stubEnv("PLANARIA_TOKEN", "secret");
    const said = ["--env", "A=1=2", "--env", "PLANARIA_TOKEN", "--env", "B=", "--arg", "--all", "--arg", "x y"];
    const places = ["--dir", `${folder}::/data`, "--dir", "."];
    await planaria("components", "set", "other.ts", ...said, ...places);
    expect(await settingsOf("other.ts")).toMatchObject({
      environment: { A: "1=2", PLANARIA_TOKEN: "secret", B: "" },
      arguments: ["--all", "x y"],
      preopens: [
        { host: folder, guest: "/data" },
        { host: process.cwd(), guest: "." },
      ],
    });
    const { stdout } = await planaria("components");
    expect(stdout).toContain(`env A,PLANARIA_TOKEN,B, arg "--all","x y", dir ${folder}::/data,${process.cwd()}::.`);
    expect(stdout).not.toContain("secret");
    await planaria("components", "set", "other.ts", "--no-env", "--no-arg", "--no-dir");
    expect(await settingsOf("other.ts")).toMatchObject({ environment: {}, arguments: [], preopens: [] });
  });

  test.each([
    [{ adapters: { "golem:api/*": "" } }, "The setting adapters.golem:api/* of a component can't be"],
    [{ adapters: { golem: "", "golem:api/": "" } }, "It is no name of an interface, such as docs:adder/add"],
    [{ environment: { "A=B": "" } }, "It is no name of an environment variable"],
    [{ preopens: [{ host: "/" }] as SaidSettings["preopens"] }, "The setting preopens.0.guest of a component can't be"],
  ])("are refused by the library as well: %j", (said, message) => {
    expect(() => mergeSettings("{}", said as SaidSettings)).toThrow(message);
  });

  test("are what an agent is given when it is created, or nothing", () => {
    expect(environmentOf(defaultSettings)).toBeUndefined();
    const preopens = [{ host: "/a", guest: "/" }];
    expect(environmentOf({ ...defaultSettings, environment: { B: "2", A: "1" }, preopens })).toEqual({
      variables: [
        ["B", "2"],
        ["A", "1"],
      ],
      arguments: [],
      preopens,
    });
  });

  test("are shown as far as they are not the default", async () => {
    const { stdout } = await planaria("components");
    expect(stdout).toMatch(/^COMPONENT +NAME +SIZE +ADDED +SERVES +SETTINGS\n/);
    expect(stdout).toMatch(/ guest\.ts .* double +allow-host example\.com, .*depth-limit 7/);
    expect(formatSettings(defaultSettings)).toBe("");
    const some = { ...defaultSettings, allowedHosts: ["a.com", "*.b.com"], responseLimitBytes: 2 ** 20 };
    expect(formatSettings(some)).toBe("allow-host a.com,*.b.com, response-limit 1MiB");
    const others = { ...defaultSettings, payloadLimitBytes: 4_096, stepLimitBytes: 8_192, agentLimit: 9 };
    expect(formatSettings(others)).toBe("payload-limit 4KiB, step-limit 8KiB, agent-limit 9");
  });

  test.each([
    [["--allow-host", "http://a.com/"], "a host stands without a scheme and a path."],
    [["--allow-host", "a.com,"], "is no host that can be allowed"],
    [["--allow-host", "a b"], "is no host that can be allowed"],
    [["--allow-host", "a.com:99999"], "is no host that can be allowed"],
    [["--fetch-timeout", "10"], "It must be a span of time"],
    [["--response-limit", "2GiB"], "It must be a size such as 64MiB, from 0 to 1GiB."],
    [["--depth-limit", "0"], "It must be a whole number from 1."],
    [["--in-flight-limit", "many"], "It must be a whole number from 0."],
    [["--payload-limit", "1"], "It must be a size such as 64MiB, from 1KiB to 256MiB."],
    [["--step-limit", "1GiB"], "It must be a size such as 64MiB, from 1KiB to 256MiB."],
    [["--agent-limit", "0"], "It must be a whole number from 1."],
    [["--env", "=1"], "It must be NAME=VALUE"],
    [["--env", "PLANARIA_NOT_SET"], "There is no variable PLANARIA_NOT_SET here."],
    [["--env", "A=\0"], "It holds a NUL character"],
    [["--dir", "/nowhere/at/all"], '"/nowhere/at/all" is no directory.'],
    [["--dir", `${import.meta.filename}::/x`], "is no directory."],
    [["--dir", ".::"], "The path that the component is to see stands behind the ::."],
    [["--import", "./adapter.ts"], "It must be INTERFACE=FILE"],
    [["--alow-host", "a.com"], "Did you mean --allow-host?"],
    [[], "error[cli/nothing-to-set]: It is not said what to set"],
  ])("refuse %j", async (args, hint) => {
    const before = await settingsOf("guest.ts");
    const ran = await planaria("components", "set", "guest.ts", ...args);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toContain(hint);
    expect(await settingsOf("guest.ts")).toEqual(before);
  });

  test("refuse an adapter of what the component does not import, and keep none", async () => {
    const adapter = join(folder, "adapter.ts");
    writeFileSync(adapter, "export default () => ({ one: (): number => 1 });");
    const ran = await planaria("components", "set", "other.ts", "--import", `docs:one/api=${adapter}`);
    expect(ran).toMatchObject({ exitCode: 3, stdout: "" });
    expect(ran.stderr).toContain(
      "error[component/bad-adapter]: The adapter of docs:one/api stands for nothing: the component imports planaria:host/",
    );
    expect((await settingsOf("other.ts")).adapters).toEqual({});
  });

  test("refuse a component that there is not, and suggest one", async () => {
    const ran = await planaria("components", "set", "gest.ts", "--depth-limit", "5");
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.stderr).toContain('error[component/unknown]: There is no component "gest.ts"');
    expect(ran.stderr).toContain("Did you mean guest.ts?");
  });
});

describe("options of a call", () => {
  test.each([
    [["--target", "poll://some@g"], "is no target"],
    [["--target", "poll://uni@g"], "is no target"],
    [["--retry", "0"], "It must be a whole number from 1."],
    [["--retry-first", "1s"], "error[cli/options]: --retry-first says how --retry waits"],
    [["--at", "tomorrow"], "It must be a moment such as"],
    [["--at", "+1h", "--timeout", "1s"], "error[cli/options]: --timeout holds while this command waits"],
    [["--timeout", "0ms"], "It must be a span of time"],
    [["--retention", "ever"], "It must be a span of time such as 1h or 7d, up to 3650d, or forever."],
  ])("refuse %j", async (args, hint) => {
    const ran = await planaria("invoke", "double(1)", ...args);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toContain(hint);
  });
});

describe("serve", () => {
  test.each([
    [["--name", "w1"], "error[cli/options]: --name goes with --group"],
    [["--slots", "4"], "error[cli/options]: --slots goes with --group"],
    [["--group", "a b"], 'A name has up to 64 letters, digits, ".", "_" and "-".'],
    [["--group", "g", "--name", ""], "A name has up to 64 letters"],
    [["--group", "g", "--slots", "0"], "It must be a whole number from 1."],
    [["--allow-host", "a.com"], "error[cli/options]: Settings are those of a guest"],
    [["--no-wait"], "unknown option '--no-wait'"],
  ])("refuses %j", async (args, hint) => {
    const ran = await planaria("serve", ...args);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.stderr).toContain(hint);
  });

  test("refuses a guest that is not there, and a store that is not there", async () => {
    expect(await planaria("serve", join(folder, "none.wasm"))).toMatchObject({ exitCode: 3, stdout: "" });
    const ran = await runPlanaria(["serve", "--store", `sqlite:${join(folder, "none.db")}`]);
    expect(ran).toMatchObject({ exitCode: 4, stdout: "" });
    expect(ran.stderr).toContain("error[store/missing]");
  });
});
