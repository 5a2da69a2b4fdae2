// What buttons and keys do to the view.

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

/** The photo and nothing else. Where the browser does not give the whole screen, the photo gets the whole window. */
export function toggleFullScreen(): void {
  store.fullScreen.value = !store.fullScreen.value;
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (store.fullScreen.value && document.fullscreenEnabled) document.documentElement.requestFullscreen().catch(() => {}); // refused: see above
}

/** The browser has its own ways out of the full screen, such as Escape. */
document.addEventListener("fullscreenchange", () => (store.fullScreen.value = document.fullscreenElement !== null));
