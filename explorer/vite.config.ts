import { defineConfig } from "vite";

// One script and one style sheet with hashed names. The server reads the manifest to find them.
export default defineConfig({
  base: "/assets/",
  worker: { format: "es" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsDir: ".",
    manifest: "manifest.json",
    chunkSizeWarningLimit: 2_000,
    rollupOptions: { input: "src/main.ts" },
  },
});
