// Where the picker opens.

import { useLayoutEffect, useState } from "preact/hooks";
import * as store from "../state/store";
import { toStage, type Size } from "../canvas/view";

const GAP = 28; // px between the clicked point and the picker, so that the ring stays free
const EDGE = 8;
const ABOVE = 140; // px of the picker above the ring's height, where there is room: its square of colors

/** Beside the ring, on the side with room; on a phone the style sheet puts the picker below the photo. */
export function usePlace(element: { current: HTMLElement | null }, hint: store.Hint) {
  const [size, setSize] = useState<Size>({ width: 240, height: 400 });
  useLayoutEffect(() => {
    const { offsetWidth: width, offsetHeight: height } = element.current!;
    if (width !== size.width || height !== size.height) setSize({ width, height });
  });
  if (store.phone.value) return {};
  const room = store.stage.value;
  const ring = toStage(store.view.value, hint.x, hint.y);
  const within = (v: number, extent: number, space: number) => Math.max(EDGE, Math.min(space - extent - EDGE, v));
  const right = ring.x + GAP;
  const left = ring.x - GAP - size.width;
  const fits = (x: number) => x >= EDGE && x + size.width <= room.width - EDGE;
  const most = { maxHeight: `${room.height - 2 * EDGE}px` };
  if (fits(right) || fits(left)) {
    return { ...most, left: `${fits(right) ? right : left}px`, top: `${within(ring.y - ABOVE, size.height, room.height)}px` };
  }
  const below = ring.y + GAP + size.height <= room.height - EDGE ? ring.y + GAP : ring.y - GAP - size.height;
  return { ...most, left: `${within(ring.x - size.width / 2, size.width, room.width)}px`, top: `${within(below, size.height, room.height)}px` };
}
