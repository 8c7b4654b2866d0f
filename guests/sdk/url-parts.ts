import { controls, encodePercent, parseHost } from "./url-host.ts";

/** A URL taken apart, as the URL standard does. A path that is a text is opaque: nothing is relative to it. */
export interface Parts {
  scheme: string;
  username: string;
  password: string;
  host: string | null;
  port: string;
  path: string[] | string;
  query: string | null;
  fragment: string | null;
}

export const defaultPorts: Readonly<Record<string, string>> = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
  "ftp:": "21",
  "file:": "",
};
export const isSpecial = (scheme: string) => Object.hasOwn(defaultPorts, scheme);

export const fragmentSet = /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/gu;
export const querySet = /[^\x21\x24-\x3b\x3d\x3f-\x7e]/gu;
export const specialQuerySet = /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/gu;
const pathSet = /[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]/gu;
export const userSet = /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]/gu;

/** Takes a URL apart; undefined if it is none. */
export function parseUrl(input: string, base?: Parts): Parts | undefined {
  const text = input
    .toWellFormed()
    .replace(/^[\0-\x20]+|[\0-\x20]+$/g, "")
    .replace(/[\t\n\r]/g, "");
  const [, schemeText, afterScheme] = /^([a-z][a-z\d+.-]*:)(.*)$/is.exec(text) ?? [undefined, undefined, text];
  const scheme = schemeText?.toLowerCase() ?? base?.scheme;
  if (scheme === undefined) return undefined;
  const [, pathText, query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(afterScheme)! as unknown as [
    string,
    string,
    string?,
    string?,
  ];
  const tail = {
    query: query === undefined ? null : encodePercent(query, isSpecial(scheme) ? specialQuerySet : querySet),
    fragment: fragment === undefined ? null : encodePercent(fragment, fragmentSet),
  };
  const bare = { scheme, username: "", password: "", host: null, port: "", path: [], ...tail };
  const slashed = isSpecial(scheme) ? pathText.replaceAll("\\", "/") : pathText;
  if (schemeText !== undefined && !isSpecial(scheme)) {
    if (slashed.startsWith("//")) return parseAuthority(bare, slashed.slice(2));
    if (slashed.startsWith("/")) return { ...bare, path: resolvePath([], slashed.slice(1), scheme) };
    return { ...bare, path: encodeOpaque(pathText, query !== undefined || fragment !== undefined) };
  }
  const over = base?.scheme === scheme ? base : undefined;
  if (scheme === "file:") return parseFile(bare, slashed, over);
  if (schemeText !== undefined && (over === undefined || slashed.startsWith("//")))
    return parseAuthority(bare, slashed.replace(/^\/+/, ""));
  return parseRelative(bare, slashed, over!);
}

/** An opaque path keeps its spaces, but for the last one in front of a query or fragment. */
function encodeOpaque(text: string, more: boolean): string {
  const encoded = encodePercent(text, controls);
  return more && encoded.endsWith(" ") ? `${encoded.slice(0, -1)}%20` : encoded;
}

function parseRelative(bare: Parts, text: string, base: Parts): Parts | undefined {
  if (typeof base.path === "string") {
    return text === "" && bare.query === null && bare.fragment !== null
      ? { ...base, fragment: bare.fragment }
      : undefined;
  }
  if (text.startsWith("//"))
    return parseAuthority(bare, isSpecial(bare.scheme) ? text.replace(/^\/+/, "") : text.slice(2));
  const { username, password, host, port } = base;
  const placed = { ...bare, username, password, host, port };
  if (text.startsWith("/")) return { ...placed, path: resolvePath([], text.slice(1), bare.scheme) };
  if (text === "") return { ...placed, path: base.path, query: bare.query ?? base.query };
  return { ...placed, path: resolvePath(shorten(base.path, bare.scheme), text, bare.scheme) };
}

function parseAuthority(bare: Parts, text: string): Parts | undefined {
  const special = isSpecial(bare.scheme);
  const end = text.indexOf("/");
  const [authority, pathText] = end === -1 ? [text, null] : [text.slice(0, end), text.slice(end + 1)];
  const at = authority.lastIndexOf("@");
  const [, username = "", password = ""] = /^([^:]*)(?::(.*))?$/s.exec(authority.slice(0, Math.max(at, 0)))!;
  const placed = parsePlace(authority.slice(at + 1), bare.scheme);
  if (placed === undefined || (placed.host === "" && (special || at !== -1))) return undefined;
  return {
    ...bare,
    ...placed,
    username: encodePercent(username, userSet),
    password: encodePercent(password, userSet),
    path: pathText === null ? (special ? [""] : []) : resolvePath([], pathText, bare.scheme),
  };
}

/** Reads host and port; undefined if they are none. */
export function parsePlace(text: string, scheme: string): { host: string; port: string } | undefined {
  const [, hostText, portText = ""] = /^((?:\[[^\]]*\]|[^:[])*)(?::(\d*))?$/s.exec(text) ?? [];
  if (
    hostText === undefined ||
    (hostText === "" && portText !== "") ||
    (hostText === "" && text.endsWith(":")) ||
    Number(portText) > 65_535
  )
    return undefined;
  const host = hostText === "" ? "" : parseHost(hostText, isSpecial(scheme));
  if (host === undefined) return undefined;
  const port = portText === "" ? "" : String(Number(portText));
  return { host, port: port === defaultPorts[scheme] ? "" : port };
}

const isDrive = (segment: string | undefined) => segment !== undefined && /^[a-z][:|]$/i.test(segment);
const startsWithDrive = (text: string) => /^[a-z][:|](?:\/|$)/i.test(text);

function parseFile(bare: Parts, text: string, base: Parts | undefined): Parts | undefined {
  const file = { ...bare, host: "" };
  const basePath = base === undefined || typeof base.path === "string" ? [] : base.path;
  if (text.startsWith("//")) {
    const [, hostText, pathText] = /^([^/]*)(.*)$/s.exec(text.slice(2)) as unknown as [string, string, string];
    if (isDrive(hostText)) return { ...file, path: resolvePath([], text.slice(2), "file:") };
    const host = hostText === "" ? "" : parseHost(hostText, true);
    return host === undefined
      ? undefined
      : { ...file, host: host === "localhost" ? "" : host, path: resolvePath([], pathText.slice(1), "file:") };
  }
  if (text.startsWith("/")) {
    const drive = isNormalDrive(basePath[0]) && !startsWithDrive(text.slice(1)) ? [basePath[0]!] : [];
    return { ...file, host: base?.host ?? "", path: resolvePath(drive, text.slice(1), "file:") };
  }
  if (base === undefined || startsWithDrive(text))
    return { ...file, host: base?.host ?? "", path: resolvePath([], text, "file:") };
  if (text === "") return { ...file, host: base.host, path: basePath, query: bare.query ?? base.query };
  return { ...file, host: base.host, path: resolvePath(shorten(basePath, "file:"), text, "file:") };
}

const isNormalDrive = (segment: string | undefined) => segment !== undefined && /^[a-z]:$/i.test(segment);

/** The path without its last segment; a drive stays. */
function shorten(path: readonly string[], scheme: string): string[] {
  return scheme === "file:" && path.length === 1 && isNormalDrive(path[0]) ? [...path] : path.slice(0, -1);
}

export function resolvePath(from: readonly string[], text: string, scheme: string): string[] {
  let path = [...from];
  const segments = text.split("/");
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (/^(?:\.|%2e){2}$/i.test(segment)) {
      path = shorten(path, scheme);
      if (last) path.push("");
    } else if (/^(?:\.|%2e)$/i.test(segment)) {
      if (last) path.push("");
    } else {
      const drive = scheme === "file:" && path.length === 0 && isDrive(segment);
      path.push(drive ? `${segment[0]!}:` : encodePercent(segment, pathSet));
    }
  }
  return path;
}

export function writePath({ path }: Parts): string {
  return typeof path === "string" ? path : path.map((segment) => `/${segment}`).join("");
}

export function writeUrl(parts: Parts): string {
  const { scheme, username, password, host, port, path, query, fragment } = parts;
  const user = username + (password === "" ? "" : `:${password}`);
  const place = host === null ? "" : `//${user === "" ? "" : `${user}@`}${host}${port === "" ? "" : `:${port}`}`;
  const guard = host === null && typeof path !== "string" && path.length > 1 && path[0] === "" ? "/." : "";
  return (
    scheme +
    place +
    guard +
    writePath(parts) +
    (query === null ? "" : `?${query}`) +
    (fragment === null ? "" : `#${fragment}`)
  );
}
