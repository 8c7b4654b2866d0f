import { defineConfig } from "vitest/config";

// The first condition makes `planaria`, `planaria/guest` and `planaria/testing` mean this clone's own sources;
// the others are Vite's own for a server.
const conditions = ["planaria-source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "in-process",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "**/node_modules/**"],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        // Each test starts processes, and the first one builds guests.
        test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], testTimeout: 90_000, hookTimeout: 90_000 },
      },
    ],
  },
});
