// The keyboard. Keys are told by what they write (event.key), so they work on every layout.

import * as actions from "./actions";
import { pickFile, toggleDivider, toggleEffort, togglePanel, zoomBy } from "./commands";
import { gestures } from "../canvas/Stage";
import * as store from "./store";
import { actualSize, fit, toPhoto } from "../canvas/view";

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const isField = (target: EventTarget | null) => target instanceof HTMLInputElement;
const isText = (target: EventTarget | null) => target instanceof HTMLInputElement && target.type === "text";
const takesSpace = (target: EventTarget | null) => isField(target) || target instanceof HTMLButtonElement;

function withControl(event: KeyboardEvent): (() => void) | null {
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? store.redo : store.undo;
  if (key === "y") return store.redo;
  if (key === "o") return pickFile;
  if (key === "s") return store.photo.value ? () => togglePanel("save") : null;
  return null;
}

function addInTheMiddle(): void {
  const { width, height } = store.stage.value;
  const { x, y } = toPhoto(store.view.value, width / 2, height / 2);
  actions.addHint(x, y);
}

function escape(): void {
  if (store.panel.value) store.panel.value = null;
  else if (store.notice.value) store.notice.value = null;
  else store.selectedKey.value = null;
}

function plain(event: KeyboardEvent): (() => void) | null {
  if (event.key === "?") return () => togglePanel("shortcuts");
  if (event.key === "Escape") return escape;
  const photo = store.photo.value;
  if (!photo) return null;
  const key = store.selectedKey.value;
  const arrow = ARROWS[event.key];
  if (arrow) {
    const by = event.shiftKey ? 10 : 1;
    return key === null ? null : () => actions.nudge(by * arrow[0], by * arrow[1]);
  }
  const stage = store.stage.value;
  switch (event.key.toLowerCase()) {
    case "delete":
    case "backspace":
      return key === null ? null : () => actions.remove(key);
    case "g":
      return () => (store.grayHeld.value = true);
    case "b":
      return toggleDivider;
    case "e":
      return toggleEffort;
    case "n":
      return addInTheMiddle;
    case "f":
    case "0":
      return () => (store.view.value = fit(photo.info, stage));
    case "1":
      return () => (store.view.value = actualSize(photo.info, stage, store.view.value));
    case "+":
    case "=": // the same key without Shift on many layouts
      return () => zoomBy(1.5);
    case "-":
      return () => zoomBy(1 / 1.5);
    default:
      return null;
  }
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.altKey) return;
  if (event.key === " " && !takesSpace(event.target) && gestures && store.photo.value) {
    gestures.spaceHeld = true;
    document.body.classList.add("panning");
    return event.preventDefault();
  }
  const control = event.ctrlKey || event.metaKey;
  // Fields keep their keys; only those of text have an undo of their own.
  if (event.key !== "Escape" && (control ? isText(event.target) : isField(event.target))) return;
  const command = control ? withControl(event) : plain(event);
  if (!command) return;
  event.preventDefault();
  command();
}

function release(): void {
  store.grayHeld.value = false;
  if (gestures) gestures.spaceHeld = false;
  document.body.classList.remove("panning");
}

export function listenToKeys(): void {
  addEventListener("keydown", onKeyDown);
  addEventListener("keyup", (event) => {
    if (event.key === " " || event.key.toLowerCase() === "g") release();
  });
  addEventListener("blur", release); // a key let go in another window is never reported here
}
