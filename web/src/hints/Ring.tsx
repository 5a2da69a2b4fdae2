// One hint on the photo: a ring filled with its color, and for the selected ones the square that the color is given to.

import { useRef } from "preact/hooks";
import { drag } from "../canvas/gestures";
import { reveal, toStage } from "../canvas/view";
import { useFocusLeft } from "../state/focus";
import * as store from "../state/store";
import { texts } from "../texts";
import { LockedIcon } from "./icons";
import { copies, moved, remove } from "./edit";
import { adds, toggle } from "./select";
import { colorOf } from "./spot";

const ERASER = 5; // the button of a pen that is turned round
const RIGHT = 2;
const RING = 28; // CSS px
const LONG_MS = 500; // a finger that rests so long

let before: ReadonlySet<number> = new Set(); // what was selected when the press under way began
let longPressed = false;

/** Press: selects, or with Shift or Control adds to the selection; then drags all selected rings, with Alt copies of them. */
function press(event: PointerEvent, hint: store.Hint): void {
  if (event.button === ERASER || (event.button === RIGHT && event.pointerType === "pen")) {
    event.stopPropagation();
    return remove(hint);
  }
  if (event.button !== 0 || store.panHeld.value) return; // panning goes on as ever
  before = store.selectedKeys.value;
  longPressed = false;
  if (adds(event)) toggle(hint.key);
  else if (!before.has(hint.key)) store.select(hint.key);

  const chosen = store.selectedHints.value.filter(({ locked }) => event.altKey || !locked);
  const keys = new Set(chosen.map(({ key }) => key));
  const start = event.altKey ? copies(keys) : { hints: store.present(), keys };
  const { scale } = store.view.value;
  const follows = keys.has(hint.key);
  let last = start.hints;
  const timer = event.pointerType === "touch" ? setTimeout(longPress, LONG_MS, hint) : undefined;
  drag(
    event,
    (dx, dy) => {
      clearTimeout(timer);
      if (follows) store.preview((last = moved(start.hints, start.keys, dx / scale, dy / scale)));
    },
    (wasMoved) => {
      clearTimeout(timer);
      if (wasMoved && follows) {
        store.commit(last);
        if (event.altKey) store.select(...start.keys);
        return;
      }
      store.stopPreview(); // of a drag that became a pinch
      if (!adds(event) && !longPressed) store.select(hint.key); // a click on one of several
    },
  );
}

/** A finger that rests on a ring takes it into the selection, as Shift and a click do. */
function longPress(hint: store.Hint): void {
  longPressed = true;
  store.select(...before, hint.key);
}

/** The keyboard has come to a ring: it selects the hint, and brings it into view. */
function reach(hint: store.Hint): void {
  if (!store.selectedKeys.value.has(hint.key)) store.select(hint.key);
  store.view.value = reveal(store.photo.value!.info, store.stage.value, store.view.value, hint.x, hint.y);
}

/** Right click removes. The long press of a finger or a pen comes as one too, but is none. */
function menu(event: MouseEvent, hint: store.Hint): void {
  event.preventDefault();
  const pointer = event instanceof PointerEvent ? event.pointerType : "mouse";
  if (pointer === "mouse") remove(hint);
}

export function Ring({ hint, number }: { hint: store.Hint; number: number }) {
  const { x, y } = toStage(store.view.value, hint.x, hint.y);
  const chosen = store.selectedKeys.value.has(hint.key);
  const color = colorOf(hint);
  const open = store.selected.value === hint;
  const element = useRef<HTMLButtonElement>(null);
  useFocusLeft(element);
  return (
    <>
      {chosen && <Reach hint={hint} />}
      <button
        type="button"
        ref={element}
        class={`ring${chosen ? " chosen" : ""}${hint.locked ? " locked" : ""}${hint.guess ? " guess" : ""}`}
        data-key={hint.key}
        style={{ transform: `translate(${x}px, ${y}px)` }}
        aria-label={texts.hint(number, color, hint.x, hint.y, hint.locked ?? false)}
        title={hint.locked ? texts.ringLockedTip : texts.ringTip}
        aria-pressed={chosen}
        onPointerDown={(event) => press(event, hint)}
        onFocus={(event) => event.currentTarget.matches(":focus-visible") && reach(hint)}
        onClick={(event) => !event.detail && open && document.querySelector<HTMLElement>(".picker .plane")?.focus()} // Enter
        onContextMenu={(event) => menu(event, hint)}
      >
        <span style={{ background: color }}>{hint.locked && <LockedIcon />}</span>
      </button>
    </>
  );
}

/** The square of the network's input that a hint covers, where it is larger than the ring. */
function Reach({ hint }: { hint: store.Hint }) {
  const [frame, photo, view] = [store.frame.value, store.photo.value!.info, store.view.value];
  if (!frame) return null;
  const width = (hint.size * photo.width * view.scale) / frame.info.width;
  const height = (hint.size * photo.height * view.scale) / frame.info.height;
  if (Math.min(width, height) < RING) return null;
  const { x, y } = toStage(view, hint.x, hint.y);
  return <div class="reach" style={{ left: `${x - width / 2}px`, top: `${y - height / 2}px`, width: `${width}px`, height: `${height}px` }} />;
}
