// Where the keyboard is. What has it may go away: the photo takes it then, so that it is never lost.

import { useLayoutEffect } from "preact/hooks";

export const focusStage = () => document.querySelector<HTMLElement>(".stage")?.focus({ preventScroll: true });

/** The ring of a hint; the photo where that has none. */
export function focusRing(key: number | undefined): void {
  const ring = document.querySelector<HTMLElement>(`.ring[data-key="${key}"]`);
  if (ring) ring.focus({ preventScroll: true });
  else focusStage();
}

/** Gives the keyboard to the photo when an element that has it, or holds what has it, goes away. */
export function useFocusLeft(element: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const mine = element.current!;
    return () => {
      if (mine.contains(document.activeElement)) focusStage();
    };
  }, []);
}
