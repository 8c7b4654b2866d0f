import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Page } from "../../guests/crawl/index.ts";
import { eventually, Workplace } from "./planaria.ts";
import { Site } from "./site.ts";

/** A number below a limit, always the same one for a seed. */
const draw = (limit: number, seed: string) => Number.parseInt(hash("sha256", seed).slice(0, 8), 16) % limit;

/** `PLANARIA_SEED=… npm test` repeats a run, as far as its kills depend on the seed. */
const seed = Number(process.env["PLANARIA_SEED"] ?? Date.now());

/** The same crawl, as plain as can be: the oracle. */
async function crawlPlainly(url: string, depth: number, host: string): Promise<Page> {
  const { status, links } = await readPlainly(url, host);
  const children = await Promise.all((depth > 0 ? links : []).map((link) => crawlPlainly(link, depth - 1, host)));
  return { url, depth, status, links, children };
}

async function readPlainly(url: string, host: string): Promise<Pick<Page, "status" | "links">> {
  if (new URL(url).host !== host) return { status: "http/denied", links: [] };
  const response = await fetch(url).catch(() => fetch(url));
  const html = await response.text();
  if (html.length > 1_000_000) return { status: "http/too-large", links: [] };
  const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => new URL(href!, response.url).href);
  return { status: response.status, links: response.ok ? [...new Set(links)] : [] };
}

function flatten(page: Page): Page[] {
  return [page, ...page.children.flatMap(flatten)];
}

describe("a crawl over HTTP", () => {
  test("that is killed again and again finds what a plain one finds, and repeats itself under the same keys", async () => {
    await using site = await Site.open();
    await using place = new Workplace();
    const start = `http://${site.host}/`;
    const wanted = await crawlPlainly(start, 3, site.host);
    const visits = flatten(wanted).filter(({ status }) => status !== "http/denied").length;
    expect(visits).toBeGreaterThan(200);
    site.requests.length = 0;

    const guest = await place.build("guests/crawl");
    const command = ["run", guest, `crawl("${start}", 3)`, "--key", "k", "--allow-host", site.host, "--json"];
    for (let kills = 0; kills < 5; kills += 1) {
      const before = site.requests.length;
      const running = place.start(command);
      const enough = before + 1 + draw(50, `${seed} ${kills}`);
      const amid = eventually("it has asked for more", () =>
        site.requests.length >= enough || running.process.exitCode !== null ? true : undefined,
      );
      await Promise.race([amid, running.ended]);
      await running.kill();
    }
    const ended = await place.run(...command);

    const reproduce = `PLANARIA_SEED=${seed}`;
    expect(ended, reproduce).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(ended.stdout), reproduce).toEqual(wanted);
    const keys = new Map<string | undefined, string[]>();
    for (const { key, path } of site.requests) keys.set(key, [...(keys.get(key) ?? []), path]);
    // A key for each visit, and none more: whatever was repeated bore the one that it had before.
    expect(keys.size, reproduce).toBe(visits);
    expect(
      [...keys.values()].some((paths) => new Set(paths).size < paths.length),
      reproduce,
    ).toBe(true);
    expect(
      [...keys.keys()].every((key) => /^crawl\[[\da-f-]{36}\]#1$/.test(key ?? "")),
      reproduce,
    ).toBe(true);
  });

  test("without --allow-host is denied, with a hint, and asks for nothing", async () => {
    await using site = await Site.open();
    await using place = new Workplace();
    const guest = await place.build("guests/crawl");
    const denied = (await place.json("run", guest, `crawl("http://${site.host}/", 3)`)) as Page;
    expect(denied).toMatchObject({ status: "http/denied", links: [], children: [] });
    const other = await place.json(
      "run",
      guest,
      `crawl("http://${site.host}/", 0)`,
      "--allow-host",
      "localhost,*.test",
    );
    expect(other).toMatchObject({ status: "http/denied" });
    expect(site.requests).toEqual([]);
    const code = `export async function get(url: string) { return (await fetch(url)).text(); }`;
    const ended = await place.run("run", place.write("get.ts", code), `get("http://${site.host}/")`);
    expect(ended.exitCode).not.toBe(0);
    expect(ended.stderr).toContain(`--allow-host ${site.host}`);
  });

  test("is replayed without a network", async () => {
    await using place = new Workplace();
    const guest = await place.build("guests/crawl");
    {
      await using site = await Site.open();
      await place.json("run", guest, `crawl("http://${site.host}/", 0)`, "--key", "k", "--allow-host", site.host);
    }
    const agents = (await place.json("agents", "--all")) as { id: string }[];
    const { stdout, exitCode } = await place.run("replay", agents[0]!.id, "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ memory: expect.stringMatching(/^[\da-f]{64}$/) });
  });
});
