/** What stands in these is text, whatever it looks like. */
const rawText = new Set(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"]);

const opening = /<([a-z][^\s/>]*)/iy;
const attribute = /[\s/]*([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']?[^\s>]*)))?/y;

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The pages that an HTML page links to: each once, in order, without the part behind `#`. */
export function findLinks(html: string, url: string): string[] {
  const links = new Set<string>();
  let base = url;
  let hasBase = false;
  for (const [name, attributes] of readTags(html)) {
    const href = attributes.get("href");
    if (href === undefined) continue;
    if (name === "base" && !hasBase) {
      hasBase = true;
      base = URL.parse(href, url)?.href ?? url;
    }
    if (name !== "a" && name !== "area") continue;
    const link = URL.parse(href.trim(), base);
    if (link === null || !/^https?:$/.test(link.protocol)) continue;
    link.hash = "";
    links.add(link.href);
  }
  return [...links];
}

function* readTags(html: string): Iterable<[name: string, attributes: Map<string, string>]> {
  for (let at = html.indexOf("<"); at !== -1; at = html.indexOf("<", at)) {
    if (html.startsWith("<!--", at)) {
      const end = html.indexOf("-->", at + 2);
      if (end === -1) return;
      at = end + 3;
      continue;
    }
    opening.lastIndex = at;
    const name = opening.exec(html)?.[1]!.toLowerCase();
    if (name === undefined) {
      at += 1;
      continue;
    }
    const attributes = new Map<string, string>();
    at = readAttributes(html, opening.lastIndex, attributes);
    // A tag that is cut off is none.
    if (html[at] !== ">") return;
    yield [name, attributes];
    if (rawText.has(name)) at = findEnd(html, name, at);
  }
}

/** Returns where the tag ends. The first attribute of a name counts. */
function readAttributes(html: string, from: number, attributes: Map<string, string>): number {
  let at = from;
  for (attribute.lastIndex = at; ; at = attribute.lastIndex) {
    const found = attribute.exec(html);
    if (found === null) break;
    const [, name, ...values] = found;
    const value = values.find((each) => each !== undefined) ?? "";
    if (!attributes.has(name!.toLowerCase())) attributes.set(name!.toLowerCase(), decode(value));
  }
  while (at < html.length && /[\s/=]/.test(html[at]!)) at += 1;
  return at;
}

function findEnd(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}(?=[\\s/>])`, "gi");
  end.lastIndex = from;
  return end.exec(html)?.index ?? html.length;
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : "\ufffd";
  });
}
