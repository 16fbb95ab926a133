import { defineConfig } from "vite";

// A small script with a hashed name, which the server finds in the manifest, and parts that it loads where they are wanted.
export default defineConfig({
  base: "/assets/",
  worker: { format: "es" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsDir: ".",
    manifest: "manifest.json",
    chunkSizeWarningLimit: 2_000,
    // Knows light-dark(); written for older ones, it would look for a colour scheme in the same sheet.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rollupOptions: {
      input: "src/main.ts",
      // YASQE holds a JSON reader for browsers of long ago that falls back to eval; the pages' policy forbids that anyway.
      checks: { eval: false },
    },
  },
});
