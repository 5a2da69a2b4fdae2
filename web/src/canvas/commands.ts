// What buttons and keys do to the view.

import { signal } from "@preact/signals";
import { grayShown, loupeOn } from "./panes";
import * as store from "../state/store";

export function toggleGray(): void {
  grayShown.value = !grayShown.value;
}

export function toggleLoupe(): void {
  loupeOn.value = !loupeOn.value;
}

export function toggleSplit(): void {
  store.compare.value = store.compare.value === "split" ? "none" : "split";
}

/** The photo has the whole window, where it cannot have the whole screen: the way back has to be on the page. */
export const wholeWindow = signal(false);

/** The photo and nothing else. Where the browser does not give the whole screen, the photo gets the whole window. */
export function toggleFullScreen(): void {
  const full = (store.fullScreen.value = !store.fullScreen.value);
  wholeWindow.value = full && !document.fullscreenEnabled;
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (full && document.fullscreenEnabled) document.documentElement.requestFullscreen().catch(() => (wholeWindow.value = store.fullScreen.value));
}

/** The browser has its own ways out of the full screen, such as Escape. */
document.addEventListener("fullscreenchange", () => (store.fullScreen.value = document.fullscreenElement !== null));
