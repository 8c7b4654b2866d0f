import { defineConfig } from "vitest/config";

// The first condition makes `planaria`, `planaria/guest` and `planaria/testing` mean this clone's own sources;
// the others are Vite's own for a server.
const conditions = ["planaria-source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
  },
});
