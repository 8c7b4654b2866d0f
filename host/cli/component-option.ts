import { type Command, InvalidArgumentError, Option } from "commander";
import { isHostError } from "../base/error.ts";
import { defaultSettings, type ComponentSettings, type SaidSettings } from "../component/settings.ts";
import { checkAllowedHost } from "../http/allow-list.ts";
import { addAdapterOptions, readAdapters, type AdapterFlags } from "./adapter-option.ts";
import { addEnvironmentOptions, readEnvironment, type EnvironmentFlags } from "./environment-option.ts";
import { makeSizeParser, makeSpanParser, parsePositiveCount } from "./option.ts";
import { formatBytes, formatSpan } from "./table.ts";

/** What options say about the settings of a component. */
export interface SettingsFlags extends EnvironmentFlags, AdapterFlags {
  /** false: none at all. */
  allowHost?: string[] | false;
  fetchTimeout?: number;
  responseLimit?: number;
  depthLimit?: number;
  inFlightLimit?: number;
  payloadLimit?: number;
  stepLimit?: number;
  agentLimit?: number;
}

/** For the help of the commands that take these options. */
export const settingsHelp = `
What the agents of a component may do is kept with it: what no option says stays as it is. \`planaria components\` shows it.`;

/** Adds the options that say what the agents of a component may do. */
export function addSettingsOptions(command: Command): Command {
  const { fetchTimeoutMs, responseLimitBytes, depthLimit, inFlightLimit, ...most } = defaultSettings;
  const option = (flags: string, description: string, parse: (text: string) => number) =>
    new Option(flags, description).argParser(parse);
  command
    .addOption(
      new Option(
        "--allow-host <host>",
        "let fetch reach this host, and no other; repeat it for more: example.com, example.com:8080, *.example.com, or * for all (default: none)",
      ).argParser(collectHosts),
    )
    .option("--no-allow-host", "let fetch reach no host any more")
    .addOption(
      option(
        "--fetch-timeout <span>",
        `how long a fetch may take (default: ${formatSpan(fetchTimeoutMs)})`,
        makeSpanParser({ least: "1ms", most: "1h" }),
      ),
    )
    .addOption(
      option(
        "--response-limit <size>",
        `how long the body of a response may be (default: ${formatSize(responseLimitBytes)})`,
        makeSizeParser({ least: "0", most: "1GiB" }),
      ),
    )
    .addOption(
      option(
        "--depth-limit <count>",
        `how many calls may lie within each other (default: ${depthLimit})`,
        parsePositiveCount,
      ),
    )
    .addOption(
      option(
        "--in-flight-limit <count>",
        `how many operations an agent may have in flight (default: ${inFlightLimit})`,
        parsePositiveCount,
      ),
    )
    .addOption(
      option(
        "--payload-limit <size>",
        `how much an agent may hand over at once (default: ${formatSize(most.payloadLimitBytes)})`,
        makeSizeParser({ least: "1KiB", most: "256MiB" }),
      ),
    )
    .addOption(
      option(
        "--step-limit <size>",
        `how much an agent may journal in one step (default: ${formatSize(most.stepLimitBytes)})`,
        makeSizeParser({ least: "1KiB", most: "256MiB" }),
      ),
    )
    .addOption(
      option(
        "--agent-limit <count>",
        `how many agents there may be that have not ended (default: ${most.agentLimit})`,
        parsePositiveCount,
      ),
    );
  return addAdapterOptions(addEnvironmentOptions(command));
}

/**
 * What the options said, and nothing else. Errors: those of `bundleAdapter`.
 */
export async function readSettings(flags: SettingsFlags): Promise<SaidSettings> {
  const { allowHost, fetchTimeout, responseLimit, depthLimit, inFlightLimit } = flags;
  const { payloadLimit, stepLimit, agentLimit } = flags;
  return {
    ...(allowHost !== undefined && { allowedHosts: allowHost === false ? [] : allowHost }),
    ...(fetchTimeout !== undefined && { fetchTimeoutMs: fetchTimeout }),
    ...(responseLimit !== undefined && { responseLimitBytes: responseLimit }),
    ...(depthLimit !== undefined && { depthLimit }),
    ...(inFlightLimit !== undefined && { inFlightLimit }),
    ...(payloadLimit !== undefined && { payloadLimitBytes: payloadLimit }),
    ...(stepLimit !== undefined && { stepLimitBytes: stepLimit }),
    ...(agentLimit !== undefined && { agentLimit }),
    ...readEnvironment(flags),
    ...(await readAdapters(flags)),
  };
}

/** Settings in the words of the options, those that are not the default; of variables, which may be secret, the names. */
export function formatSettings(settings: ComponentSettings): string {
  const { allowedHosts, fetchTimeoutMs, responseLimitBytes, depthLimit, inFlightLimit } = settings;
  const { payloadLimitBytes, stepLimitBytes, agentLimit, preopens } = settings;
  const variables = Object.keys(settings.environment);
  const interfaces = Object.keys(settings.adapters);
  const said: [flag: string, value: unknown, byDefault: unknown, text: string][] = [
    ["allow-host", allowedHosts.join(), defaultSettings.allowedHosts.join(), allowedHosts.join(",")],
    ["fetch-timeout", fetchTimeoutMs, defaultSettings.fetchTimeoutMs, formatSpan(fetchTimeoutMs)],
    ["response-limit", responseLimitBytes, defaultSettings.responseLimitBytes, formatSize(responseLimitBytes)],
    ["depth-limit", depthLimit, defaultSettings.depthLimit, String(depthLimit)],
    ["in-flight-limit", inFlightLimit, defaultSettings.inFlightLimit, String(inFlightLimit)],
    ["payload-limit", payloadLimitBytes, defaultSettings.payloadLimitBytes, formatSize(payloadLimitBytes)],
    ["step-limit", stepLimitBytes, defaultSettings.stepLimitBytes, formatSize(stepLimitBytes)],
    ["agent-limit", agentLimit, defaultSettings.agentLimit, String(agentLimit)],
    ["env", variables.length, 0, variables.join(",")],
    ["arg", settings.arguments.length, 0, JSON.stringify(settings.arguments).slice(1, -1)],
    ["dir", preopens.length, 0, preopens.map(({ host, guest }) => `${host}::${guest}`).join(",")],
    ["import", interfaces.length, 0, interfaces.join(",")],
  ];
  return said
    .filter(([, value, byDefault]) => value !== byDefault)
    .map(([flag, , , text]) => `${flag} ${text}`)
    .join(", ");
}

function collectHosts(text: string, before: string[] | false | undefined): string[] {
  return [...(before || []), ...text.split(",").map((host) => readHost(host.trim()))];
}

function readHost(text: string): string {
  try {
    checkAllowedHost(text);
    return text;
  } catch (error) {
    if (isHostError(error)) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

const formatSize = (sizeBytes: number): string => formatBytes(sizeBytes).replace(" ", "");
