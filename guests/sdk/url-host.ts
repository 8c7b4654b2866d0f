import { decodePercent } from "./url-search-params.ts";

/**
 * Reads the host of a URL and writes it as the URL standard does; undefined if it is none.
 *
 * Of the Unicode rules for domains (UTS #46) it has compatibility forms, lower case and Punycode, without the tables of
 * what is not allowed.
 */
export function parseHost(text: string, special: boolean): string | undefined {
  if (text.startsWith("[")) return text.endsWith("]") ? parseIpv6(text.slice(1, -1)) : undefined;
  if (!special) return /[\0\t\n\r #/:<>?@[\\\]^|]/.test(text) ? undefined : encodePercent(text, controls);
  const domain = toAscii(decodePercent(text.toWellFormed()));
  if (
    domain === undefined ||
    domain === "" ||
    /[\0-\x20#%/:<>?@[\\\]^|\x7f]/.test(domain) ||
    domain.split(".").includes("xn--")
  )
    return undefined;
  return /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i.test(domain) ? parseIpv4(domain) : domain;
}

/** C0 controls, and all that is not ASCII. */
export const controls = /[^\x20-\x7e]/gu;

export function encodePercent(text: string, set: RegExp): string {
  return text.toWellFormed().replace(set, (character) => {
    const code = character.codePointAt(0)!;
    return code > 0x7f ? encodeURIComponent(character) : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  });
}

function toAscii(domain: string): string | undefined {
  if (domain.includes("\ufffd")) return undefined;
  const mapped = domain
    .replace(/\u00ad|\u200b|\u2060|\ufeff|[\u{fe00}-\u{fe0f}]/gu, "")
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFKC")
    .replaceAll("\u3002", ".");
  return mapped
    .split(".")
    .map((label) => (/[^\0-\x7f]/.test(label) ? `xn--${toPunycode(label)}` : label))
    .join(".");
}

function parseIpv4(text: string): string | undefined {
  const parts = text.replace(/\.$/, "").split(".");
  if (parts.length > 4) return undefined;
  const numbers = parts.map((part) => {
    if (/^0x[\da-f]*$/i.test(part)) return part.length === 2 ? 0 : Number.parseInt(part, 16);
    if (/^0[0-7]*$/.test(part)) return Number.parseInt(part, 8);
    return /^[1-9]\d*$/.test(part) ? Number(part) : Number.NaN;
  });
  const last = numbers.pop()!;
  if (!(last < 256 ** (4 - numbers.length)) || !numbers.every((number) => number < 256)) return undefined;
  const address = numbers.reduce((sum, number, index) => sum + number * 256 ** (3 - index), last);
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

function parseIpv6(text: string): string | undefined {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  let hex = text;
  if (dotted) {
    const bytes = dotted.slice(2);
    if (bytes.some((byte) => !/^(?:0|[1-9]\d{0,2})$/.test(byte) || Number(byte) > 255)) return undefined;
    const [a, b, c, d] = bytes.map(Number) as [number, number, number, number];
    hex = `${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const halves = hex.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const pieces = halves.flat();
  if (halves.length > 2 || pieces.some((piece) => !/^[\da-f]{1,4}$/i.test(piece))) return undefined;
  if (halves.length === 1 ? pieces.length !== 8 : pieces.length > 7) return undefined;
  const zeros = Array.from({ length: 8 - pieces.length }, () => "0");
  return writeIpv6([...halves[0]!, ...zeros, ...(halves[1] ?? [])].map((piece) => Number.parseInt(piece, 16)));
}

/** The longest row of zeros becomes `::`, the first one if there are several. */
function writeIpv6(pieces: number[]): string {
  let [from, to] = [0, 0];
  for (let i = 0; i < 8; i += 1) {
    let end = i;
    while (pieces[end] === 0) end += 1;
    if (end - i > Math.max(to - from, 1)) [from, to] = [i, end];
  }
  const hex = pieces.map((piece) => piece.toString(16));
  return to === 0 ? `[${hex.join(":")}]` : `[${hex.slice(0, from).join(":")}::${hex.slice(to).join(":")}]`;
}

/** Source: RFC 3492, section 6.3. */
function toPunycode(label: string): string {
  const points = Array.from(label, (character) => character.codePointAt(0)!);
  let output = points
    .filter((point) => point < 0x80)
    .map((point) => String.fromCharCode(point))
    .join("");
  const basic = output.length;
  if (basic > 0) output += "-";
  let [handled, bound, delta, bias] = [basic, 0x80, 0, 72];
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= bound));
    delta += (next - bound) * (handled + 1);
    bound = next;
    for (const point of points) {
      if (point < bound) delta += 1;
      if (point !== bound) continue;
      output += writeDelta(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic);
      delta = 0;
      handled += 1;
    }
    delta += 1;
    bound += 1;
  }
  return output;
}

const digits = "abcdefghijklmnopqrstuvwxyz0123456789";

function writeDelta(delta: number, bias: number): string {
  let output = "";
  let rest = delta;
  for (let k = 36; ; k += 36) {
    const threshold = Math.min(Math.max(k - bias, 1), 26);
    if (rest < threshold) return output + digits[rest]!;
    output += digits[threshold + ((rest - threshold) % (36 - threshold))]!;
    rest = Math.floor((rest - threshold) / (36 - threshold));
  }
}

function adapt(delta: number, count: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? 700 : 2));
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}
