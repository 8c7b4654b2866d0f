/** What a Markdown text is made of, its words aside. */
export interface Parts {
  headings: number;
  codeBlocks: number;
  links: number;
}

/** Opens a block of code; so does a longer one, and only the same or a longer one closes it. */
const fence = /^ {0,3}(`{3,}|~{3,})/;
const heading = /^ {0,3}#{1,6}(?:\s|$)/;
/** `[text](target)`, be it a link or an image, and `<https://target>` that is not the target of one. */
const link = /\]\((?=[^)])|(?<!\]\()<https?:\/\/[^<>]+>/g;

export function countParts(text: string): Parts {
  const parts = { headings: 0, codeBlocks: 0, links: 0 };
  let opened = "";
  for (const line of text.split("\n")) {
    const mark = fence.exec(line)?.[1] ?? "";
    if (opened !== "") {
      if (mark.startsWith(opened)) opened = "";
    } else if (mark !== "") {
      opened = mark;
      parts.codeBlocks += 1;
    } else {
      parts.headings += heading.test(line) ? 1 : 0;
      parts.links += line.match(link)?.length ?? 0;
    }
  }
  return parts;
}

export function addParts(all: Parts[]): Parts {
  const total = (name: keyof Parts) => all.reduce((sum, parts) => sum + parts[name], 0);
  return { headings: total("headings"), codeBlocks: total("codeBlocks"), links: total("links") };
}
