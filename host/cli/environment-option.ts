import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ComponentSettings, SaidSettings } from "../component/settings.ts";

/** What options say that agents of world `blocking` are given. false: nothing any more. */
export interface EnvironmentFlags {
  env?: [name: string, value: string][] | false;
  arg?: string[] | false;
  dir?: Preopen[] | false;
}

type Preopen = ComponentSettings["preopens"][number];

/** Adds the options that say what agents of world `blocking` see around them. */
export function addEnvironmentOptions(command: Command): Command {
  const option = <T>(flags: string, description: string, read: (text: string) => T) =>
    new Option(flags, description).argParser(collect(read));
  return command
    .addOption(
      option(
        "--env <name=value>",
        "let WASI components see this environment variable, and no other; NAME alone is that of this command; repeat it for more",
        readVariable,
      ),
    )
    .option("--no-env", "let them see no environment variable any more")
    .addOption(option("--arg <value>", "give it to commands as an argument; repeat it for more", String))
    .option("--no-arg", "give them no argument any more")
    .addOption(
      option(
        "--dir <host[::guest]>",
        "let WASI components read this directory, under a path of its own, and no other; repeat it for more",
        readPreopen,
      ),
    )
    .option("--no-dir", "let them read no directory any more");
}

/** What the options said, and nothing else. */
export function readEnvironment({ env, arg, dir }: EnvironmentFlags): SaidSettings {
  return {
    ...(env !== undefined && { environment: Object.fromEntries(env || []) }),
    ...(arg !== undefined && { arguments: arg || [] }),
    ...(dir !== undefined && { preopens: dir || [] }),
  };
}

/** Adds what an option says to what it said before, further left. */
export function collect<T>(read: (text: string) => T) {
  return (text: string, before: T[] | false | undefined): T[] => [...(before || []), read(text)];
}

function readVariable(text: string): [string, string] {
  const [, name = "", said] = /^([^=]*)(?:=([^]*))?$/.exec(text)!;
  if (name === "") throw new InvalidArgumentError("It must be NAME=VALUE, or the NAME of a variable of this command.");
  const value = said ?? process.env[name];
  if (value === undefined)
    throw new InvalidArgumentError(`There is no variable ${name} here. Say --env ${name}=VALUE to give it one.`);
  return [name, value];
}

function readPreopen(text: string): Preopen {
  const at = text.indexOf("::");
  const said = at < 0 ? text : text.slice(0, at);
  const host = resolve(said);
  if (said === "" || !statSync(host, { throwIfNoEntry: false })?.isDirectory())
    throw new InvalidArgumentError(`${JSON.stringify(said)} is no directory. It must be HOST, or HOST::GUEST.`);
  const guest = at < 0 ? said : text.slice(at + 2);
  if (guest === "") throw new InvalidArgumentError("The path that the component is to see stands behind the ::.");
  return { host, guest };
}
