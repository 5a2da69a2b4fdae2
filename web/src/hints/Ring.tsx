// One hint on the photo: a ring filled with its color. Press and drag moves it, right click removes it.

import * as actions from "../state/actions";
import { drag } from "../canvas/gestures";
import * as store from "../state/store";
import { texts } from "../texts";
import { toStage } from "../canvas/view";

export function Ring({ hint, number }: { hint: store.Hint; number: number }) {
  const { x, y } = toStage(store.view.value, hint.x, hint.y);
  const chosen = store.selectedKeys.value.has(hint.key);
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const { scale } = store.view.value;
    const moved = (dx: number, dy: number) => actions.moved(hint.key, hint.x + dx / scale, hint.y + dy / scale);
    store.select(hint.key);
    let last = store.hints.value;
    drag(
      event,
      (dx, dy) => store.preview((last = moved(dx, dy))),
      (wasMoved) => wasMoved && store.commit(last),
    );
  };
  return (
    <button
      type="button"
      class={`ring${chosen ? " chosen" : ""}`}
      style={{ transform: `translate(${x}px, ${y}px)` }}
      aria-label={texts.hint(number, hint.color, hint.x, hint.y)}
      title={texts.ringTip}
      aria-pressed={chosen}
      onPointerDown={down}
      onFocus={() => store.select(hint.key)}
      onContextMenu={(event) => {
        event.preventDefault();
        const long = event instanceof PointerEvent && event.pointerType === "touch"; // a long press is no right click
        if (!long) actions.remove(hint.key);
      }}
    >
      <span style={{ background: hint.color }} />
    </button>
  );
}
