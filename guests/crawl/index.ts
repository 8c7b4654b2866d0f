import { hasCode, rpc } from "planaria/guest";
import { findLinks } from "./links.ts";

/** A page, and below it the pages that it links to. */
export interface Page {
  url: string;
  depth: number;
  /** How the server answered; or the code of the failure, if there was no answer. */
  status: number | string;
  links: string[];
  children: Page[];
}

/** Longer pages are not read. */
const limitBytes = 1_000_000;

/** Follows links, with an agent of its own for every page: a tree of calls as deep as `depth` says. */
export async function crawl(url: string, depth = 1): Promise<Page> {
  const { status, links } = await readPage(url);
  const ahead = depth > 0 ? links : [];
  const children = await Promise.all(ahead.map((link) => rpc(crawl, [link, depth - 1])));
  return { url, depth, status, links, children };
}

/** How many pages there are in such a tree, and how many of them could not be read. */
export async function measure(url: string, depth = 1) {
  const pages = flatten(await crawl(url, depth));
  return {
    visits: pages.length,
    pages: new Set(pages.map((page) => page.url)).size,
    missing: new Set(pages.filter(({ status }) => status !== 200).map((page) => page.url)).size,
  };
}

/** A page that can't be read has no links; that is no reason to give the others up. */
async function readPage(url: string): Promise<Pick<Page, "status" | "links">> {
  try {
    const response = await fetch(url, { headers: { accept: "text/html" }, limitBytes, retry: { attempts: 3 } });
    const isHtml = response.ok && /^text\/html\b/i.test(response.headers.get("content-type") ?? "");
    return { status: response.status, links: isHtml ? findLinks(await response.text(), response.url) : [] };
  } catch (error) {
    const code = ["http/denied", "http/failed", "http/timed-out", "http/too-large"].find((each) =>
      hasCode(error, each),
    );
    if (code === undefined) throw error;
    return { status: code, links: [] };
  }
}

function flatten(page: Page): Page[] {
  return [page, ...page.children.flatMap(flatten)];
}
