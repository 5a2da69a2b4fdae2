// What a run of the network took, in multiply-accumulates; see adacolvit/model/cost.py, whose formulas these are.

import type { components } from "../schema";
import { PATCH } from "./frame";

type Effort = components["schemas"]["Effort"];

/** Of the network, as adacolvit/model/config.py writes it. */
export interface Config {
  width: number;
  depth: number;
  heads: number;
  mlp_ratio: number;
  groups: number;
  adaptive: boolean;
  head_kernel: number;
  head_rank: number;
  /** (depth, 2, 3) where channels inside the layers are not the usual ones; files of before have none. */
  slim?: [Widths, Widths][];
  budget_knots: number;
  least_budget: number;
  budget: number;
}

/** What the network decided: (depth, 2) layers ran or not, (depth, 2, patches) patches took the full path or not. */
export interface Decisions {
  layers: Uint8Array;
  patches: Uint8Array;
  /** What it ran at; null where it takes none. */
  budget: number | null;
}

type Widths = [keys: number, values: number, hidden: number];

/** Of a block's base and extra part. */
function widthsOf({ width, heads, mlp_ratio, groups, adaptive, slim }: Config, block: number): [Widths, Widths] {
  if (slim?.length) return slim[block]!;
  const [head, hidden] = [width / heads, mlp_ratio * width];
  const share = adaptive ? groups : 1;
  const [d, h] = [head / share, hidden / share];
  return [[d, d, h], [head - d, head - d, hidden - h]];
}

/** A layer that ran, with its decisions about patches; `tokens` and `kept` count the policy token. */
function layerMacs(config: Config, block: number, attention: boolean, tokens: number, kept: number): number {
  const { width, heads } = config;
  const [base, extra] = widthsOf(config, block).map(([keys, values, hidden]) => (attention ? keys + values : hidden)) as [number, number];
  const projections = 2 * width * (tokens * base + kept * extra);
  return attention ? heads * (projections + tokens ** 2 * base + kept ** 2 * extra) : projections;
}

export function effortOf(config: Config, rows: number, columns: number, decisions: Decisions, ms: number, wantsLayers: boolean): Effort {
  const { width, depth, adaptive, head_kernel, head_rank } = config;
  const count = rows * columns;
  const policy = adaptive ? 1 : 0;
  const tokens = count + policy;
  const [neighbors, painted] = [head_kernel ** 2 * width, 2 * PATCH ** 2];
  const head = head_rank ? head_rank * (neighbors + painted) : neighbors * painted;
  const fixed = count * (4 * PATCH ** 2 * width + head) + (adaptive ? 2 * depth * width : 0);
  const deciding = adaptive ? width * count : 0;
  let [macs, dense] = [fixed, fixed];
  const shares = new Float64Array(count);
  const layers = Array.from({ length: depth }, (_, block) => {
    const [attention, ffn] = [0, 1].map((which) => {
      const at = 2 * block + which;
      const ran = decisions.layers[at] === 1;
      const kept = decisions.patches.subarray(at * count, (at + 1) * count);
      const number = kept.reduce((sum, v) => sum + v, 0);
      kept.forEach((v, i) => (shares[i]! += v));
      const took = ran ? layerMacs(config, block, which === 0, tokens, number + policy) + deciding : 0;
      macs += took;
      dense += layerMacs(config, block, which === 0, tokens, tokens) + deciding;
      return { ran, share: number / count, took, patches: wantsLayers ? kept.join("") : "" };
    }) as [Step, Step];
    return {
      attention: attention.ran,
      ffn: ffn.ran,
      attention_kept: attention.share,
      ffn_kept: ffn.share,
      attention_macs: attention.took,
      ffn_macs: ffn.took,
      attention_patches: attention.patches,
      ffn_patches: ffn.patches,
    };
  });
  const patches = Array.from(shares, (sum) => Math.round((1000 * sum) / (2 * depth)) / 1000);
  const each = wantsLayers ? { patches, layers } : {};
  const { budget } = decisions;
  const budgets = budget === null ? {} : { budget, least_budget: config.least_budget, usual_budget: config.budget };
  return { macs, dense_macs: dense, milliseconds: ms, rows, columns, ...each, ...budgets };
}

interface Step {
  ran: boolean;
  share: number;
  took: number;
  patches: string;
}
