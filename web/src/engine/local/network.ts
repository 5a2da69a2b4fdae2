// The network in ONNX Runtime's WebAssembly, on files that lie beside the page.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { checkBudget } from "./budget";
import { AB_SCALE } from "./encoder";
import type { Config, Decisions } from "./cost";
import { sinePositions } from "./positions";

/** What lies beside the model's file; `adacolvit export --format web` writes both. */
interface Description {
  name: string;
  file: string;
  config: Config;
}

export class Network {
  private constructor(
    readonly config: Config,
    private readonly session: InferenceSession,
  ) {}

  /** `base`: where the page lies. Throws where a file is missing or the browser cannot run it. */
  static async load(base: string): Promise<Network> {
    const get = async (path: string) => {
      const reply = await fetch(new URL(path, base));
      if (!reply.ok) throw new Error(`${path}: ${reply.status} ${reply.statusText}`);
      return reply;
    };
    env.wasm.wasmPaths = { mjs: new URL("wasm/runtime.js", base).href, wasm: new URL("wasm/runtime.wasm", base).href };
    // Threads share memory, which browsers allow to isolated pages alone; offline.ts isolates this one from its second visit on.
    env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
    const { file, config } = (await (await get("model/model.json")).json()) as Description;
    const model = new Uint8Array(await (await get(`model/${file}`)).arrayBuffer());
    return new Network(config, await InferenceSession.create(model, { executionProviders: ["wasm"] }));
  }

  /** x: (4, rows * 16, columns * 16) of the encoder -> planes a and b in Lab units, and what was decided. */
  async run(
    x: Float32Array<ArrayBuffer>, rows: number, columns: number, wanted: number | null,
  ): Promise<{ ab: Float32Array[]; decisions: Decisions }> {
    const { width, depth, adaptive } = this.config;
    const budget = checkBudget(this.config, wanted);
    const patches = rows * columns;
    const output = await this.session.run({
      x: new Tensor("float32", x, [1, 4, rows * 16, columns * 16]),
      positions: new Tensor("float32", sinePositions(rows, columns, width), [patches, width]),
      ...(budget !== null && { budget: new Tensor("float32", [budget], [1]) }),
    });
    const ab = (output.ab!.data as Float32Array).map((v) => v * AB_SCALE);
    const decisions = adaptive
      ? { layers: output.layers!.data as Uint8Array, patches: output.patches!.data as Uint8Array, budget }
      : { layers: new Uint8Array(2 * depth).fill(1), patches: new Uint8Array(2 * depth * patches).fill(1), budget };
    return { ab: [ab.subarray(0, ab.length / 2), ab.subarray(ab.length / 2)], decisions };
  }
}
