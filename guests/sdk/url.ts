import { encodePercent } from "./url-host.ts";
import {
  defaultPorts,
  fragmentSet,
  isSpecial,
  parsePlace,
  parseUrl,
  querySet,
  resolvePath,
  specialQuerySet,
  userSet,
  writePath,
  writeUrl,
  type Parts,
} from "./url-parts.ts";
import { replacePairs, URLSearchParams } from "./url-search-params.ts";

/** As the URL standard has it, but for the finer rules of Unicode in domains. */
export class URL {
  #parts: Parts;
  readonly #params: URLSearchParams;

  constructor(url: unknown, base?: unknown) {
    const parts = parseWithBase(url, base);
    if (parts === undefined) throw new TypeError(`Invalid URL: ${JSON.stringify(String(url))}`);
    this.#parts = parts;
    this.#params = new URLSearchParams("", () => {
      const query = this.#params.toString();
      this.#parts = { ...this.#parts, query: query === "" ? null : query };
    });
    replacePairs(this.#params, parts.query ?? "");
  }

  static canParse(url: unknown, base?: unknown): boolean {
    return parseWithBase(url, base) !== undefined;
  }

  static parse(url: unknown, base?: unknown): URL | null {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }

  get href(): string {
    return writeUrl(this.#parts);
  }

  set href(href: string) {
    const parts = parseUrl(String(href));
    if (parts === undefined) throw new TypeError(`Invalid URL: ${JSON.stringify(String(href))}`);
    this.#parts = parts;
    replacePairs(this.#params, parts.query ?? "");
  }

  get origin(): string {
    const { scheme } = this.#parts;
    if (scheme === "blob:") {
      const inner = parseUrl(this.pathname);
      return inner !== undefined && /^https?:$/.test(inner.scheme) ? new URL(writeUrl(inner)).origin : "null";
    }
    return isSpecial(scheme) && scheme !== "file:" ? `${scheme}//${this.host}` : "null";
  }

  get protocol(): string {
    return this.#parts.scheme;
  }

  set protocol(protocol: string) {
    const scheme = /^[a-z][a-z\d+.-]*(?=:|$)/i.exec(String(protocol).replace(/[\t\n\r]/g, ""))?.[0].toLowerCase();
    const { scheme: before, host, username, password, port } = this.#parts;
    if (scheme === undefined || isSpecial(`${scheme}:`) !== isSpecial(before)) return;
    if (scheme === "file" ? username !== "" || password !== "" || port !== "" : before === "file:" && host === "")
      return;
    this.#parts = { ...this.#parts, scheme: `${scheme}:`, port: port === defaultPorts[`${scheme}:`] ? "" : port };
  }

  get username(): string {
    return this.#parts.username;
  }

  set username(username: string) {
    if (this.#hasPlace()) this.#parts = { ...this.#parts, username: encodePercent(String(username), userSet) };
  }

  get password(): string {
    return this.#parts.password;
  }

  set password(password: string) {
    if (this.#hasPlace()) this.#parts = { ...this.#parts, password: encodePercent(String(password), userSet) };
  }

  get host(): string {
    const { host, port } = this.#parts;
    return (host ?? "") + (port === "" ? "" : `:${port}`);
  }

  set host(host: string) {
    this.#place(host, true);
  }

  get hostname(): string {
    return this.#parts.host ?? "";
  }

  set hostname(hostname: string) {
    this.#place(hostname, false);
  }

  get port(): string {
    return this.#parts.port;
  }

  set port(port: string) {
    if (!this.#hasPlace()) return;
    const number = /^\d*/.exec(String(port).replace(/[\t\n\r]/g, ""))![0];
    if ((number === "" && String(port) !== "") || Number(number) > 65_535) return;
    const written = number === "" ? "" : String(Number(number));
    this.#parts = { ...this.#parts, port: written === defaultPorts[this.#parts.scheme] ? "" : written };
  }

  get pathname(): string {
    return writePath(this.#parts);
  }

  set pathname(pathname: string) {
    const { scheme, path, host } = this.#parts;
    if (typeof path === "string") return;
    const text = String(pathname).replace(/[\t\n\r]/g, "");
    const slashed = isSpecial(scheme) ? text.replaceAll("\\", "/") : text;
    const empty = slashed === "" && !isSpecial(scheme) && host !== null;
    this.#parts = {
      ...this.#parts,
      path: empty
        ? []
        : resolvePath(
            [],
            slashed.replace(/^\//, "").replace(/[?#]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
            scheme,
          ),
    };
  }

  get search(): string {
    return this.#parts.query ? `?${this.#parts.query}` : "";
  }

  set search(search: string) {
    const text = String(search);
    const set = isSpecial(this.#parts.scheme) ? specialQuerySet : querySet;
    const query = text === "" ? null : encodePercent(text.replace(/^\?/, "").replace(/[\t\n\r]/g, ""), set);
    this.#parts = { ...this.#parts, query };
    replacePairs(this.#params, query ?? "");
  }

  get searchParams(): URLSearchParams {
    return this.#params;
  }

  get hash(): string {
    return this.#parts.fragment ? `#${this.#parts.fragment}` : "";
  }

  set hash(hash: string) {
    const text = String(hash);
    const fragment = text === "" ? null : encodePercent(text.replace(/^#/, "").replace(/[\t\n\r]/g, ""), fragmentSet);
    this.#parts = { ...this.#parts, fragment };
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  /** Whether the URL can have a user and a port. */
  #hasPlace(): boolean {
    return (this.#parts.host ?? "") !== "" && this.#parts.scheme !== "file:";
  }

  #place(text: unknown, withPort: boolean): void {
    const { scheme, path, username, password, port } = this.#parts;
    if (typeof path === "string") return;
    const special = isSpecial(scheme);
    const [authority] = String(text)
      .replace(/[\t\n\r]/g, "")
      .split(special ? /[/\\?#]/ : /[/?#]/, 1) as [string];
    const [, hostText, portText = ""] = /^((?:\[[^\]]*\]|[^:[])*)(?::(\d*).*)?$/s.exec(authority) ?? [];
    const hasColon = authority.length > (hostText ?? "").length;
    if (hostText === undefined || (hasColon && (!withPort || scheme === "file:" || hostText === ""))) return;
    const newPort = withPort && portText && Number(portText) <= 65_535;
    const placed = parsePlace(newPort ? `${hostText}:${portText}` : hostText, scheme);
    if (
      placed === undefined ||
      (placed.host === "" && ((special && scheme !== "file:") || username !== "" || password !== "" || port !== ""))
    )
      return;
    this.#parts = {
      ...this.#parts,
      host: placed.host === "localhost" && scheme === "file:" ? "" : placed.host,
      port: newPort ? placed.port : port,
    };
  }
}

function parseWithBase(url: unknown, base: unknown): Parts | undefined {
  if (base === undefined) return parseUrl(String(url));
  const parts = parseUrl(String(base));
  return parts && parseUrl(String(url), parts);
}
