// The keyboard at the hints: rows for the table of shortcuts.

import type { Shortcut } from "../state/shortcuts";
import * as store from "../state/store";
import { control, texts } from "../texts";
import { crosshair, point, points, press, unpoint } from "./crosshair";
import { putDown, toggleDropper } from "./dropper";
import { MAX_SIZE, MIN_SIZE, duplicate, nudge, removeSelected, resize, toggleLock } from "./edit";
import { hidePlaces, places, togglePlaces } from "./places";
import { toggleReference } from "./reference";
import { selectAll, toggleHidden } from "./select";

const words = texts.hintRows;
const hasPhoto = () => store.photo.value !== null;
const hasSelection = () => hasPhoto() && store.selectedHints.value.length > 0;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const arrows = Object.keys(ARROWS).map((key) => key.toLowerCase());
const arrowKeys = [...arrows, ...arrows.map((key) => `shift+${key}`)];
const sizes = Array.from({ length: MAX_SIZE - MIN_SIZE + 1 }, (_, i) => String(MIN_SIZE + i));

function nudgeBy(event: KeyboardEvent): void {
  const [dx, dy] = ARROWS[event.key]!;
  const by = event.shiftKey ? 10 : 1;
  nudge(by * dx, by * dy);
}

/** What Escape puts away first: the eyedropper, suggested places, the crosshair. False where none of them is out. */
export function putAway(): boolean {
  if (store.tool.value === "eyedropper") putDown();
  else if (places.value.length) hidePlaces();
  else if (crosshair.value) unpoint();
  else return false;
  return true;
}

export const hintRows: Shortcut[] = [
  { keys: [], show: words.click, what: words.add },
  { keys: ["n"], what: words.addHere, when: hasPhoto, run: press },
  { keys: arrowKeys, show: words.arrowsAlone, what: words.point, when: points, repeats: true, run: (event) => point(...ARROWS[event.key]!, event.shiftKey) },
  { keys: ["enter"], show: "Enter", what: words.place, when: () => crosshair.value !== null, run: press },
  { keys: arrowKeys, show: words.arrows, what: words.nudge, when: hasSelection, repeats: true, run: nudgeBy },
  { keys: [], show: "Tab", what: words.next },
  { keys: [], show: words.clickMore, what: words.more },
  { keys: [], show: words.dragMore, what: words.band },
  { keys: ["control+a"], what: words.all, when: hasPhoto, run: selectAll },
  { keys: sizes, show: `${MIN_SIZE} … ${MAX_SIZE}`, what: words.size, when: hasSelection, run: (event) => resize(Number(event.key)) },
  { keys: ["control+d"], show: `${control} D`, what: words.duplicate, when: hasPhoto, run: duplicate },
  { keys: ["l"], what: words.lock, when: hasSelection, run: toggleLock },
  { keys: ["h"], what: words.hide, when: hasPhoto, run: toggleHidden },
  { keys: ["delete", "backspace"], show: "Del", what: words.remove, when: hasSelection, run: removeSelected },
  { keys: ["i"], what: words.dropper, when: hasPhoto, run: toggleDropper },
  { keys: ["r"], what: words.reference, when: hasPhoto, run: toggleReference },
  { keys: ["p"], what: words.places, when: hasPhoto, run: () => void togglePlaces() },
];
