import { homedir } from "node:os";
import { join } from "node:path";

/** Where builds are kept between runs: `$PLANARIA_CACHE`, else `$XDG_CACHE_HOME/planaria`, else `~/.cache/planaria`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env["PLANARIA_CACHE"]) return env["PLANARIA_CACHE"];
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "planaria");
}
