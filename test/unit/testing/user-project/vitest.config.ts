import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "imported", include: ["imported.spec.ts"] } },
      { test: { name: "set-up", include: ["set-up.spec.ts"], setupFiles: ["planaria/testing"] } },
    ],
  },
});
