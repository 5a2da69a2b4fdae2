// Compiles the kernel before anything is bundled.

import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const OPTIONS = ["--runtime", "stub", "--enable", "simd", "-O3", "--noAssert", "--importMemory", "--initialMemory", "1"];
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const kernel = (): Plugin => ({
  name: "kernel",
  buildStart() {
    const [sources, made] = [["rows.ts", "guide.ts"].map(here), here("loops.wasm")];
    if (existsSync(made) && sources.every((source) => statSync(made).mtimeMs > statSync(source).mtimeMs)) return;
    execFileSync(process.execPath, [here("../node_modules/assemblyscript/bin/asc.js"), ...sources, "-o", made, ...OPTIONS]);
  },
});
