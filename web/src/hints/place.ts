// Where the picker opens. Nothing is measured: how far down it has room is left to the style sheet.

import type { Size } from "../canvas/view";

const WIDTH = 232; // px of the picker
const GAP = 28; // px between the clicked point and the picker, so that the ring stays free
const EDGE = 8;
const ABOVE = 140; // px of the picker above the ring's height, where there is room: its square of colors

interface Column {
  /** px from the stage's left edge. */
  left: number;
  /** px that the picker keeps from the top, or where it hangs above its ring from the bottom, as far as there is room. */
  away: number;
  hangs: boolean;
}

/** The column of the stage that the picker stands in: beside the ring where there is room, else below or above it. */
export function columnAt(ring: { x: number; y: number }, room: Size): Column {
  const [right, left] = [ring.x + GAP, ring.x - GAP - WIDTH];
  const within = (x: number) => Math.max(EDGE, Math.min(room.width - WIDTH - EDGE, x));
  const beside = [right, left].find((x) => x === within(x));
  if (beside !== undefined) return { left: beside, away: Math.max(0, ring.y - ABOVE - EDGE), hangs: false };
  const hangs = ring.y > room.height / 2;
  return { left: within(ring.x - WIDTH / 2), away: Math.max(0, (hangs ? room.height - ring.y : ring.y) + GAP - EDGE), hangs };
}
