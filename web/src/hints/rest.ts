// Where the hand rests: a mouse or a pen that hovers stands still for a while before it is pressed.

import { useEffect, useRef } from "preact/hooks";

/** A place on the page, CSS pixels. */
export type Spot = Pick<PointerEvent, "clientX" | "clientY">;

const REST_MS = 40; // a pointer on its way reports every 8 to 16 ms; a hand that aims rests for hundreds before it presses
const TREMOR = 1; // CSS px that are still the same place

const isNear = (a: Spot, b: Spot) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) <= TREMOR;

/** `onRest` is told of each place once. */
export function useRest(onRest: (spot: Spot) => void) {
  const told = useRef(onRest);
  told.current = onRest; // as of the latest drawing
  const at = useRef<Spot | null>(null);
  const timer = useRef(0);
  const end = () => {
    clearTimeout(timer.current);
    at.current = null;
  };
  useEffect(() => end, []);
  return {
    move(event: PointerEvent): void {
      if (event.pointerType === "touch" || event.buttons || (at.current && isNear(at.current, event))) return;
      end();
      const { clientX, clientY } = event;
      at.current = { clientX, clientY };
      timer.current = window.setTimeout(() => told.current(at.current!), REST_MS);
    },
    /** What a press means: a finger on the button moves the mouse a little, and what was looked at was the resting place. */
    meant(event: PointerEvent): Spot {
      clearTimeout(timer.current);
      return at.current && isNear(at.current, event) ? at.current : event;
    },
    end,
  };
}
