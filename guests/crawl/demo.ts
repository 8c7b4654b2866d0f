import { createServer } from "node:http";

// A small web to crawl, with a dead link, a page that has moved, and one that leads out of it.

const links: Record<string, string[]> = {
  "/": ["/worms", "/flies", "/old"],
  "/worms": ["/", "/flies", "/worms/planaria"],
  "/worms/planaria": ["/worms", "/lost"],
  "/flies": ["/", "https://example.com/"],
};

createServer(({ url = "/" }, response) => {
  const known = links[url];
  if (url === "/old") response.writeHead(301, { location: "/worms" });
  else response.writeHead(known ? 200 : 404, { "content-type": "text/html" });
  response.end((known ?? []).map((link) => `<a href="${link}">${link}</a>`).join("\n"));
}).listen(8017, "localhost");
