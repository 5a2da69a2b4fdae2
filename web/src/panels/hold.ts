// What a button does for as long as it is held, by pointer or key, ends wherever the hold ends.

import * as store from "../state/store";

const isKey = (event: KeyboardEvent) => event.key === " " || event.key === "Enter";

/** Handlers of a button that shows what was before while it is held; `begin` is called when it is pressed. */
export function holding(begin: () => void = () => {}) {
  const press = () => {
    begin();
    store.grayHeld.value = true;
  };
  const release = () => {
    store.grayHeld.value = false;
  };
  return {
    onPointerDown: press,
    onPointerUp: release,
    onPointerLeave: release,
    onPointerCancel: release,
    onContextMenu: (event: Event) => event.preventDefault(),
    onKeyDown: (event: KeyboardEvent) => isKey(event) && !event.repeat && press(),
    onKeyUp: (event: KeyboardEvent) => isKey(event) && release(),
    onBlur: release,
  };
}
