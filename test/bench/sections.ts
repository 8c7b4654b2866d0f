/** The commands that write `RESULTS.md` have sections of their own in it: a line `## TITLE`, and all up to the next. */
export const peersTitle = "Peers";
export const historyTitle = "History";

/** The lines under a title, without those of the sections behind. */
export function sectionOf(text: string, title: string): string {
  return (
    parts(text)
      .find((part) => isTitled(part, title))
      ?.replace(/^.*\n?/, "")
      .trim() ?? ""
  );
}

/** The text with other lines under a title; a section that is not there yet comes last. */
export function replaceSection(text: string, title: string, lines: string): string {
  const section = `## ${title}\n\n${lines.trim()}\n`;
  const all = parts(text);
  const at = all.findIndex((part) => isTitled(part, title));
  if (at === -1) all.push(section);
  else all[at] = section;
  return `${all
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
}

const parts = (text: string) => text.split(/^(?=## )/m);

const isTitled = (part: string, title: string) => part.split("\n", 1)[0] === `## ${title}`;
