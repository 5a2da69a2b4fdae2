// The keyboard: one table, which is also the list that `?` shows. The first row that applies is run.

import * as actions from "./actions";
import { pickFile, toggleDivider, toggleEffort, togglePanel, zoomBy } from "./commands";
import { find, type Shortcut, type ShortcutGroup } from "./shortcuts";
import * as store from "./store";
import { control, texts } from "../texts";
import { actualSize, fit, toPhoto } from "../canvas/view";

const words = texts.shortcutRows;
const hasPhoto = () => store.photo.value !== null;
const hasSelection = () => hasPhoto() && store.selectedKeys.value.size > 0;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const arrows = Object.keys(ARROWS).map((key) => key.toLowerCase());

function nudge(event: KeyboardEvent): void {
  const [dx, dy] = ARROWS[event.key]!;
  const by = event.shiftKey ? 10 : 1;
  actions.nudge(by * dx, by * dy);
}

function addInTheMiddle(): void {
  const { width, height } = store.stage.value;
  const { x, y } = toPhoto(store.view.value, width / 2, height / 2);
  actions.addHint(x, y);
}

function escape(): void {
  if (store.panel.value) store.panel.value = null;
  else if (store.notice.value) store.notice.value = null;
  else store.select();
}

export const shortcuts: ShortcutGroup[] = [
  {
    title: texts.shortcutGroups.hints,
    rows: [
      { keys: [], show: "Click", what: words.add },
      { keys: ["n"], what: words.addMiddle, when: hasPhoto, run: addInTheMiddle },
      { keys: [], show: "Drag a ring", what: words.move },
      { keys: [...arrows, ...arrows.map((key) => `shift+${key}`)], show: "Arrows", what: words.nudge, when: hasSelection, run: nudge },
      { keys: ["delete", "backspace"], show: "Del", what: words.remove, when: hasSelection, run: actions.removeSelected },
      { keys: [], show: "Tab", what: words.next },
    ],
  },
  {
    title: texts.shortcutGroups.history,
    rows: [
      { keys: ["control+z"], what: words.undo, run: store.undo },
      { keys: ["control+shift+z", "control+y"], what: words.redo, run: store.redo },
    ],
  },
  {
    title: texts.shortcutGroups.view,
    rows: [
      { keys: ["g"], what: words.gray, when: hasPhoto, run: () => (store.grayHeld.value = true), release: () => (store.grayHeld.value = false) },
      { keys: ["b"], what: words.slider, when: hasPhoto, run: toggleDivider },
      { keys: ["+", "="], show: "+", what: words.zoomIn, when: hasPhoto, run: () => zoomBy(1.5) }, // "=": the same key without Shift on many layouts
      { keys: ["-"], what: words.zoomOut, when: hasPhoto, run: () => zoomBy(1 / 1.5) },
      { keys: [], show: "Wheel", what: words.wheel },
      { keys: [" "], show: "Space drag", what: words.pan, when: hasPhoto, run: () => (store.panHeld.value = true), release: () => (store.panHeld.value = false) },
      { keys: ["f", "0"], show: "F", what: words.fit, when: hasPhoto, run: () => (store.view.value = fit(store.photo.value!.info, store.stage.value)) },
      { keys: ["1"], what: words.actual, when: hasPhoto, run: () => (store.view.value = actualSize(store.photo.value!.info, store.stage.value, store.view.value)) },
      { keys: ["e"], what: words.effort, when: hasPhoto, run: toggleEffort },
    ],
  },
  {
    title: texts.shortcutGroups.desk,
    rows: [
      { keys: ["control+o"], what: words.open, run: pickFile },
      { keys: ["control+s"], what: words.save, when: hasPhoto, run: () => togglePanel("save") },
      { keys: ["?"], what: words.list, run: () => togglePanel("shortcuts") },
      { keys: ["escape"], show: "Esc", what: words.escape, run: escape, inText: true },
    ],
  },
];

const SIGNS: Record<string, string> = { control, shift: "Shift", " ": "Space", "-": "−" };

/** How the list writes a row's keys: "Ctrl Z". */
export const shown = ({ keys, show }: Shortcut): string =>
  show ?? keys[0]!.split(/\+(?=.)/).map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(" ");

const held = new Map<string, Shortcut>();

function releaseAll(): void {
  for (const row of held.values()) row.release?.();
  held.clear();
}

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    const row = find(shortcuts, event);
    if (!row) return;
    event.preventDefault();
    if (row.release) held.set(event.key.toLowerCase(), row);
    row.run!(event);
  });
  addEventListener("keyup", (event) => {
    held.get(event.key.toLowerCase())?.release?.();
    held.delete(event.key.toLowerCase());
  });
  addEventListener("blur", releaseAll); // a key let go in another window is never reported here
}
