// The network's answer to hints, refined; see predict in adacolvit/colorizer.py.

import type { Decisions } from "./cost";
import { encode, type PlacedHint } from "./encoder";
import { PATCH, type NetworkFrame } from "./frame";
import type { Network } from "./network";
import { refine } from "./refine";

/** lightness: of the network frame. Gives two planes of ab in Lab units, at the frame's size. */
export type Predict = (lightness: Float32Array, hints: readonly PlacedHint[]) => Promise<{ ab: Float32Array[]; decisions: Decisions }>;

export function predictor(network: Network, frame: NetworkFrame, budget: number | null = null): Predict {
  const { width, height } = frame;
  return async (lightness, hints) => {
    const { ab, decisions } = await network.run(encode(lightness, frame, hints), height / PATCH, width / PATCH, budget);
    return { ab: refine(lightness, ab, height, width, hints), decisions };
  };
}
