// The compiled inner loops of kernel/: one module, of which everybody has an instance with memory of its own.

import address from "../../kernel/loops.wasm?url";

let compiled: Promise<WebAssembly.Module> | null = null;

/** Fails where the browser has no WebAssembly with vectors; where the page's host is away it may work later. */
export function loops(): Promise<WebAssembly.Module> {
  compiled ??= fetch(address)
    .then((reply) => {
      if (!reply.ok) throw new Error(reply.statusText); // else what says so would be compiled
      return reply.arrayBuffer();
    })
    .then((code) => WebAssembly.compile(code))
    .catch((error: unknown) => {
      compiled = null;
      throw error;
    });
  return compiled;
}
