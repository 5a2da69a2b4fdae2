// The keyboard: one table, which is also the list that `?` shows. The first row that applies is run.

import { pickFile, togglePanel } from "./commands";
import { copyToNext, film, step } from "./film";
import { find, type Shortcut, type ShortcutGroup } from "./shortcuts";
import * as store from "./store";
import { viewRows } from "../canvas/keys";
import { hintRows, putAway } from "../hints/keys";
import { leave } from "../hints/select";
import { control, texts } from "../texts";

const words = texts.shortcutRows;
const hasPhoto = () => store.photo.value !== null;
const hasFilm = () => film.value !== null;

function snapshot(): void {
  const name = texts.desk.snapshotName(store.snapshots.value.length + 1);
  store.takeSnapshot(name);
  store.tell(texts.desk.taken(name));
}

function escape(): void {
  if (putAway()) return;
  if (store.panel.value) store.panel.value = null;
  else if (store.notice.value) store.notice.value = null;
  else leave();
}

export const shortcuts: ShortcutGroup[] = [
  {
    title: texts.shortcutGroups.hints,
    rows: hintRows,
  },
  {
    title: texts.shortcutGroups.history,
    rows: [
      { keys: ["control+z"], what: words.undo, repeats: true, run: store.undo },
      { keys: ["control+shift+z", "control+y"], what: words.redo, repeats: true, run: store.redo },
      { keys: ["t"], what: words.snapshot, when: hasPhoto, run: () => snapshot() },
      { keys: ["u"], what: words.history, when: hasPhoto, run: () => togglePanel("history") },
    ],
  },
  {
    title: texts.shortcutGroups.view,
    rows: viewRows,
  },
  {
    title: texts.shortcutGroups.desk,
    rows: [
      { keys: ["control+o"], what: words.open, run: pickFile },
      { keys: ["control+s"], what: words.save, when: hasPhoto, run: () => togglePanel("save") },
      { keys: ["pageup"], show: "Page Up", what: words.previous, when: hasFilm, repeats: true, run: () => step(-1) },
      { keys: ["pagedown"], show: "Page Down", what: words.nextPhoto, when: hasFilm, repeats: true, run: () => step(1) },
      { keys: ["shift+pagedown"], show: "Shift Page Down", what: words.copyNext, when: hasFilm, run: copyToNext },
      { keys: ["d"], what: words.done, when: hasPhoto, run: () => store.setDone(!store.done.value) },
      { keys: ["x"], what: words.export, when: hasFilm, run: () => togglePanel("export") },
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
  window.addEventListener("keydown", (event) => {
    const row = find(shortcuts, event);
    if (!row) return;
    event.preventDefault();
    if (event.repeat && !row.repeats) return;
    if (row.release) held.set(event.key.toLowerCase(), row);
    row.run!(event);
  });
  window.addEventListener("keyup", (event) => {
    held.get(event.key.toLowerCase())?.release?.();
    held.delete(event.key.toLowerCase());
  });
  window.addEventListener("blur", releaseAll); // a key let go in another window is never reported here
}
