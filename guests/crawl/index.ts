import { PlanariaError, rpc } from "planaria/guest";

/** Which pages link to which. */
export type Web = Record<string, string[]>;

interface Page {
  page: string;
  depth: number;
  links: Page[];
}

/** Follows links, with an agent of its own for every page: a tree of calls as deep as the web is. */
export async function crawl(web: Web, page: string, depth = 3): Promise<Page> {
  return visit(web, page, depth, []);
}

export async function visit(web: Web, page: string, depth: number, above: string[]): Promise<Page> {
  const links = web[page];
  if (links === undefined)
    throw new PlanariaError(
      "crawl/dead-link",
      `${above.at(-1) ?? "the start"} links to ${page}, which does not exist.`,
    );
  const ahead = depth > 0 ? links.filter((link) => link !== page && !above.includes(link)) : [];
  const below = await Promise.all(ahead.map((link) => rpc(visit, [web, link, depth - 1, [...above, page]])));
  return { page, depth: above.length, links: below };
}

/** How many pages there are in a tree of them, and how deep it is. */
export async function measure(web: Web, page: string, depth = 3) {
  const pages = flatten(await crawl(web, page, depth));
  return {
    visits: pages.length,
    pages: new Set(pages.map((found) => found.page)).size,
    deepest: Math.max(...pages.map((found) => found.depth)),
  };
}

function flatten(page: Page): Page[] {
  return [page, ...page.links.flatMap(flatten)];
}
