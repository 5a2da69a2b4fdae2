// The browser-only edition: the same front end with another engine behind "#engine", and all it needs beside the page.

import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";
import { kernel } from "./kernel/vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const MODEL = process.env.ADACOLVIT_WEB_MODEL ?? here("../build/model"); // of `adacolvit export --format web`
const DESCRIPTION = "model.json"; // names the network; those exported before it may lie beside it
const RUNTIME = here("node_modules/onnxruntime-web/dist");
const CONDITION = "browser-only"; // of the package's "imports"
// The network loads from files beside the page alone, and nothing else is ever asked for.
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "img-src 'self' blob: data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function filesIn(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesIn(folder, `${below}${entry.name}/`) : [below + entry.name]))
    .sort();
}

/** Puts network and runtime beside the page, and tells the service worker which files there are. */
function standAlone(): Plugin {
  let out = "";
  return {
    name: "stand-alone",
    configResolved: (config) => void (out = config.build.outDir),
    transformIndexHtml: () => [
      { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
    ],
    writeBundle() {
      for (const folder of ["model", "wasm"]) mkdirSync(join(out, folder), { recursive: true });
      const { file } = JSON.parse(readFileSync(join(MODEL, DESCRIPTION), "utf8")) as { file: string };
      for (const name of [DESCRIPTION, file]) copyFileSync(join(MODEL, name), join(out, "model", name));
      // Many hosts know what .js is and not what .mjs is.
      copyFileSync(join(RUNTIME, "ort-wasm-simd-threaded.mjs"), join(out, "wasm", "runtime.js"));
      copyFileSync(join(RUNTIME, "ort-wasm-simd-threaded.wasm"), join(out, "wasm", "runtime.wasm"));
      const files = filesIn(out).filter((name) => name !== "offline.js");
      const hash = createHash("sha256");
      for (const name of files) hash.update(name).update(readFileSync(join(out, name)));
      const edition = { version: hash.digest("hex").slice(0, 16), files };
      const script = readFileSync(join(out, "offline.js"), "utf8");
      if (!script.includes("EDITION")) this.error("offline.js has no place for the list of files");
      writeFileSync(join(out, "offline.js"), script.replace("EDITION", JSON.stringify(edition)));
    },
  };
}

export default defineConfig({
  base: "./",
  resolve: { conditions: [CONDITION, "onnxruntime-web-use-extern-wasm", ...defaultClientConditions] },
  plugins: [kernel(), standAlone()],
  worker: { format: "es", rollupOptions: { output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" } } },
  build: {
    outDir: here("../dist/web"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      input: { app: here("index.html"), offline: here("src/engine/local/offline.ts") },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: ({ names }) => (names[0]?.endsWith(".jpg") ? "samples/[name][extname]" : "[name][extname]"),
      },
    },
  },
});
