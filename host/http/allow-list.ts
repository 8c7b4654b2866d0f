import { HostError } from "../base/error.ts";

/** `example.com`, `example.com:8080`, `*.example.com` or `*`, taken apart. */
interface Pattern {
  /** As a URL has it: in lower case and Punycode, IPv6 in brackets; null for all hosts. */
  host: string | null;
  /** Whether the host's subdomains are meant, and not the host itself. */
  subdomains: boolean;
  /** null: the port that goes with the scheme, 80 or 443. */
  port: number | null;
}

const shape = /^(?<wild>\*\.)?(?<host>\[[\da-f:.]+\]|[^\s/?#@:\\[\]%*<>^|]+)(?::(?<port>\d{1,5}))?$/i;

/** Whether a list of hosts admits a URL. A host without a port means the ports 80 and 443, by the scheme. */
export function isAllowed(allowedHosts: readonly string[], url: URL): boolean {
  return allowedHosts.some((text) => matches(readPattern(text), url));
}

/** Errors: HostError `http/bad-host` for what is no host that a list can have. */
export function checkAllowedHost(text: string): void {
  if (readPattern(text)) return;
  throw new HostError(
    "http/bad-host",
    `${JSON.stringify(text)} is no host that can be allowed: ${adviceFor(text)} Write example.com, example.com:8080, *.example.com, [::1]:8080, or * for all.`,
    { data: { host: text } },
  );
}

/** What would admit a URL: its host, with the port if that is not the scheme's own. */
export function allowedHostFor(url: URL): string {
  return `${bareHost(url.hostname)}${url.port === "" ? "" : `:${url.port}`}`;
}

function matches(pattern: Pattern | undefined, url: URL): boolean {
  if (!pattern) return false;
  if (pattern.host === null) return true;
  const host = bareHost(url.hostname);
  const ownPort = url.protocol === "https:" ? 443 : 80;
  if ((pattern.port ?? ownPort) !== (url.port === "" ? ownPort : Number(url.port))) return false;
  return pattern.subdomains ? host.endsWith(`.${pattern.host}`) : host === pattern.host;
}

function readPattern(text: string): Pattern | undefined {
  if (text === "*") return { host: null, subdomains: false, port: null };
  const { wild, host: written, port } = shape.exec(text)?.groups ?? {};
  // URLs have one way to write a host: letters, dots and numbers are brought to it by the same rules.
  const host = bareHost((written && URL.parse(`http://${written}/`)?.hostname) || "");
  if (host === "" || (wild && isAddress(host)) || Number(port ?? 0) > 65_535) return undefined;
  return { host, subdomains: wild !== undefined, port: port === undefined ? null : Number(port) };
}

/** `example.com.` is the same host as `example.com`. */
function bareHost(hostname: string): string {
  return hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^[\d.]+$/.test(host);
}

function adviceFor(text: string): string {
  if (/^[a-z][\w+.-]*:\/\//i.test(text)) return "a host stands without a scheme and a path.";
  if (/^[\da-f]*:[\da-f]*:[\da-f:.]*$/i.test(text)) return "an IPv6 address stands in brackets.";
  if (text.includes("*")) return "* stands for all hosts, or in front for all subdomains of a name.";
  return "it has no place in a URL.";
}
