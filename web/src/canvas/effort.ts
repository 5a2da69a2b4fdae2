// What the effort view is about: the layers of the frame on the table, and the one that is looked at.

import { computed, signal } from "@preact/signals";
import type { FrameInfo } from "../engine/frame";
import * as store from "../state/store";

type Effort = FrameInfo["effort"];
export type Part = "attention" | "ffn";

export interface Layer {
  part: Part;
  /** From 0. */
  block: number;
  ran: boolean;
  macs: number;
  /** What it took, as measured; null where the engine does not measure layers. */
  milliseconds: number | null;
  /** Share of patches that took the full path. */
  kept: number;
  /** Of each patch in reading order, whether it took the full path. */
  patches: boolean[];
}

/** The layer looked at; null: all of them together. */
export const chosen = signal<{ part: Part; block: number } | null>(null);

/** None while the frame on the table is one that tells nothing of them. */
export const layers = computed<Layer[]>(() => (store.frame.value ? layersOf(store.frame.value.info.effort) : []));

/** Attention of all blocks, then the feed-forward layers of all blocks. */
function layersOf(effort: Effort): Layer[] {
  return (["attention", "ffn"] as const).flatMap((part) =>
    (effort.layers ?? []).map((layer, block) => ({
      part,
      block,
      ran: layer[part],
      macs: layer[`${part}_macs`],
      milliseconds: layer[`${part}_milliseconds`] ?? null,
      kept: layer[`${part}_kept`],
      patches: [...layer[`${part}_patches`]].map((each) => each === "1"),
    })),
  );
}

export const chosenLayer = computed(() => {
  const at = chosen.value;
  return at && (layers.value.find(({ part, block }) => part === at.part && block === at.block) ?? null);
});

/** Whether the photo itself shows it; without, its colors can be judged while the budget is moved. */
export const onPhoto = signal(true);

/** The share of layers in which each patch took the full path, of the layer looked at or of all. */
export const shares = computed<number[]>(() => {
  return chosenLayer.value?.patches.map(Number) ?? store.frame.value?.info.effort.patches ?? [];
});
