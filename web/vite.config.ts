import { defineConfig } from "vite";
import { kernel } from "./kernel/vite";

// The built files are committed and shipped in the package, so that nobody needs Node to run the app.
export default defineConfig({
  plugins: [kernel()],
  base: "./", // relative addresses: the app works behind a proxy that puts it under a path of its own
  build: {
    outDir: "../src/adacolvit/app/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy allows no data: URLs but pictures
    modulePreload: { polyfill: false },
    rollupOptions: {
      // Plain names make readable differences; the server has browsers ask again each time, which is cheap on one machine.
      output: { entryFileNames: "app.js", assetFileNames: "app[extname]" },
    },
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:7862", ws: true } } },
});
