// The keyboard at the view: rows for the table of shortcuts.

import { toggleFullScreen, toggleGray, toggleLoupe, toggleSplit } from "./commands";
import { actualSize, fit } from "./view";
import { toggleDivider, toggleEffort, togglePanel, zoomBy } from "../state/commands";
import type { Shortcut } from "../state/shortcuts";
import * as store from "../state/store";
import { texts } from "../texts";

const words = texts.viewRows;
const hasPhoto = () => store.photo.value !== null;

function toFit(): void {
  store.view.value = fit(store.photo.value!.info, store.stage.value);
}

function toActualSize(): void {
  store.view.value = actualSize(store.photo.value!.info, store.stage.value, store.view.value);
}

export const viewRows: Shortcut[] = [
  { keys: ["escape"], show: "", what: "", when: () => store.fullScreen.value && !document.fullscreenElement, run: toggleFullScreen },
  { keys: ["g"], what: words.gray, when: hasPhoto, run: () => (store.grayHeld.value = true), release: () => (store.grayHeld.value = false) },
  { keys: ["shift+g"], what: words.grayToggle, when: hasPhoto, run: toggleGray },
  { keys: ["b"], what: words.slider, when: hasPhoto, run: toggleDivider },
  { keys: ["shift+b"], what: words.split, when: hasPhoto, run: toggleSplit },
  { keys: ["m"], what: words.loupe, when: hasPhoto, run: toggleLoupe },
  { keys: ["+", "="], show: "+", what: words.zoomIn, when: hasPhoto, repeats: true, run: () => zoomBy(1.5) }, // "=": the same key without Shift on many layouts
  { keys: ["-"], what: words.zoomOut, when: hasPhoto, repeats: true, run: () => zoomBy(1 / 1.5) },
  { keys: [], show: words.wheelKey, what: words.wheel },
  { keys: [" "], show: words.panKeys, what: words.pan, when: hasPhoto, run: () => (store.panHeld.value = true), release: () => (store.panHeld.value = false) },
  { keys: ["f", "0"], show: "F", what: words.fit, when: hasPhoto, run: toFit },
  { keys: ["1"], what: words.actual, when: hasPhoto, run: toActualSize },
  { keys: ["shift+f"], what: words.fullScreen, when: hasPhoto, run: toggleFullScreen },
  { keys: ["v"], what: words.panel, when: hasPhoto, run: () => togglePanel("view") },
  { keys: ["e"], what: words.effort, when: hasPhoto, run: toggleEffort },
];
